"""A turning pointer written with a complex number: fields are real, and the message says how to write it.

z' = (2i - 1/2) z,  z(0) = 1
"""

import numpy as np

from pinnsolve import Problem, d, exact, initial
from validation.wanted import refused

wanted = refused("complex")


def pointer(z, t):
    return d(z, t) - (2j - 0.5) * z


problem = Problem(
    time=(0, 1),
    unknowns="z",
    equations=pointer,
    conditions=[initial(z=1)],
    reference=exact(z=lambda t: np.exp((2j - 0.5) * t)),
)
