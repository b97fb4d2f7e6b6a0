"""Lip sync: says what the mouth does while the loop runs on."""
