"""A ring of fluid, warm inside and cold outside, that is stirred to and fro.

    T_t + u T_x + v T_y = D (T_xx + T_yy)      1/4 < x^2 + y^2 < 1,  0 < t <= 1,  D = 0.02
    u = d psi / dy,  v = -d psi / dx,          psi = A sin(2 pi t) (1 - r^2)(r^2 - 1/4) x,  A = 6,  r^2 = x^2 + y^2
    T = 1 at r = 1/2,  T = 0 at r = 1
    T(x, y, 0) = log(1 / r) / log 2

Dimensionless: lengths in radii of the ring, times in periods of the stirring. The start is what stays where nothing is
stirred. Both walls keep the fluid in, which slips along them. After Ottino, The Kinematics of Mixing (Cambridge 1989),
chapter 7.
"""

from math import log as ln
from math import pi

from torch import log, sin

from pinnsolve import Disk, Problem, d, dirichlet, initial, laplace, side
from validation.mixing import chebyshev_fourier


def heat(T, x, y, t, D, A):
    s = x**2 + y**2
    psi = A * sin(2 * pi * t) * (1 - s) * (s - 0.25) * x
    return d(T, t) + d(psi, y) * d(T, x) - d(psi, x) * d(T, y) - D * laplace(T, x, y)


problem = Problem(
    space=Disk(x=0, y=0, radius=1, name="outer") - Disk(x=0, y=0, radius=0.5, name="inner"),
    time=(0, 1),
    unknowns="T",
    equations=heat,
    conditions=[
        initial(T=lambda x, y: -log(x**2 + y**2) / (2 * ln(2))),
        dirichlet(T=1, on=side("inner")),
        dirichlet(T=0, on=side("outer")),
    ],
    parameters={"D": 0.02, "A": 6.0},
    reference=chebyshev_fourier,
    tolerance=1e-3,
)
