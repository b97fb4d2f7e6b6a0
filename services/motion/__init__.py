"""Motion: makes a portrait ready to move, and says how it moves."""
