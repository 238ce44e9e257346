"""How the conductivity of a bar rises with its temperature, from two experiments with different heating.

    (k (1 + b T) T')' + Q = 0      0 < x < 1,      T'(0) = 0,  T(1) = 0

`data/bar_weak.csv` holds 60 temperatures where Q = 1, `data/bar_strong.csv` 60 where Q = 4, both with normal noise of
0.002 and made with k = 1 and b = 1/2. Each experiment alone tells the conductivity at its own temperatures, and k and b
less well apart than both together. Everything is dimensionless.
"""

from pinnsolve import Box, Problem, Unknown, d, dirichlet, face, neumann, observed
from validation.heated_bar import kirchhoff


def conduction(T, x, k, b, Q):
    return d(k * (1 + b * T) * d(T, x), x) + Q


problem = Problem(
    space=Box(x=(0, 1)),
    unknowns="T",
    equations=conduction,
    conditions=[
        neumann(T=0, on=face(x=0)),
        dirichlet(T=0, on=face(x=1)),
        observed("data/bar_weak.csv", sigma=0.002),
        observed("data/bar_strong.csv", sigma=0.002, given={"Q": 4}),
    ],
    parameters={"k": Unknown(0.5, positive=True), "b": Unknown(0.1), "Q": 1.0},
    reference=kirchhoff,
    tolerance=1e-2,
)
