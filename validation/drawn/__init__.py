"""Problems that are drawn at random, each with its exact solution."""
