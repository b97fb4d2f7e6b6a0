"""Compositing: draws presenter, template and captions, and joins chunks into videos."""
