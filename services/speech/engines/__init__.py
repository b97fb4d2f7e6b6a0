"""Engines of speech."""
