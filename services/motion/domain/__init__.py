"""Domain of motion."""
