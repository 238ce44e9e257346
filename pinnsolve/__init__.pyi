from .classical.automatic import automatic_reference
from .ensembles.ensemble import Ensemble, ensemble
from .errors import NotConverged, Outcome, ProblemError
from .geometry import (
    Ball,
    Box,
    Cylinder,
    Disk,
    Extruded,
    LevelSet,
    Mesh,
    Points,
    Polygon,
    boundary,
    face,
    faces,
    point,
    side,
)
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

__version__: str

__all__ = [
    "LBFGS",
    "MLP",
    "SGD",
    "SOAP",
    "Adam",
    "Ball",
    "Box",
    "Comparison",
    "Cylinder",
    "Disk",
    "Ensemble",
    "Extruded",
    "Fourier",
    "LevelSet",
    "LevenbergMarquardt",
    "LocalFeatures",
    "Marching",
    "Mesh",
    "Newton",
    "NotConverged",
    "Outcome",
    "Points",
    "Polygon",
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
    "side",
    "solenoidal",
    "solve",
]
