"""Restoration: makes pictures of faces sharper."""
