"""Independent reference solutions, from the literature, in NumPy and SciPy alone; each states its own error."""
