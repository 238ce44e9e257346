"""A plane wall cools: insulated on one side (Neumann), in an air stream on the other (Robin).

    u_t = alpha u_xx                    0 < x < 1,  0 < t <= 1,  alpha = 1
    u_x(0, t) = 0,                      u_x(1, t) + h u(1, t) = 0,  h = 2
    u(x, 0) = 1 - 4 x^2/7 + x^4/21

u is the temperature above that of the air, h the Biot number; all quantities are dimensionless. For h = 2 the initial
temperature agrees with the Robin condition and its first time derivative. Carslaw & Jaeger, Conduction of Heat in
Solids (1959), section 3.11.
"""

from pinnsolve import Box, Problem, condition, d, face, initial, neumann
from validation.cooling import eigenfunction_series


def heat(u, x, t, alpha):
    return d(u, t) - alpha * d(u, x, x)


def air(u, x, nx, h):
    return nx * d(u, x) + h * u


problem = Problem(
    space=Box(x=(0, 1)),
    time=(0, 1),
    unknowns="u",
    equations=heat,
    conditions=[
        initial(u=lambda x: 1 - 4 * x**2 / 7 + x**4 / 21),
        neumann(u=0, on=face(x=0)),
        condition(air, on=face(x=1)),
    ],
    parameters={"alpha": 1.0, "h": 2.0},
    reference=eigenfunction_series,
    tolerance=1e-5,
)
