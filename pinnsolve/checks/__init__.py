"""What can be known of a problem before training: one check a file, from a problem to findings."""
