"""What the data say of unknown constants and functions."""
