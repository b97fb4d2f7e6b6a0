"""The one function of this stage."""
