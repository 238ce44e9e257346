"""What an error is compared with: the size of an unknown, its variation, or the scale that its equations give it."""

from __future__ import annotations

from pinnsolve.algebra.tolerances import SAME

# Of the natural scale: an approximate solution that varies less may be a constant with noise. Larger: the error of a
# small unknown is told too small. Smaller: that of a constant is told as large as its noise. Chosen, not measured.
LEAST = 1e-4


def size(norm: float, scale: float) -> float:
    """The norm of an unknown; where it vanishes, its natural scale.

    All sizes are root mean squares, in the unknown's units.
    """
    return norm if norm > SAME * scale else scale


def variation(norm: float, deviation: float, scale: float) -> float:
    """The deviation of an unknown from its mean, where it is one: a temperature in kelvin is not right because 300 K is
    large. For a constant, its size.

    >>> variation(300.0, 2.0, 5.0), variation(300.0, 1e-12, 5.0), variation(0.0, 0.0, 5.0)
    (2.0, 300.0, 5.0)
    """
    return deviation if deviation > SAME * norm and norm > SAME * scale else size(norm, scale)


def of_estimate(norm: float, deviation: float, scale: float) -> float:
    """The stricter of both for a solution that is not exact, whose constants and zeros carry noise."""
    return max(min(norm, deviation), LEAST * scale) or 1.0
