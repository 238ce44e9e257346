"""Networks made into the unknowns of a problem: exact conditions, flows, constants, functions, cells."""
