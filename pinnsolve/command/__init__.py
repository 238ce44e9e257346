"""The command line: the problem file, and the run."""
