"""Measurements: tables from files, and what a problem file declares as observed."""
