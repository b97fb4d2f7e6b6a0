"""Engines of lipsync."""
