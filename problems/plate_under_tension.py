"""Kirsch's plate: a plate with a round hole is pulled from afar; at the hole the stress is three times as large.

    sxx_x + sxy_y = 0,   sxy_x + syy_y = 0          0 < x, y < 4,  outside of the unit disc (a quarter of the plate)
    sxx = (u_x + nu v_y) / (1 - nu^2),  syy = (v_y + nu u_x) / (1 - nu^2),  sxy = (u_y + v_x) / (2 (1 + nu))
    u = 0, sxy = 0 at x = 0;  v = 0, sxy = 0 at y = 0;  no force on the hole;  Kirsch's displacements at x = 4, y = 4

Plane stress; lengths in radii of the hole, stresses in units of the pull, displacements in those of pull over Young's
modulus; nu = 0.3. Kirsch, Zeitschrift des VDI 42 (1898) 797; Timoshenko & Goodier, Theory of Elasticity, section 35.
"""

from pinnsolve import Box, Disk, Problem, condition, d, dirichlet, face, side
from validation.plate_under_tension import displacement, kirsch


def stresses(u, v, x, y, nu):
    ux, vy, shear = d(u, x), d(v, y), d(u, y) + d(v, x)
    return (ux + nu * vy) / (1 - nu**2), (vy + nu * ux) / (1 - nu**2), shear / (2 * (1 + nu))


def along_x(u, v, x, y, nu):
    sxx, _, sxy = stresses(u, v, x, y, nu)
    return d(sxx, x) + d(sxy, y)


def along_y(u, v, x, y, nu):
    _, syy, sxy = stresses(u, v, x, y, nu)
    return d(sxy, x) + d(syy, y)


def no_force_along_x(u, v, x, y, nx, ny, nu):
    sxx, _, sxy = stresses(u, v, x, y, nu)
    return sxx * nx + sxy * ny


def no_force_along_y(u, v, x, y, nx, ny, nu):
    _, syy, sxy = stresses(u, v, x, y, nu)
    return sxy * nx + syy * ny


far = face(x=4) | face(y=4)
problem = Problem(
    space=Box(x=(0, 4), y=(0, 4)) - Disk(x=0, y=0, radius=1, name="hole"),
    unknowns=("u", "v"),
    equations=[along_x, along_y],
    conditions=[
        dirichlet(u=0, on=face(x=0)),
        condition(no_force_along_y, on=face(x=0)),
        dirichlet(v=0, on=face(y=0)),
        condition(no_force_along_x, on=face(y=0)),
        condition(no_force_along_x, on=side("hole")),
        condition(no_force_along_y, on=side("hole")),
        dirichlet(u=lambda x, y, nu: displacement(x, y, nu)[0], v=lambda x, y, nu: displacement(x, y, nu)[1], on=far),
    ],
    parameters={"nu": 0.3},
    reference=kirsch,
    tolerance=1e-5,
)
