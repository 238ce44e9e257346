"""The tones of a drum: the six lowest modes of a round membrane that is held at its rim.

    u_xx + u_yy + E u = 0      for r < 1,      u = 0 on r = 1

E = k^2 is the square of the tone over the speed of waves and the radius. Four of the six come in pairs, which are one
mode turned: any two of them that are orthogonal may be found. Rayleigh, The Theory of Sound (1877), chapter IX.
"""

from pinnsolve import Disk, Eigenvalue, Problem, dirichlet, laplace
from validation.drum import bessel_zeros


def membrane(u, x, y, E):
    return laplace(u, x, y) + E * u


problem = Problem(
    space=Disk(x=0, y=0, radius=1),
    unknowns="u",
    equations=membrane,
    conditions=dirichlet(u=0),
    parameters={"E": Eigenvalue(near=0, count=6)},
    reference=bessel_zeros,
    tolerance=1e-5,
)
