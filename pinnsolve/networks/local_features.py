"""The description of cells that do not overlap: an output layer for each over one hidden layer that all share."""

from __future__ import annotations

from dataclasses import dataclass

from pinnsolve.errors import ProblemError, did_you_mean, whole
from pinnsolve.networks.hidden_layer import HIDDEN


@dataclass(frozen=True, kw_only=True)
class LocalFeatures:
    """Cells of space that share one hidden layer, and steps of time whose features are Legendre polynomials.

    In a plane cells have four degrees less, and steps two stages: what is solved grows with the square of the degree;
    three where nothing evolves, in space too. Where its equations are linear and do not change in time steps have up to
    four stages: few lengths are factorised, and half as many steps do. With five, the seven that solve them again
    repeat their iterations; with more than seven, steps may grow in a plane. In space with time it is three degrees and
    no stage: there few rich cells and long steps cost least.

    Parameters
    ----------
    degree : int
        Of the features in a cell; along a line it has one more of them for each unknown.
    stages : int
        Of a step, from 2 to 11; polynomials in time have this degree.
    activation : str
        Of the hidden layer: "legendre" for Legendre polynomials, a functional-link network; "sine" or "tanh" for random
        features, along a line or in a plane: as many combinations of neurons as there are polynomials of that degree
        (`networks.hidden_layer`).

    Raises
    ------
    ProblemError
        If one of these is out of range.
    """

    degree: int = 11
    stages: int = 5
    activation: str = "legendre"

    def __post_init__(self) -> None:
        whole("LocalFeatures: degree", self.degree)
        whole("LocalFeatures: stages", self.stages)
        if not 4 <= self.degree <= 20:
            raise ProblemError(f"LocalFeatures: degree={self.degree} is out of range", "Write a number from 4 to 20.")
        if not 2 <= self.stages <= 11:
            raise ProblemError(f"LocalFeatures: stages={self.stages} is out of range", "Write a number from 2 to 11.")
        if not isinstance(self.activation, str) or self.activation not in HIDDEN:
            raise ProblemError(
                f"LocalFeatures: there is no activation '{self.activation}'", did_you_mean(str(self.activation), HIDDEN)
            )

    @property
    def words(self) -> str:
        """What its features are called, which are polynomials unless something else is said.

        >>> LocalFeatures(activation="sine").words, LocalFeatures().words
        ('sine features', 'features')
        """
        return "features" if self.activation == "legendre" else f"{self.activation} features"

    @property
    def steady(self) -> int:
        """The degree over a plane, or over space, in which nothing evolves.

        >>> LocalFeatures(degree=11).steady
        8
        """
        return max(self.degree - 3, 4)

    def over(self, dims: int, constant: bool = False) -> tuple[int, int]:
        """Degree and stages over so many coordinates of space, of equations that are linear and do not change in time
        or others; no less than what makes a march.

        >>> LocalFeatures(degree=11, stages=5).over(1), LocalFeatures(degree=11, stages=5).over(2)
        ((11, 5), (7, 3))
        >>> LocalFeatures(degree=11, stages=5).over(2, constant=True)
        (7, 4)
        """
        fewer, less = ((0, 0), (4, 2), (3, 0))[dims - 1]
        stages = max(self.stages - less, 2)
        if dims == 2 and constant:
            stages = max(stages, min(self.stages, 4))
        return max(self.degree - fewer, 4), stages
