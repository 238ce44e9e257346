"""Least squares and elimination orders: numbers in, numbers out, no problem in sight."""
