"""Domain of restoration."""
