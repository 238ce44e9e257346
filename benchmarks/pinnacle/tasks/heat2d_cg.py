"""Heat2d-CG: heat flows into a rectangle through seventeen holes, large warm and small lukewarm ones.

    u_t = u_xx + u_yy        -8 < x < 8, -12 < y < 12, outside of 17 discs,  0 < t <= 3,   u = 0 at t = 0
    u_n = 5 - u on the large circles,   u_n = 1 - u on the small ones,   u_n = 0.1 - u on the rectangle

n is the normal out of the plate, and into a hole. No faults but that the start and the rim disagree at t = 0, where
u_n jumps from 0 to 5: the solution goes as sqrt(t) there, which no method follows at a high order.
"""

from pinnsolve import Box, Disk, Problem, condition, d, initial, laplace, side

LARGE = [(x, y) for x in (-4, 4) for y in (-9, -3, 3, 9)] + [(0, y) for y in (-6, 0, 6)]
SMALL = [(x, y) for x in (-3.2, 3.2) for y in (-6, 0, 6)]


def heat(u, x, y, t):
    return d(u, t) - laplace(u, x, y)


def from_large(u, x, y, nx, ny):
    return nx * d(u, x) + ny * d(u, y) - (5 - u)


def from_small(u, x, y, nx, ny):
    return nx * d(u, x) + ny * d(u, y) - (1 - u)


def from_outside(u, x, y, nx, ny):
    return nx * d(u, x) + ny * d(u, y) - (0.1 - u)


plate = Box(x=(-8, 8), y=(-12, 12), name="rectangle")
for x, y in LARGE:
    plate = plate - Disk(x=x, y=y, radius=1, name="large")
for x, y in SMALL:
    plate = plate - Disk(x=x, y=y, radius=0.4, name="small")

problem = Problem(
    space=plate,
    time=(0, 3),
    unknowns="u",
    equations=heat,
    conditions=[
        initial(u=0),
        condition(from_large, on=side("large")),
        condition(from_small, on=side("small")),
        condition(from_outside, on=side("rectangle")),
    ],
    tolerance=1e-3,
)
