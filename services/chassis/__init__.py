"""What every service stands on; it knows no face, no voice and no content."""
