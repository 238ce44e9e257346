"""Training methods: one a file, over the protocol of `pinnsolve.methods.protocol`."""

from pinnsolve.calls import worded_class
from pinnsolve.methods.enriching import Enriching
from pinnsolve.methods.gradient import SGD, Adam
from pinnsolve.methods.levenberg_marquardt import LevenbergMarquardt
from pinnsolve.methods.marching import Marching
from pinnsolve.methods.newton import Newton
from pinnsolve.methods.protocol import Method, Objective
from pinnsolve.methods.quasi_newton import LBFGS, SSBroyden
from pinnsolve.methods.smoothing import Smoothing
from pinnsolve.methods.soap import SOAP
from pinnsolve.methods.spring import SPRING
from pinnsolve.methods.vanishing import Vanishing

FIRST_ORDER = (Adam, SGD, SOAP)  # they take a gradient a step, and compare no losses
OWN_POINTS = (Marching, Enriching, Vanishing)  # the points of their cells

for made in (Adam, LBFGS, LevenbergMarquardt, Marching, Newton, SGD, SOAP, SPRING, SSBroyden):
    worded_class(made)

__all__ = [
    "FIRST_ORDER",
    "LBFGS",
    "OWN_POINTS",
    "SGD",
    "SOAP",
    "SPRING",
    "Adam",
    "Enriching",
    "LevenbergMarquardt",
    "Marching",
    "Method",
    "Newton",
    "Objective",
    "SSBroyden",
    "Smoothing",
    "Vanishing",
]
