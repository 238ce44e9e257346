"""The temperature down a borehole: the ground's heat flows up through rocks whose conductivity was measured on cores.

    (k(z) T_z)_z + H = 0             0 < z < 2000 m,    H = 1.2e-6 W/m^3
    T = 10 C at the surface,         k T_z = 0.065 W/m^2 at the bottom

k is a table of 15 cores, joined by straight lines; its kinks are where cells end. T is in C, z is the depth in m, k is
in W/(m K), and H is the heat of radioactive decay. Turcotte & Schubert, Geodynamics (2014), section 4.6.
"""

from pinnsolve import Box, Problem, condition, d, dirichlet, face, table
from validation.borehole import cores


def conduction(T, z, k, H):
    return d(k * d(T, z), z) + H


def heat_flow(T, z, k, F):
    return k * d(T, z) - F


problem = Problem(
    space=Box(z=(0, 2000)),
    unknowns="T",
    equations=conduction,
    conditions=[dirichlet(T=10, on=face(z=0)), condition(heat_flow, on=face(z=2000))],
    parameters={"k": table("data/borehole.csv", of="z"), "H": 1.2e-6, "F": 0.065},
    reference=cores,
    tolerance=1e-6,
)
