"""What is true of each task, in NumPy and SciPy alone: it imports nothing of the package's solvers."""
