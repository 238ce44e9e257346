"""What runs in a process of its own, in the package's own environment: standard library, NumPy and that package."""
