"""Heat in a square plate: two sides at zero, one insulated (Neumann), one in an air stream (Robin).

    T_t = alpha (T_xx + T_yy)              0 < x, y < 1,  0 < t <= 1,  alpha = 0.1
    T = 0 at x = 0 and x = 1,              T_y = 0 at y = 0,    T_y + h T = 0 at y = 1,  h = 2
    T(x, y, 0) = sin(pi x) (1 - 4 y^2/7 + y^4/21)

T is the temperature above that of the air, h the Biot number; all quantities are dimensionless. For h = 2 the initial
temperature agrees with the Robin condition and its first time derivative. Carslaw & Jaeger, Conduction of Heat in
Solids (1959), sections 3.11 and 5.6.
"""

from math import pi

from torch import sin

from pinnsolve import Box, Problem, condition, d, dirichlet, face, faces, initial, laplace, neumann
from validation.heat_plate import differences


def heat(T, x, y, t, alpha):
    return d(T, t) - alpha * laplace(T, x, y)


def air(T, y, ny, h):
    return ny * d(T, y) + h * T


problem = Problem(
    space=Box(x=(0, 1), y=(0, 1)),
    time=(0, 1),
    unknowns="T",
    equations=heat,
    conditions=[
        initial(T=lambda x, y: sin(pi * x) * (1 - 4 * y**2 / 7 + y**4 / 21)),
        dirichlet(T=0, on=faces("x")),
        neumann(T=0, on=face(y=0)),
        condition(air, on=face(y=1)),
    ],
    parameters={"alpha": 0.1, "h": 2.0},
    reference=differences,
    tolerance=1e-4,
)
