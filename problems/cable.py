"""A coaxial cable with two insulators: the potential between core and sheath, and the charge of the core.

    (eps V_x)_x + (eps V_y)_y = 0      0.2 < r < 1,      eps = 5 for r < 0.5,  1 beyond
    V = 1 on the core r = 0.2,  V = 0 on the sheath r = 1

V and eps n . grad V are continuous at r = 0.5. The charge on the core is the flux that leaves it, and as much as the
energy eps |grad V|^2 in the whole cross-section, since V is one there. Dimensionless. Jackson, Classical
Electrodynamics, 3rd ed., 1999, chapter 4.
"""

from pinnsolve import Disk, Piecewise, Problem, d, dirichlet, side
from validation.cable import BETWEEN, CORE, SHEATH, logarithms


def electrostatics(V, x, y, eps):
    return d(eps * d(V, x), x) + d(eps * d(V, y), y)


def flux(V, x, y, eps, nx, ny):
    return eps * (nx * d(V, x) + ny * d(V, y))


def energy(V, x, y, eps):
    return eps * (d(V, x) ** 2 + d(V, y) ** 2)


problem = Problem(
    space=Disk(x=0, y=0, radius=SHEATH, name="sheath") - Disk(x=0, y=0, radius=CORE, name="core"),
    unknowns="V",
    equations=electrostatics,
    conditions=[dirichlet(V=1, on=side("core")), dirichlet(V=0, on=side("sheath"))],
    parameters={"eps": Piecewise(1.0, (Disk(x=0, y=0, radius=BETWEEN), 5.0))},
    reference=logarithms,
    tolerance=1e-6,
    quantities={"charge of the core": (flux, side("core")), "energy": energy},
)
