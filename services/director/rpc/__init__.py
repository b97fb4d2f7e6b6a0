"""The doors of the director: whole videos (`production.py`) and files in and out (`media.py`)."""
