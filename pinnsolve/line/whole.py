"""All cells of one coordinate at once: Newton's method, and halving where equations are not met between points.

Where Newton's method does not settle, the equations are eased: to each of second order or higher a part of its own
highest derivative is added, as large as its other terms at first, and taken away again from solution to solution. What
is found in the end solves the equations as they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise

import torch
from torch import Tensor

from pinnsolve.cells.guessing import on_cells
from pinnsolve.cells.joined_newton import Effort, JoinedNewton
from pinnsolve.line.cells import Cells, defects
from pinnsolve.line.operator import LineOperator
from pinnsolve.line.scheme import LineScheme
from pinnsolve.networks.moved import refined
from pinnsolve.networks.tiles import Tiles, sizes_of

Start = Callable[[Tensor], Tensor]  # the first guess (N, F) at places (N,)


@dataclass(frozen=True)
class Rules:
    """How cells are halved, and equations eased. Chosen on a dozen problems with layers, not varied one by one.

    Parameters
    ----------
    cells : int
        To begin with.
    most : int
        Cells: where they do not suffice it is left to others.
    mark : float
        Of the largest defect: cells below it are not halved yet. Smaller: a layer that is not resolved has cells
        halved all along the line. Larger: more rounds.
    gains : float
        A half leaves less than this part of its whole's defect, if that is below `rounding`; otherwise it is rounding.
    rounding : float
    takes : float
        Each step leaves this part of what is added. Smaller: fewer steps, of which more fail.
    loose : float
        The bound of defects on the way.
    fails : int
        Steps that fail before it is given up.
    """

    cells: int = 8
    most: int = 6000
    mark: float = 0.1
    gains: float = 0.5
    rounding: float = 1e-7
    takes: float = 0.2
    loose: float = 1e-2
    fails: int = 12


RULES = Rules()


@dataclass
class LineWhole:
    """The solution over all of the line.

    Parameters
    ----------
    scheme : LineScheme
    bound : float
        Of what a cell leaves of its equations (`defects`).
    enough : callable
        Asked before each round: whether it has cost too much.
    """

    scheme: LineScheme
    bound: float
    enough: Callable[[], bool] = lambda: False
    effort: Effort = field(default_factory=Effort)

    def solve(self, start: Start) -> Cells | None:
        """Cells that meet the bound; nothing where none were found."""
        first = self._begun(start)
        return self.refined(first, self.bound) or self._eased(first)

    def _begun(self, start: Start) -> Cells:
        s, line = self.scheme, self.scheme.line
        mesh = Tiles.begun([line.ends], RULES.cells, [line.joints], s.device)
        while any(bad := [b - a > 2 * line.inside.finest(a, b) for a, b in pairwise(mesh.edges.tolist())]):
            mesh = mesh.split([bool(b) - 1 for b in bad])
        if line.problem.guess.unknowns:
            mesh, _ = on_cells(lambda x: start(x[:, 0]), mesh, s.cell, (line.periodic,))
        places = mesh.points(s.cell.gauss(s.cell.count)[0])[..., 0]
        values = start(places.flatten()).reshape(*places.shape, -1)
        return Cells(s, mesh, s.nearest(values), line.conditions)

    def refined(self, cells: Cells, bound: float) -> Cells | None:
        """Solved, on cells that are halved until each meets a bound."""
        parent = torch.full((len(cells.mesh),), math.inf, dtype=torch.float64, device=self.scheme.device)
        while not self.enough():
            solved = JoinedNewton(LineOperator.of, self.scheme.floors, 1e-2 * bound, effort=self.effort).solve(cells)
            if solved is None:
                return None
            off = defects(solved, torch.maximum(sizes_of(solved.coefficients, solved.mesh), self.scheme.floors))
            rounding = (off > RULES.gains * parent) & (off < RULES.rounding)
            bad = (off > bound) & (off > RULES.mark * off.max()) & ~rounding
            if not bool(bad.any()):
                return solved if bool((off < max(bound, RULES.rounding)).all()) else None
            chosen = bad.tolist()
            if len(chosen) + sum(chosen) > RULES.most:
                return None
            parent = torch.where(bad, off, parent).repeat_interleave(1 + bad.to(torch.int64))
            axes = [b - 1 for b in chosen]  # along the only coordinate, or not at all
            c = refined(solved.coefficients, [axes], self.scheme.cell)
            cells = replace(solved, mesh=solved.mesh.split(axes), coefficients=c)
        return None

    # ------------------------------------------------------------ easing

    def _eased(self, first: Cells) -> Cells | None:
        """By equations with more of their highest derivatives, and less and less of that."""
        whole = self._other_terms(first)
        if not whole:
            return None
        loose, good, before, part, fails = max(self.bound, RULES.loose), first, math.inf, 1.0, 0
        while fails < RULES.fails:
            added = {key: part * sign * much for key, (sign, much, _) in whole.items()}
            last = all(part * much < own for _, much, own in whole.values())
            found = self.refined(replace(good, added={} if last else added), self.bound if last else loose)
            if found is not None and last:
                return found
            if found is not None:
                good, before, part = found, part, RULES.takes * part
                continue
            fails += 1
            part = 10 * part if before == math.inf else (part * before) ** 0.5
        return None

    def _other_terms(self, cells: Cells) -> dict[tuple[int, int], tuple[float, float, float]]:
        """For each equation and the unknown whose highest derivative, of second order or more, it holds: the sign of
        its slope along that, what slope would be as much as its other terms, and the slope that it has."""
        line, length = self.scheme.line, cells.mesh.length / 2
        means = {key: float(slope.abs().mean()) for key, slope in cells.at_points(slopes=True).slopes.items()}
        signs = {key: float(slope.sign().mean()) for key, slope in cells.at_points(slopes=True).slopes.items()}
        found = {}
        for (i, f, alpha), own in means.items():
            k = alpha[0]
            if k < max(2, line.joins[f]) or abs(signs[i, f, alpha]) < 1:
                continue
            others = [
                mean * line.sizes[g] / line.sizes[f] * length ** (k - beta[0])
                for (j, g, beta), mean in means.items()
                if j == i and (g, beta) != (f, alpha)
            ]
            found[i, f] = signs[i, f, alpha], max(others, default=0.0) + own, own
        return found
