from .errors import Outcome, ProblemError
from .geometry import Box, Points, boundary, face, faces, point
from .operators import curl, d, div, dot, grad, laplace
from .problem import Problem, condition, dirichlet, initial, initial_rate, neumann, periodic
from .reference import Reference, exact

__all__ = [
    "Outcome", "ProblemError", "Box", "Points", "boundary", "face", "faces", "point", "curl", "d", "div", "dot", "grad", "laplace",
    "Problem", "condition", "dirichlet", "initial", "initial_rate", "neumann", "periodic", "Reference", "exact",
]
