"""What mouths do for sounds: pure functions over numpy."""
