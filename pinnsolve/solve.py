"""The conductor: the one place that knows the whole order, from a problem to its solution."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

import torch
from torch import nn

from pinnsolve.calls import worded
from pinnsolve.checks.check import Findings, check
from pinnsolve.checks.precision import check_precision
from pinnsolve.checks.signature import as_told, guessed_signature, kept_signature
from pinnsolve.checks.substitution import contradiction, misfits
from pinnsolve.continuation import Way, along
from pinnsolve.errors import NotConverged, ProblemError, file_path, yes_or_no
from pinnsolve.geometry.cube import Sampler
from pinnsolve.geometry.sampling import Redraw
from pinnsolve.machine.files import writable_folder
from pinnsolve.machine.shared import shared
from pinnsolve.machine.world import ALONE, World
from pinnsolve.methods.protocol import Held, Method
from pinnsolve.modes.found import solved
from pinnsolve.networks.local_features import LocalFeatures
from pinnsolve.networks.mlp import Network
from pinnsolve.problem.problem import Problem
from pinnsolve.problem_file import declared
from pinnsolve.residuals import sites
from pinnsolve.settings import Balance, Settings
from pinnsolve.solution import Solution
from pinnsolve.training.checkpointing import Checkpoint
from pinnsolve.training.expected import check_memory, most_features
from pinnsolve.training.first_evaluation import check_smooth, noted
from pinnsolve.training.for_data import for_data
from pinnsolve.training.history import Look, Training
from pinnsolve.training.loop import Loop
from pinnsolve.training.progress import shown
from pinnsolve.training.run import Run
from pinnsolve.training.strategy import NOISE, Strategy
from pinnsolve.trial.crossings import not_inside
from pinnsolve.trial.determined import UnmarchableError
from pinnsolve.trial.evolution import Evolution
from pinnsolve.trial.exact import Plan, verified
from pinnsolve.trial.line import Line
from pinnsolve.trial.of_cells import OfCells
from pinnsolve.trial.of_network import check_layer, read_for_cells, trial_of
from pinnsolve.trial.trial import Trial
from pinnsolve.trial.viscous import Law, read_law, without_leaps


@dataclass(frozen=True)
class Prepared:
    """A problem ready to be trained."""

    problem: Problem
    findings: Findings
    settings: Settings
    loop: Loop

    def resume(self) -> None:
        """Take up the checkpoint in the run's folder."""
        assert self.loop.checkpoint is not None
        self.loop.checkpoint.resume(self.loop.state)

    def begin_after(self, way: Way) -> None:
        """Go on from the solutions for other values of a parameter, if there are any; what they took counts."""
        run = self.loop.state
        run.clock.seconds += way.seconds
        run.choice += [way.told] * bool(way.told)
        self.findings.warnings.extend(way.warnings)

    def solution(self, training: Training | None = None) -> Solution:
        """The solution as it stands."""
        against = self.findings.contradiction
        if training is not None and training.outcome.kind == "converged" and against:
            training = training.contradicted(against, "correct the one or the other")
        kept = {} if training is None else {"method": training.method, "network": training.network}
        return Solution(self.loop.state.trial, training, self.findings, self.settings.described() | kept, self.problem)


class Options(TypedDict, total=False):
    """The options that `solve` and `ensemble` have in common; see `Settings` for what they mean."""

    settings: Settings | None
    method: Method | str | Sequence[Method | str] | None
    network: Network | LocalFeatures | nn.Module | None
    cells: str | None
    budget: float | None
    points: int | None
    condition_points: int | None
    held_out: int | None
    validation: float | None
    sampler: Sampler | None
    redraw: Redraw | bool | None
    weights: float | Mapping[str, float] | Balance | None
    seed: int | None
    device: str | None
    dtype: torch.dtype | None
    memory: str | None
    continuation: Mapping[str, Sequence[float]] | None


