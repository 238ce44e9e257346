"""What was found beside the solution, as a record: constants, functions, and how well the data are met."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from pinnsolve.inverse.limits import LIMITS


@dataclass(frozen=True)
class Constant:
    """An unknown constant, as it was found.

    Parameters
    ----------
    value : float
    standard_error : float
        In the same units, from the noise, from the step that training has left, and from how far it can be moved until
        the misfit rises by one (`pinnsolve.inverse.profile`); infinite where nothing determines it.
    """

    value: float
    standard_error: float

    @property
    def endless(self) -> bool:
        return math.isinf(self.standard_error)

    def __str__(self) -> str:
        error = self.standard_error
        if not (math.isfinite(error) and error > 0):
            return f"{self.value:.6g} +- {error:.1g}"
        digits = max(0, 1 - math.floor(math.log10(error))) if error < 1 else 0
        return f"{self.value:.{min(digits, 12)}f} +- {error:.{min(digits, 12)}f}"


@dataclass(frozen=True)
class Function:
    """An unknown function at some places, as it was found.

    Parameters
    ----------
    places : dict from coordinate to list of float
    values : list of float
    standard_errors : list of float
        Of each value, in the same units.
    """

    places: dict[str, list[float]]
    values: list[float]
    standard_errors: list[float]

    def __str__(self) -> str:
        return f"from {min(self.values):.4g} to {max(self.values):.4g}, +- {self.error:.1g} (rms)"

    @property
    def mean(self) -> float:
        return sum(self.values) / len(self.values)

    @property
    def size(self) -> float:
        """The root mean square of its values."""
        return _rms(self.values)

    @property
    def error(self) -> float:
        """The same of its standard errors."""
        return _rms(self.standard_errors)

    @property
    def alike(self) -> bool:
        """Whether it is a constant as far as data tell: it varies little, and by less than twice its error."""
        return _rms([v - self.mean for v in self.values]) <= min(2 * self.error, LIMITS.flat * self.size)

    @property
    def reach(self) -> str:
        """Over which places it is known."""
        each = (f"{c} from {min(values):.4g} to {max(values):.4g}" for c, values in self.places.items())
        return f", known for {' and '.join(each)}"


def _rms(values: list[float]) -> float:
    return math.sqrt(sum(v * v for v in values) / len(values))


@dataclass(frozen=True)
class Misfit:
    """How well one set of measurements is met.

    Parameters
    ----------
    value : float
        The sum of ((u - measured) / sigma)^2; with sigma not known, in the unknown's units. Of Huber's loss without
        the outliers, which are named.
    expected : float
        For the true noise, the number of measurements less the degrees of freedom that the fit took from them; NaN
        where sigma is not known.
    """

    value: float
    expected: float

    @property
    def met(self) -> bool:
        """Whether the misfit is near its expectation, within three standard deviations of chi squared."""
        return abs(self.value - self.expected) <= 3.0 * math.sqrt(2 * max(self.expected, 1.0))

    @property
    def missed(self) -> bool:
        """Whether it is so far above its expectation that noise of the stated size cannot be why."""
        return not self.met and self.value > 2.0 * self.expected


@dataclass(frozen=True)
class Identified:
    """What was found beside the solution.

    Parameters
    ----------
    constants : dict from name to Constant
    functions : dict from name to Function
    correlations : dict from (name, name) to float
    misfits : dict from residual name to Misfit
    warnings : list of str
        Which constants the data cannot tell, and which training has not found yet.
    undetermined : list of str
        The constants and functions that neither data nor equations determine: they may change by their own size, and
        the residual stays what it is.
    noise : float, optional
        The relative error of the solution that the data's noise makes, the largest over the unknowns (dimensionless);
        None where it is not known.
    """

    constants: dict[str, Constant]
    functions: dict[str, Function]
    correlations: dict[tuple[str, str], float]
    misfits: dict[str, Misfit]
    warnings: list[str]
    undetermined: list[str] = field(default_factory=list)
    noise: float | None = None
