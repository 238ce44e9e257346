"""Equations along one coordinate alone, in time or in space, over cells of it."""
