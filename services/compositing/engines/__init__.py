"""Engines of compositing."""
