"""Domain of lipsync."""
