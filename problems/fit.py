"""A surface from 600 noisy measurements, and nothing else: two hills, a dent and a slope.

    f = (3/4) exp(-((9x - 2)^2 + (9y - 2)^2)/4) + (3/4) exp(-(9x + 1)^2/49 - (9y + 1)/10)
      + (1/2) exp(-((9x - 7)^2 + (9y - 3)^2)/4) - (1/5) exp(-(9x - 4)^2 - (9y - 7)^2)        0 < x, y < 1

`data/franke.csv` holds f at scattered places with normal noise of 0.03 (`data/make.py`). No equation is known, so that
a network could fit the noise as well; how smooth it is to be, the measurements say themselves (largest evidence).

Franke, Math. Comp. 38 (1982) 181-200.
"""

from numpy import exp

from pinnsolve import Box, Problem, exact, observed


def franke(x, y):
    hill = 0.75 * exp(-((9 * x - 2) ** 2 + (9 * y - 2) ** 2) / 4)
    slope = 0.75 * exp(-((9 * x + 1) ** 2) / 49 - (9 * y + 1) / 10)
    lower = 0.5 * exp(-((9 * x - 7) ** 2 + (9 * y - 3) ** 2) / 4)
    return hill + slope + lower - 0.2 * exp(-((9 * x - 4) ** 2) - (9 * y - 7) ** 2)


problem = Problem(
    space=Box(x=(0, 1), y=(0, 1)),
    unknowns="f",
    conditions=observed("data/franke.csv", sigma=0.03),
    reference=exact(f=franke),
    tolerance=5e-2,
)
