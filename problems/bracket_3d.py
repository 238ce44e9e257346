"""Heat in a bracket whose shape is a mesh: an angle of two plates with a hole, in three dimensions.

    T_xx + T_yy + T_zz = 0                    in the bracket
    T = cos(x) cos(y) cosh(sqrt(2) z)          on its surface but for the hole
    n . grad T = the heat that flows in there  on the hole, that of the same temperature

Dimensionless. The mesh, some three thousand tetrahedra with the groups "foot" and "hole", is made by
`python -m problems.data.bracket`; nothing is solved on its cells.
"""

from pathlib import Path

import torch

from pinnsolve import Mesh, Problem, condition, d, dirichlet, laplace, side
from validation.bracket_3d import harmonic, slopes, temperature

bracket = Mesh(Path(__file__).parent / "data" / "bracket.msh")


def conduction(T, x, y, z):
    return laplace(T, x, y, z)


def heat_flow(T, x, y, z, nx, ny, nz):
    given = slopes(x, y, z, torch)
    return nx * (d(T, x) - given[0]) + ny * (d(T, y) - given[1]) + nz * (d(T, z) - given[2])


problem = Problem(
    space=bracket,
    unknowns="T",
    equations=conduction,
    conditions=[
        dirichlet(T=lambda x, y, z: temperature(x, y, z, torch), on=side("foot") | side("rim")),
        condition(heat_flow, on=side("hole")),
    ],
    reference=harmonic,
    tolerance=1e-5,
)
