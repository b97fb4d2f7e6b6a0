"""Domain of speech."""
