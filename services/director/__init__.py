"""Director: turns orders into tasks, and knows how far each video is."""
