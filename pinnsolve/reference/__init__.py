"""The same problem solved by other means, with a stated error of its own."""

from pinnsolve.reference.record import Reference, exact

__all__ = ["Reference", "exact"]
