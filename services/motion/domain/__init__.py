"""How heads move: pure functions over numpy."""
