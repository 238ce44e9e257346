"""pinnsolve beside other packages and a classical method, on the same statements."""
