"""What callers may see of the director's tables: every query here is of one team."""
