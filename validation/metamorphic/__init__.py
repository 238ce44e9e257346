"""The same problem in other words has the same solution, with the same error: `python -m validation.metamorphic`."""
