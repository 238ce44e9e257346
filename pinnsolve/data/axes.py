"""What coordinates are called where a file does not say: the axes of its points, and time."""

AXES = ("x", "y", "z")
TIME = "t"  # `time=(t0, t1)` adds this coordinate; nothing else in the package names it
