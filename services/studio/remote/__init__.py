"""The commands that talk to a director elsewhere: hand orders in, watch them, fetch the videos."""
