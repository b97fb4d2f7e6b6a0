"""What a model server serves: one description of every model, and what is generated from it."""
