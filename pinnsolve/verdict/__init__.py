"""Errors against a reference, and the verdict."""
