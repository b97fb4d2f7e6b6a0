"""Speech: cuts a script into chunks and speaks them."""
