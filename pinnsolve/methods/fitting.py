"""Unknown constants from data, with equations that hold for all their values: Gauss and Newton's steps, damped.

With r(z) the misfits to data in units of their noise and J = dr/dz, from sensitivities on the cells of the solution,

    (J^T J + mu D) dz = -J^T r,      D the diagonal of J^T J,

where z is the logarithm of a positive constant (`problem.unknown`). A step is taken if the misfit falls; mu falls with
it, and rises where it does not, or where the equations cannot be solved there.

Source: Marquardt, J. SIAM 11 (1963) 431; Caracotsios & Stewart, Computers & Chem. Eng. 9 (1985) 359 (sensitivities).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pinnsolve.methods.by_constants import ForConstants, LinedFor, MarchedFor
from pinnsolve.methods.march_record import Accuracy
from pinnsolve.methods.protocol import Objective, State
from pinnsolve.residuals import Residuals
from pinnsolve.residuals.of_constants import DataOfConstants
from pinnsolve.trial.by_constants import ByConstants, Solved
from pinnsolve.trial.lined import Lined
from pinnsolve.trial.marched import Marched
from pinnsolve.trial.of_cells import OfCells


@dataclass(frozen=True)
class Rules:
    """How constants move. Chosen, not measured, but for the first, which is that of the prototypes.

    Parameters
    ----------
    longest : float
        Of a logarithm, or of what stands for a bounded constant: a factor of e^1.5. Larger: solutions of another kind.
    damping, less, more : float
        mu at first, and what it is multiplied with after a step that did, and after one that did not.
    least, most : float
        Of mu: below it is none; above it no step leads down.
    settled : float
        Of one standard error: a step that is foretold to be shorter is the last one.
    floor : float
        Of the misfit: what a step must bring, where the misfit is the error of the cells themselves.
    far : float
        Of what is trained: richer features move no constant by more, or neither solution is one.
    share : float
        Of the measurements: what is not said has no more coefficients.
    near : float
        Of what is trained: slopes serve for another step so far away. Larger: steps that bring little. Smaller: slopes
        that are computed for nothing.
    rises, missed : float
        Of the misfit: what a step must bring where more terms of what is not said may bring more, while the misfit is
        so many times what noise makes. Larger: series that are decided upon before they have come to their end.
    serves : float
        Of the misfit: slopes that were used before serve as long as a step leaves less.
    weak : float
        Of the largest: directions that data tell less are left as they are.
    """

    longest: float = 1.5
    damping: float = 1e-6
    less: float = 0.1
    more: float = 10.0
    least: float = 1e-12
    most: float = 1e6
    settled: float = 0.03
    floor: float = 0.1
    far: float = 0.1
    share: float = 0.25
    near: float = 0.02
    rises: float = 0.3
    missed: float = 4.0
    serves: float = 0.5
    weak: float = 1e-7


RULES = Rules()


@dataclass
class Fitting:
    """A fit as it stands.

    Parameters
    ----------
    data : DataOfConstants
    damping : float
    enough : float
        Of a misfit that is no noise: a step that brings less is the last one, where more terms can follow.
    tolerance : float
        Of the cells: misfits below it are their errors.
    """

    data: DataOfConstants
    damping: float = RULES.damping
    enough: float = 0.0
    tolerance: float = 0.0

    @property
    def model(self) -> ByConstants:
        return self.data.trial

    def misfit(self) -> float:
        """The sum of squares, in the data's own scales; infinite where nothing is solved."""
        total = sum(float((self._scale(n) * r).square().sum()) for n, r in self.data.values().items())
        return total if math.isfinite(total) else math.inf

    def __len__(self) -> int:
        """How many measurements there are."""
        return sum(self.data.counts.values())

    @property
    def known(self) -> bool:
        """Whether the noise of all data is."""
        return all(d.known for d in self.model.problem.data.values())

    def score(self) -> float:
        """Akaike's criterion: the smaller the better."""
        misfit = self.misfit() if self.known else 2 * len(self) * math.log(max(self.rms(), 1e-150))
        return misfit + 2 * self.model.forward.count

    def rms(self) -> float:
        """The root mean square of the misfits, in the data's own scales."""
        return (self.misfit() / len(self)) ** 0.5

    def _enough(self, before: float, unit: float) -> float:
        """What a step must bring. Where noise cannot be what is left, and more terms can follow, that is more."""
        far = self.known and before > RULES.missed * len(self)
        return max(RULES.floor * unit, self.enough * before * far)

    def rows(self) -> tuple[Tensor, Tensor]:
        """Misfits (N,) and their slopes (N, K)."""
        blocks = list(self.data.linearised())
        r = [self._scale(n) * v for b in blocks for n, v in b.residuals.items()]
        j = [self._scale(n) * v for b in blocks for n, v in b.jacobians.items()]
        return torch.cat(r), torch.cat(j)

    def _scale(self, name: str) -> float:
        """One over what a misfit is counted in: the noise, in which it is given, or how much the data vary."""
        data = self.model.problem.data[name]
        if data.known:
            return 1.0
        values = next(
            data.points.measured[u] for u, e in zip(data.unknowns, data.equations, strict=True) if e.name == name
        )
        return 1.0 / (float(values.std(correction=0)) or float(values.abs().max()) or 1.0)

    # ------------------------------------------------------------ one step

    def step(self) -> bool:
        """Take one step, and with the same slopes what follows from it; whether there are more to take."""
        begin, before = self.model.vector(), self.misfit()
        (r, jacobian), again = self.rows(), False
        if not bool(torch.isfinite(r).all() & torch.isfinite(jacobian).all()):
            return False
        while self.damping <= RULES.most:
            unit = before / max(len(r) - len(begin), 1)
            change, foretold = self._proposed(r, jacobian, begin)
            last = foretold < RULES.settled**2 * unit and self.damping <= 1.0
            self.model.assign(begin + change)
            now = self.misfit()
            if now >= before:
                self.model.assign(begin)
                if last:  # it is shorter than what matters, and does harm
                    return False
                self.damping = max(RULES.more * self.damping, 1e-2)
                continue
            self.damping = max(RULES.less * self.damping, RULES.least)
            # what falls by so little is no longer led by the slopes: it is the error of the cells
            if last or not before - now > self._enough(before, unit):
                return False
            if not self._along(begin) or (again and now > RULES.serves * before):
                return True  # other slopes
            again = True
            begin, before, r = self.model.vector(), now, self.residuals()
        self.model.assign(begin)
        return False

    def _along(self, begin: Tensor) -> bool:
        """Whether it is still so near that the slopes serve."""
        return bool((self.model.vector() - begin).abs().max() <= RULES.near)

    def residuals(self) -> Tensor:
        return torch.cat([self._scale(n) * v for n, v in self.data.values().items()])

    def answer(self, r: Tensor, jacobian: Tensor) -> Tensor:
        """By how much a change r of the misfits moves what is sought, but along what data tell less than its size."""
        noise = (self.misfit() / max(len(r) - jacobian.shape[1], 1)) ** 0.5
        rows = torch.cat([jacobian, noise * torch.eye(jacobian.shape[1], dtype=r.dtype)])
        given = torch.cat([-r, r.new_zeros(jacobian.shape[1])])[:, None]
        return torch.linalg.lstsq(rows, given, rcond=RULES.weak, driver="gelsd").solution[:, 0]

    def _proposed(self, r: Tensor, jacobian: Tensor, begin: Tensor) -> tuple[Tensor, float]:
        """A damped step within its limits, and by how much it is foretold to lower the misfit."""
        scale = jacobian.norm(dim=0)
        scale = torch.where(scale > 0, scale, torch.ones_like(scale))
        rows = torch.cat([jacobian / scale, self.damping**0.5 * torch.eye(len(scale), dtype=r.dtype)])
        given = torch.cat([-r, r.new_zeros(len(scale))])[:, None]
        change = torch.linalg.lstsq(rows, given, driver="gelsd").solution[:, 0] / scale
        longest = torch.tensor(
            [RULES.longest if d.curved else math.inf for d in self.model.forward.sought.declared.values()]
        ).to(change)
        part = float((longest / change.abs().clamp(min=1e-300)).min().clamp(max=1.0))
        change = part * change
        return change, float(r.square().sum() - (r + jacobian @ change).square().sum())


