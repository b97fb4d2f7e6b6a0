"""What is said where a server cannot be installed or started on this machine."""


class Unavailable(Exception):
    """A server cannot be had here. The message tells a person why, and what to do."""
