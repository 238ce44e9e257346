"""What cells of space are solved with: their rows, sides and joints, and the elimination of one stage."""