def taken(trial: OfCells, solved: Solved, vector: Tensor) -> None:
    """Take over a solution and its constants."""
    trial.forward.assign(vector)
    if isinstance(solved, MarchedFor):
        assert isinstance(trial, Marched)
        trial.slabs = []
        trial.take(solved.trial.slabs)
    else:
        assert isinstance(solved, LinedFor)
        assert isinstance(trial, Lined)
        trial.take(solved.trial.edges, solved.trial.coefficients, settled=True)


def stepped(trial: OfCells, accuracy: Accuracy, objective: Objective, state: State) -> State:
    """One step of training: one of Gauss and Newton, with as many solutions as it takes until the misfit falls."""
    solver, kept, begun = ForConstants(trial, accuracy), None, state["march"]
    if begun:
        kept = solver.as_kept(trial)
    else:
        _begin(trial, objective)
    fit = Fitting(data_of(trial, solver, kept, objective.residuals), begun.get("damping", RULES.damping))
    fit.enough, fit.tolerance = RULES.rises * _may_rise(trial, fit), accuracy.tolerance
    more = fit.step()
    solved = fit.model.solved()
    if solved is not None:
        taken(trial, solved, fit.model.vector())
    kept_on: dict[str, Any] = {**begun, "damping": fit.damping}
    if solved is not None and not more:
        more = _rises(trial, fit, kept_on)
    trial.found = solved is not None and not more
    took = solver.spent.total
    objective.work.add(took)
    return {
        **state, "loss": min(fit.misfit(), 1e300), "done": not more, "stuck": solved is None, "rate": took,
        "points": {}, "march": kept_on,
    }  # fmt: skip


