"""One grid: nodes where they are wanted, and the solution on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from pinnsolve.algebra.tolerances import SAME
from pinnsolve.checks.check import Findings
from pinnsolve.checks.resolution import just_before
from pinnsolve.checks.varying import varying_along
from pinnsolve.classical.cloud import Cloud
from pinnsolve.classical.density import Density
from pinnsolve.classical.grid import Grid
from pinnsolve.classical.layout import cloud_of, laid_out
from pinnsolve.classical.lines import SPREAD, Wanted, line, through
from pinnsolve.classical.march import Marcher
from pinnsolve.classical.marched import Marched
from pinnsolve.classical.reading import NoiseError, NoReferenceError, Read, UndeterminedError
from pinnsolve.classical.spread import Spacing
from pinnsolve.classical.start import jumps_of_starts, start_of
from pinnsolve.classical.steady import Steady, solved
from pinnsolve.classical.stencils import Array
from pinnsolve.classical.wall_breaks import wall_breaks
from pinnsolve.geometry.places import Plane
from pinnsolve.geometry.points import Points

Found = Steady | Marched


class UnfinishedError(NoReferenceError):
    """A march that did not come to the end of time, with what it found, and whether noise ended it."""

    def __init__(self, words: str, found: Marched, noise: bool = False) -> None:
        super().__init__(words)
        self.found, self.noise = found, noise


@dataclass(frozen=True)
class Choice:
    """How one grid is made, by the number of its coordinates, and how it is marched.

    Parameters
    ----------
    widths : tuple of int
        Nodes that a difference takes. More: a higher order, and denser matrices.
    solid : int
        The same of three coordinates that are not marched, with as many rows as values. With 7 a heated brick has three
        times the error on the same nodes, a smooth one forty times, in half the time.
    graded : int
        The same of a plane whose nodes close up towards singular corners. With 9 a driven cavity has four times the
        error, with 5 ten times.
    longest, shorter : float
        The longest step in time on the first level, in parts of all time, and its part on the next: what is short and
        comes late is met by chance, and not by all levels.
    """

    widths: tuple[int, ...] = (1, 9, 9, 7)
    solid: int = 9
    graded: int = 7
    longest: float = 0.1
    shorter: float = 0.7


CHOICE = Choice()


@dataclass(frozen=True)
class Solver:
    """What all grids of a problem share.

    Parameters
    ----------
    given : Read
    findings : Findings
        Natural sizes where unknowns vanish, narrow places where nodes are wanted, singular corners.
    deadline : float
        On `time.perf_counter`.
    spacing : Spacing, optional
        How far apart nodes stand on a shape that is no box.
    planes : sequence of Plane
        Across which the equations jump.
    """

    given: Read
    findings: Findings
    deadline: float
    spacing: Spacing | None = None
    planes: Sequence[Plane] = ()

    @property
    def scales(self) -> Array:
        """The natural sizes of the unknowns (F,)."""
        return np.array([self.findings.sizes[u].scale for u in self.given.problem.unknowns])

    @property
    def rough(self) -> bool:
        """Whether data have jumps or kinks, or there are corners and places at which solutions are singular."""
        deep = self.spacing is not None and bool(self.spacing.singular.deep.any())
        findings = self.findings
        return bool(findings.rough or findings.corners or self.moments or self.on_walls) or deep

    @cached_property
    def moments(self) -> list[float]:
        """When the equations jump, or conditions jump or have kinks."""
        problem, given = self.given.problem, self.given
        time = problem.domain.time
        if time is None or not given.marched:
            return self.breaks(time)
        jumps, near = self.breaks(time), SAME * problem.domain.length(time)
        told = varying_along(problem, time, given.walls).breaks
        return sorted([*jumps, *(m for m in told if all(abs(m - other) > near for other in jumps))])

    @property
    def stops(self) -> list[float]:
        """The moments at which steps end: just before something jumps or has a kink, and around what is narrow in
        time."""
        time, around = self.given.problem.domain.time, range(-3, 4)
        if time is None:
            return []
        jumps = just_before(self.moments, *self.given.problem.domain.ends(time))
        narrow = [n for n in self.findings.narrow if time in n.middle]
        return [*jumps, *(n.middle[time] + k * n.width[time] for n in narrow for k in around)]

    @cached_property
    def on_walls(self) -> dict[str, list[float]]:
        """Where what holds on a wall breaks, along each coordinate."""
        return wall_breaks(self.given)

    @cached_property
    def in_starts(self) -> dict[str, list[float]]:
        """Where starts jump, along each coordinate of a box."""
        return jumps_of_starts(self.given) if self.given.marched and self.spacing is None else {}

    def breaks(self, coordinate: str | None) -> list[float]:
        """Where the equations jump along a coordinate, or what holds on a wall does."""
        jumps = [p.value for p in self.planes if p.coordinate == coordinate]
        if coordinate not in self.given.coordinates:
            return sorted(jumps)
        near = SAME * self.given.problem.domain.length(coordinate)
        others = self.on_walls.get(coordinate, [])
        return sorted([*jumps, *(b for b in others if all(abs(b - jump) > near for jump in jumps))])

    def grid(
        self, count: int, finer: float, density: Density, looked_at: Mapping[str, Array] | None = None
    ) -> Grid | Cloud:  # fmt: skip
        """About `count` nodes along each coordinate, where the density wants them, and enough where something is
        narrow: `finer` times as many as that needs at the least; evaluated at some places, if these are known."""
        if self.spacing is not None:
            return cloud_of(self.given, self.spacing, finer, looked_at)
        given, dimension = self.given, len(self.given.coordinates)
        plane = given.problem.domain.time is None and dimension == 2
        corners, domain = self.findings.corners, given.problem.domain
        met = plane and not given.one_each  # in the sense of least squares
        solid = dimension == 3 and not given.marched and given.one_each
        graded = met and bool(corners) and all(v in domain.ends(c) for k in corners for c, v in k.fixed.items())
        width = CHOICE.solid if solid else CHOICE.graded if graded else CHOICE.widths[dimension]
        closing = SPREAD.even if met and not corners else SPREAD.solid if solid else SPREAD.closing
        lines = {}
        for c in given.coordinates:
            wanted = Wanted(density.get(c), [(n.middle[c], n.width[c]) for n in self.findings.narrow if c in n.middle])
            ends, breaks = given.problem.domain.ends(c), self.breaks(c)
            made = line(ends, count, width, c in given.periodic, wanted, finer, breaks, closing, graded)
            lines[c] = through(made, self.in_starts.get(c, ()))
        return Grid(lines)

    def solved(self, grid: Grid | Cloud, tolerance: float, before: Sequence[Found]) -> Found:
        """The solution on a grid, its tolerance of time or of Newton's method, and what coarser grids gave.

        Raises
        ------
        NoReferenceError
        OutOfTimeError
        """
        if self.given.marched:
            return self._marched(grid, tolerance, before)
        alike = self.spacing is not None and not self.spacing.parting.pieces  # in materials rows weigh by what is known
        if before and not (isinstance(before[-1], Steady) and before[-1].linear and alike):
            at = grid.nodes.coordinates
            return self.from_guess(grid, np.stack([before[-1].at(f, at) for f in range(len(self.scales))]), tolerance)
        if self.given.problem.guess.unknowns:  # others may lead to another solution than the one that is asked for
            return self.from_guess(grid, self.guessed(grid), tolerance)
        failed: NoReferenceError | None = None
        for guess in (0.0, 1.0, -1.0):  # of the natural sizes: where an unknown multiplies another, zero is none
            try:
                return self.from_guess(grid, guess * self.scales[:, None] * np.ones((1, len(grid))), tolerance)
            except NoReferenceError as error:
                failed = failed or error
        assert failed is not None
        raise failed

    def guessed(self, grid: Grid | Cloud) -> Array:
        """The user's guess at the nodes (F, N), zeros where there is none."""
        problem, found = self.given.problem, np.zeros((len(self.scales), len(grid)))
        points = {c: torch.from_numpy(np.ascontiguousarray(x)) for c, x in grid.nodes.coordinates.items()}
        for u, values in problem.guessed(Points(points, torch.ones(len(grid), dtype=torch.float64))).items():
            found[problem.unknowns.index(u)] = values.numpy()
        return found

    def from_guess(self, grid: Grid | Cloud, guess: Array, tolerance: float = 0.0) -> Steady:
        """The steady solution that Newton's method finds from a guess (F, N), as well as a tolerance asks for."""
        rows = laid_out(self.given, grid, self.findings.corners)
        return solved(rows, guess, self.scales, self.deadline, tolerance)

    def _marched(self, grid: Grid | Cloud, tolerance: float, before: Sequence[Found]) -> Marched:
        rows = laid_out(self.given, grid, self.findings.corners)
        least = 1e-3 * np.array([self.scales[f] for f, _ in rows.variables])  # smaller sizes are not told apart
        span = self.given.problem.domain.ends(str(rows.time))
        longest = CHOICE.longest * CHOICE.shorter ** len(before)
        begin = start_of(self.given, rows, self.in_starts)
        last = before[-1] if before and isinstance(before[-1], Marched) else None
        marcher = Marcher(
            rows, begin, span, tolerance, least, self.deadline, self.stops, longest, before=last
        )  # fmt: skip
        try:
            return marcher.run()
        except UndeterminedError:
            raise
        except NoReferenceError as error:
            raise UnfinishedError(str(error), marcher.found, isinstance(error, NoiseError)) from None
