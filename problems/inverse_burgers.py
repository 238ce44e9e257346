"""Both coefficients of Burgers' equation from 2,000 scattered measurements of u, without noise.

    u_t + a u u_x = nu u_xx        -1 < x < 1,  0 < t <= 1

`data/burgers.csv` holds u where u(x, 0) = -sin(pi x), u(-1, t) = u(1, t) = 0, a = 1 and nu = 0.01/pi (Cole's and Hopf's
solution, `data/make.py`); of initial and boundary values, a and nu the problem knows nothing.

Raissi, Perdikaris & Karniadakis, J. Comput. Phys. 378 (2019) 686-707 (arXiv 1711.10566): there, from as many
measurements, lambda_1 = a is found to 0.02 to 0.05 %, and lambda_2 = nu to about 0.04 %.
"""

from math import pi

from pinnsolve import Box, Problem, Unknown, d, observed
from validation.burgers import cole_hopf

TRUE = {"a": 1.0, "nu": 0.01 / pi}


def burgers(u, x, t, a, nu):
    return d(u, t) + a * u * d(u, x) - nu * d(u, x, x)


def measured_flow(problem):
    return cole_hopf(problem.with_parameters(TRUE))


problem = Problem(
    space=Box(x=(-1, 1)),
    time=(0, 1),
    unknowns="u",
    equations=burgers,
    conditions=observed("data/burgers.csv"),
    parameters={"a": Unknown(0.5), "nu": Unknown(0.01, positive=True)},
    reference=measured_flow,
    tolerance=1e-3,
)
