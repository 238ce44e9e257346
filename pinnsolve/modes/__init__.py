"""Modes of homogeneous linear problems: eigenvalues, and solutions that are not zero."""
