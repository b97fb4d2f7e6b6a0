"""The published networks, and all that needs torch."""
