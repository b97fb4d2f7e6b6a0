"""Domain of compositing."""
