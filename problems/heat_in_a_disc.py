"""Heat in a disc that is warmer on one side, its rim kept at zero.

    T_t = alpha (T_xx + T_yy)              x^2 + y^2 < 1,  0 < t <= 1,  alpha = 0.1
    T = 0                                  x^2 + y^2 = 1
    T(x, y, 0) = (3 - 4 r^2 + r^4) / 3 + x (2 - 3 r^2 + r^4) / 2,    r^2 = x^2 + y^2

Dimensionless. The start vanishes on the rim, and so does its rate. Carslaw & Jaeger, Conduction of Heat in Solids
(1959), section 7.6.
"""

from pinnsolve import Disk, Problem, d, dirichlet, initial, laplace
from validation.heat_in_a_disc import bessel_series


def heat(T, x, y, t, alpha):
    return d(T, t) - alpha * laplace(T, x, y)


def start(x, y):
    s = x**2 + y**2
    return (3 - 4 * s + s**2) / 3 + x * (2 - 3 * s + s**2) / 2


problem = Problem(
    space=Disk(x=0, y=0, radius=1),
    time=(0, 1),
    unknowns="T",
    equations=heat,
    conditions=[initial(T=start), dirichlet(T=0)],
    parameters={"alpha": 0.1},
    reference=bessel_series,
    tolerance=1e-4,
)
