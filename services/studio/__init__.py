"""Studio: the whole of Rostrum on one machine."""