@worded
def solve(
    problem: Problem | str | Path,
    *,
    settings: Settings | None = None,
    method: Method | str | Sequence[Method | str] | None = None,
    network: Network | LocalFeatures | nn.Module | None = None,
    cells: str | None = None,
    budget: float | None = None,
    points: int | None = None,
    condition_points: int | None = None,
    held_out: int | None = None,
    validation: float | None = None,
    sampler: Sampler | None = None,
    redraw: Redraw | bool | None = True,
    weights: float | Mapping[str, float] | Balance | None = None,
    seed: int | None = None,
    device: str | None = None,
    dtype: torch.dtype | None = None,
    memory: str | None = None,
    continuation: Mapping[str, Sequence[float]] | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    progress: Callable[[Look], None] | bool | None = None,
) -> Solution:
    """Train a network on a problem; under `torchrun` on all processes together, each of which calls this and gets the
    same solution.

    Parameters
    ----------
    problem : Problem, or the path of a problem file
        Of a file, its `settings` hold where no others are given.
    settings : Settings, optional
        All options at once; each of the others, where given, replaces one of them. See `Settings` for what they mean;
        `redraw=None` (or False) keeps the first points.
    out : path, optional
        A folder for checkpoints.
    resume : bool
        Take up the checkpoint in that folder.
    progress : bool or callable Look -> None, optional
        True shows a line that says how far training is, False none; by default there is one in a notebook. A callable
        is told each line of the history.

    Returns
    -------
    Solution

    Raises
    ------
    ProblemError
        If the problem or an option is wrong, or a residual is not finite at the first evaluation.

    Warns
    -----
    NotConverged
        If the run ends without: `solution.outcome` says why and what to do, `solution.estimate` how far it may be off.

    Examples
    --------
    >>> from pinnsolve import Problem, d, initial
    >>> decay = Problem(time=(0, 1), unknowns="u", equations=lambda u, t: d(u, t) + u, conditions=[initial(u=1)])
    >>> solution = solve(decay)
    >>> solution.converged, solution.estimate < 1e-3, solution.outcome.kind
    (True, True, 'converged')
    >>> print(f"{solution.u(t=1.0):.6f}")
    0.367879
    """
    problem, settings = declared(problem, settings)
    yes_or_no("resume", resume)
    chosen = with_options(
        settings,
        {
            "method": method, "network": network, "budget": budget, "points": points,
            "condition_points": condition_points, "held_out": held_out, "validation": validation, "sampler": sampler,
            "redraw": redraw, "weights": weights, "seed": seed, "device": device, "dtype": dtype,
            "memory": memory, "continuation": continuation, "cells": cells,
        },
    )  # fmt: skip
    if problem.eigenvalues:
        solution = solved(problem, chosen, resume or chosen.continuation is not None)
        warn_of(solution)
        return solution
    if resume and out is None:
        raise ProblemError("resume=True needs the folder of the run", "Write solve(problem, out=folder, resume=True).")
    folder = writable_folder(file_path("out", out)) if out is not None else None
    with shared() as world:
        way = along(problem, chosen, roughly, folder if world.size == 1 else None, resume)
        ready = prepare(way.problem, chosen, folder, world)
        ready.begin_after(way)
        if resume and way.resumes:
            ready.resume()
        with shown(progress if world.first else False, chosen.budget) as told:
            solution = ready.solution(ready.loop.run(told))
    if world.first:
        warn_of(solution)
    return solution


def roughly(problem: Problem, settings: Settings) -> Solution:
    """A solution of a problem that another one begins with, with nothing said or kept on the way."""
    ready = prepare(problem, settings, rough=True)
    return ready.solution(ready.loop.run())


def warn_of(solution: Solution) -> None:
    """Warn the one who called `solve` or `ensemble` where the run ended without convergence."""
    if solution.outcome is not None and not solution.converged:
        warnings.warn(NotConverged(solution.outcome), stacklevel=4)


def with_options(settings: Settings | None, options: Options) -> Settings:
    """Settings with some options replaced: those that are given."""
    given = {name: value for name, value in options.items() if name != "redraw"}
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if (redraw := options.get("redraw", True)) is not True:
        changes["redraw"] = None if redraw is False else redraw
    return dataclasses.replace(settings or Settings(), **changes)


