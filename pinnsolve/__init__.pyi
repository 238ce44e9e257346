from .classical.automatic import automatic_reference
from .ensembles.ensemble import Ensemble, ensemble
from .errors import NotConverged, Outcome, ProblemError
from .geometry import Box, Points, boundary, face, faces, point
from .jets.calculus import curl, d, div, dot, grad, laplace
from .methods import LBFGS, SGD, SOAP, Adam, LevenbergMarquardt, Marching, Newton, SSBroyden
from .networks import MLP, Fourier, LocalFeatures, RandomFeatures
from .problem import (
    Problem,
    Unknown,
    condition,
    dirichlet,
    initial,
    initial_rate,
    neumann,
    observed,
    periodic,
    solenoidal,
)
from .reference import Reference, exact
from .settings import Redraw, Settings
from .solution import Solution
from .solve import solve
from .verdict.compare import Comparison, compare

__all__ = [
    "LBFGS",
    "MLP",
    "SGD",
    "SOAP",
    "Adam",
    "Box",
    "Comparison",
    "Ensemble",
    "Fourier",
    "LevenbergMarquardt",
    "LocalFeatures",
    "Marching",
    "Newton",
    "NotConverged",
    "Outcome",
    "Points",
    "Problem",
    "ProblemError",
    "RandomFeatures",
    "Redraw",
    "Reference",
    "SSBroyden",
    "Settings",
    "Solution",
    "Unknown",
    "automatic_reference",
    "boundary",
    "compare",
    "condition",
    "curl",
    "d",
    "dirichlet",
    "div",
    "dot",
    "ensemble",
    "exact",
    "face",
    "faces",
    "grad",
    "initial",
    "initial_rate",
    "laplace",
    "neumann",
    "observed",
    "periodic",
    "point",
    "solenoidal",
    "solve",
]
