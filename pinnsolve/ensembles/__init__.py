"""Several seeds: their mean as a solution, and the scatter of the method."""