def _may_rise(trial: OfCells, fit: Fitting) -> bool:
    """Whether more terms of what is not said can follow: no more than data tell."""
    forward = trial.forward
    if forward.level + 1 >= forward.unsaid.levels:
        return False
    return len(forward.unsaid.declared(forward.level + 1)) <= RULES.share * len(fit)


def _rises(trial: OfCells, fit: Fitting, kept: dict[str, Any]) -> bool:
    """Whether more terms of what is not said are tried, as long as they pay; where they did not, the solution with
    fewer is taken again."""
    score = fit.score()
    if score >= kept.get("score", math.inf):
        trial.assign(kept["before"])
        return False
    if fit.rms() <= fit.tolerance or not _may_rise(trial, fit):
        return False  # what is left is the error of the cells
    kept |= {"score": score, "before": trial.vector()}
    trial.forward.rise(trial.forward.level + 1)
    return True


def _begin(trial: OfCells, objective: Objective) -> None:
    """From the constants that were found before, by other cells."""
    known = objective.guess() if objective.guess is not None else None
    if isinstance(known, OfCells):
        trial.forward.follow(known.forward)
    else:
        trial.forward.guess()


def enriched(trial: OfCells, known: OfCells, accuracy: Accuracy, objective: Objective) -> bool:
    """A known solution with two degrees more, and its constants moved by what that changes of the misfits; whether that
    was possible.

    The solution goes with them along its sensitivities. By how much they move is the error that the cells had made.
    """
    solver = ForConstants(trial, accuracy)
    trial.forward.follow(known.forward)
    before = solver.as_kept(known)
    rich = solver.richer(before) if before is not None else None
    if before is None or rich is None:
        return False
    poorer = Fitting(data_of(trial, solver, before, objective.residuals)).residuals()
    fit = Fitting(data_of(trial, solver, rich, objective.residuals))
    r, jacobian = fit.rows()
    tangents = rich.tangents()
    objective.work.add(solver.spent.total)
    if tangents is None or not bool(torch.isfinite(r).all()):
        return False
    change = fit.answer(r - poorer, jacobian)
    if float(change.abs().max()) > RULES.far:
        return False
    taken(trial, rich, fit.model.vector() + change)
    trial.add(torch.tensordot(change * fit.model.forward.slopes(), tangents, 1))
    trial.forward.moved, trial.found = change.abs(), True
    return True


def data_of(trial: OfCells, solver: ForConstants, kept: Solved | None, residuals: object) -> DataOfConstants:
    """The misfits to data as functions of the constants, from a known solution on."""
    assert isinstance(residuals, Residuals)
    return DataOfConstants(ByConstants(trial, solver, kept), residuals.places)