def prepare(
    problem: Problem, settings: Settings, folder: Path | None = None, world: World = ALONE, rough: bool = False
) -> Prepared:  # fmt: skip
    """All before the first step: checks, exact conditions, network, points, first evaluation; `rough`: of a guess."""
    if problem.eigenvalues:  # for a number in its place the solution would be zero
        raise ProblemError("this problem has modes, and they are found by solve(problem) alone", "See modes(problem).")
    asked, problem = problem, as_told(problem)
    settings = for_data(problem, settings)
    missed = misfits(problem)
    seen = check(problem)
    findings = dataclasses.replace(seen, contradiction=contradiction(problem, missed) or seen.contradiction)
    findings.warnings.extend(map(str, missed))
    check_precision(problem, settings.dtype, findings.sizes)
    if settings.validation and not problem.observations:
        fault = f"validation={settings.validation:g} holds out measurements, and the problem has none"
        remedy = "Leave it out; held-out points of the equations are always there. Or add conditions=[observed(...)]."
        raise ProblemError(fault, remedy)
    made, more = verified(problem, findings)
    generator, (read, law) = torch.Generator().manual_seed(settings.seed), _read(problem, made, settings)
    made, law, leaps = without_leaps(made, law)

    def build(network: Network | LocalFeatures | nn.Module, generator: torch.Generator) -> Trial:
        trial = trial_of(problem, network, made, generator, settings.dtype, settings.device)
        if isinstance(trial, OfCells):
            trial.read, trial.law = read, law
        return trial

    about = kept_signature(problem) | guessed_signature(problem)
    identity = {"problem": about, "settings": {k: str(v) for k, v in settings.described().items()}}
    strategy = Strategy(
        settings.stages, settings.budget, problem.tolerance, automatic=settings.automatic,
        cells=0 if read is None else max(1, len(problem.space_coordinates)), only=bool(problem.lines),
        law=law.start if law is not None else "", noise=NOISE * bool(problem.observations),
        coordinates=len(problem.coordinates), ranges=bool(problem.ranges), largest=most_features(settings.room),
        rough=rough,
    )  # fmt: skip
    outputs = len(problem.unknowns) * (1 if problem.parts is None else problem.parts.count)  # layers of features
    places = sites(problem, made)
    if not settings.automatic and any(isinstance(method, Held) for method in settings.methods):
        check_memory(build(settings.stages[0].network, torch.Generator().manual_seed(0)), places, settings)
    run = Run.begun(build, places, settings, generator, strategy.first(outputs), world)
    check_smooth(run.trial, findings)
    findings.warnings.extend(more + leaps + noted(run))
    return Prepared(asked, findings, settings, Loop(run, strategy, Checkpoint(folder, identity) if folder else None))


def _read(problem: Problem, made: Plan, settings: Settings) -> tuple[Evolution | Line | None, Law | None]:
    """What cells need to know of a problem, and of conservation laws; nothing where an automatic run goes without them.

    Raises
    ------
    ProblemError
        If the settings ask for cells, and these cannot solve it.
    """
    cells = settings.automatic or isinstance(settings.stages[0].network, LocalFeatures)
    if not (cells or problem.lines):
        return None, None
    law = read_law(problem, made) if settings.automatic and settings.dtype == torch.float64 else None
    try:
        if not cells:
            raise UnmarchableError("no other network ends there")
        if settings.dtype != torch.float64:
            raise UnmarchableError("cells are solved in float64: rounding in float32 is larger than what they leave")
        check_layer(problem, next(s.network for s in settings.stages if isinstance(s.network, LocalFeatures)))
        return read_for_cells(problem, made), law
    except UnmarchableError as error:
        if problem.lines:
            raise not_inside(problem, str(error)) from None
        if settings.automatic and settings.cells == "legendre":
            return None, law
        raise ProblemError(
            f"LocalFeatures cannot solve this problem: {error}",
            "Leave method, network and cells out, or write network=MLP().",
        ) from None
