"""The command line and the run: phases, gates, resume."""
