"""Steady problems over cells: halved, graded towards corners, and solved again."""
