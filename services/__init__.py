"""Rostrum's services: five stages, the director that orders their work, and what they stand on."""
