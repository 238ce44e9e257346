"""From problem, trial function and points to named residual vectors, and their Jacobian."""

from pinnsolve.residuals.residuals import Residuals
from pinnsolve.residuals.sites import Site, sites

__all__ = ["Residuals", "Site", "sites"]
