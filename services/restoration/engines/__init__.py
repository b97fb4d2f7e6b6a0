"""Engines of restoration."""
