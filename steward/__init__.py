"""The command line and review desk: how people load, run, look, and decide."""
