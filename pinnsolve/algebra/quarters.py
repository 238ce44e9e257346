"""How a solution goes beside a corner in which four materials meet, each in a quarter of a turn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations


def exponent(a: Sequence[float]) -> float:
    """L, at most one, of u = r^L phi, where div(a grad u) = 0 and `a` is positive in the quarters, one after the other.

    phi and the flux a phi' go around through four matrices cos + sin (0, 1/a; -a, 0) of the angle L pi/2, and come back
    as they were where the trace of their product is two:

        tan(L pi/2)^2 = (4 + sum over pairs of a_i/a_j + a_j/a_i) / (q + 1/q - 2),      q = a_1 a_3 / (a_2 a_4).

    Source: Kellogg, Appl. Anal. 4 (1975) 101.

    >>> round(exponent([161.4476, 1, 161.4476, 1]), 6), exponent([3, 3, 3, 3])
    (0.1, 1.0)
    """
    q = a[0] * a[2] / (a[1] * a[3])
    pairs = sum(x / y + y / x for x, y in combinations(a, 2))
    apart = q + 1 / q - 2
    return 2 / math.pi * math.atan2(math.sqrt(4 + pairs), math.sqrt(max(apart, 0.0)))
