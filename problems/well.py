"""The water table of a round island from whose ground a well is pumped, off the middle.

    T (h_xx + h_yy) = Q delta(x - 400, y)      for r < 1000 m,      h = 50 m on the shore

h is the height of the water in m, T = 2e-3 m^2/s the transmissivity of the aquifer, Q = 0.01 m^3/s what is pumped,
x and y are in m. Towards the well h falls as the logarithm of the distance, without bound. Bear, Dynamics of Fluids in
Porous Media (1972), chapter 8 (wells and their images).
"""

from pinnsolve import Disk, Problem, dirichlet, laplace, source
from validation.well import image


def pumped(h, x, y, T, Q):
    return T * laplace(h, x, y) - source(Q, x=400, y=0)


problem = Problem(
    space=Disk(x=0, y=0, radius=1000),
    unknowns="h",
    equations=pumped,
    conditions=dirichlet(h=50),
    parameters={"T": 2e-3, "Q": 0.01},
    reference=image,
    tolerance=1e-6,
)
