from .classical.automatic import automatic_reference
from .ensembles.ensemble import ensemble
from .ensembles.record import Ensemble
from .errors import NotConverged, Outcome, ProblemError
from .geometry import (
    Ball,
    Box,
    Cylinder,
    Disk,
    Extruded,
    LevelSet,
    Mesh,
    Piecewise,
    Points,
    Polygon,
    boundary,
    face,
    faces,
    interior,
    point,
    side,
    table,
)
from .geometry.named import part
from .geometry.sampling import Redraw
from .jets.calculus import curl, d, div, dot, grad, jump, laplace
from .methods import LBFGS, SGD, SOAP, SPRING, Adam, LevenbergMarquardt, Marching, Newton, SSBroyden
from .modes.found import modes
from .modes.record import Modes
from .networks import MLP, Fourier, LocalFeatures, RandomFeatures
from .problem import (
    Eigenvalue,
    Problem,
    Unknown,
    at,
    condition,
    dirichlet,
    initial,
    initial_rate,
    integral,
    neumann,
    observed,
    periodic,
    solenoidal,
    source,
)
from .problem.vectors import vector
from .reference import Reference, exact
from .settings import Settings
from .solution import Solution
from .solve import solve
from .verdict.compare import Comparison, compare

__version__: str

__all__ = [
    "LBFGS",
    "MLP",
    "SGD",
    "SOAP",
    "SPRING",
    "Adam",
    "Ball",
    "Box",
    "Comparison",
    "Cylinder",
    "Disk",
    "Eigenvalue",
    "Ensemble",
    "Extruded",
    "Fourier",
    "LevelSet",
    "LevenbergMarquardt",
    "LocalFeatures",
    "Marching",
    "Mesh",
    "Modes",
    "Newton",
    "NotConverged",
    "Outcome",
    "Piecewise",
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
    "at",
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
    "integral",
    "interior",
    "jump",
    "laplace",
    "modes",
    "neumann",
    "observed",
    "part",
    "periodic",
    "point",
    "side",
    "solenoidal",
    "solve",
    "source",
    "table",
    "vector",
]
