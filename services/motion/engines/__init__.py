"""Engines of motion."""
