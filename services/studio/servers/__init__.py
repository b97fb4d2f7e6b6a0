"""The servers that a production line needs besides our own, run as children on one machine."""
