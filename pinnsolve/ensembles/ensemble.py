"""Several runs of one problem that differ by their seed alone: their mean, and the scatter of the method.

The spread is the standard deviation over the members,

    s(x)^2 = sum_k (u_k(x) - mean(x))^2 / (M - 1).

It measures how repeatable the method is over first weights and points. It is no confidence interval for the error: what
all members get wrong alike (an equation, a front that none of them resolves) does not show in it.

Source: deep ensembles, Lakshminarayanan, Pritzel & Blundell, NeurIPS 2017; here without any claim of calibration.
"""

from __future__ import annotations

import math
import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Unpack

import numpy as np
from torch import nn

from pinnsolve.calls import worded
from pinnsolve.continuation import along
from pinnsolve.ensembles.pooled import pooled
from pinnsolve.errors import Outcome, ProblemError, did_you_mean
from pinnsolve.machine.files import writable_folder
from pinnsolve.problem.problem import Problem
from pinnsolve.problem_file import declared
from pinnsolve.settings import Settings
from pinnsolve.solution import Evaluator, Solution
from pinnsolve.solve import Options, Prepared, plainly, prepare, warn_of, with_options
from pinnsolve.training.checkpointing import CHECKPOINT
from pinnsolve.training.history import Look, Training
from pinnsolve.training.progress import shown
from pinnsolve.trial.mean import Mean

LEAST = 2  # members: one alone has no spread; more would refuse what some have time for
MEMBER = "seed-{}"  # the folder of a member's checkpoint


class Ensemble(Solution):
    """The mean of several solutions of one problem, and their spread.

    It is used like any solution: `ensemble.u(x=..., t=...)` is the mean over the members, `ensemble.d("u", "x")` its
    derivative, `ensemble.residual(...)` the residual of the mean. Its `training` tells of all members together:
    seconds, steps, points and parameters are sums over them, residuals are those of the mean.

    Attributes
    ----------
    members : tuple of Solution
        Those in the mean.
    seeds : tuple of int
        Theirs.
    left_out : dict from seed to str
        Which members are not in the mean, and why.
    """

    def __init__(
        self, members: Mapping[int, Solution], left_out: Mapping[int, str] | None = None,
        training: Training | None = None,
    ) -> None:  # fmt: skip
        first = next(iter(members.values()))
        self.members, self.seeds, self.left_out = tuple(members.values()), tuple(members), dict(left_out or {})
        told = [f"the member of seed {seed} is left out of the mean: {why}" for seed, why in self.left_out.items()]
        findings = first.findings and replace(first.findings, warnings=[*first.findings.warnings, *told])
        kept = {} if training is None else {"method": training.method, "network": training.network}
        super().__init__(
            Mean([m.trial for m in self.members]), training, findings, first.settings | kept, first.problem
        )

    def spread(self, unknown: str, *coordinates: str) -> Evaluator:
        """The standard deviation over the members (ddof = 1), of an unknown or a derivative of it, as a function.

        `ensemble.spread("u")(x=..., t=...)` is in the unknown's own units, broadcasting like a ufunc. It is the scatter
        of the method over seeds, that is over first weights and points, not a confidence interval for the error: all
        members may be wrong alike.
        """
        fields = [member.d(unknown, *coordinates) for member in self.members]
        return lambda **places: np.std([field(**places) for field in fields], axis=0, ddof=1)

    def spreads(self, **places: Any) -> dict[str, Any]:
        """The standard deviation of every unknown at these places."""
        each = [member.everything(**places) for member in self.members]
        return {u: np.std([values[u] for values in each], axis=0, ddof=1) for u in self.problem.unknowns}

    @property
    def constants_spread(self) -> dict[str, float]:
        """The standard deviation over the members (ddof = 1) of each unknown constant."""
        values = [member.trial.constants.values() for member in self.members]
        return {name: float(np.std([v[name] for v in values], ddof=1)) for name in values[0]}

    def __repr__(self) -> str:
        names, seeds = ", ".join(self.problem.unknowns), ", ".join(map(str, self.seeds))
        return f"Ensemble({names} over {self.problem.domain!r}, seeds {seeds}, {self._ended})"

    def save(self, path: str | Path) -> None:
        """Write each member to a safetensors file of its own: `model.safetensors` becomes `model-0.safetensors` and so
        on, by seed; an earlier ensemble of that name is replaced."""
        path = Path(path)
        for old in _files(path).values():
            old.unlink()
        for seed, member in zip(self.seeds, self.members, strict=True):
            member.save(path.with_stem(f"{path.stem}-{seed}"))

    @classmethod
    def load(
        cls, path: str | Path, problem: Problem, network: nn.Module | None = None, device: str = "cpu"
    ) -> Ensemble:
        """Read the members that `save` wrote under this path; see `Solution.load`."""
        files = _files(Path(path))
        if len(files) < LEAST:
            raise ProblemError(f"there is no ensemble under {path}", "It is written by Ensemble.save, with this path.")
        return cls({seed: Solution.load(file, problem, network, device) for seed, file in files.items()})


@worded
def ensemble(
    problem: Problem | str | Path,
    members: int = 5,
    *,
    out: str | Path | None = None,
    resume: bool = False,
    progress: Callable[[Look], None] | bool | None = None,
    **options: Unpack[Options],
) -> Ensemble:
    """Train several networks on a problem, which differ by their seed alone.

    The spread of the result is the scatter of the method over seeds (first weights and points), not a confidence
    interval for the error: all members may be wrong alike. A network of the user's own begins from its own weights in
    every member, so that only the points differ.

    Parameters
    ----------
    problem : Problem, or the path of a problem file
    members : int
        How many, at least two. Their seeds are seed, seed + 1, ..., and each has the whole budget.
    out, resume, progress, options
        As for `solve`; each member has a folder for its checkpoint. Members that are finished are taken as they are.

    Returns
    -------
    Ensemble
        After Ctrl-C, of the members that are finished.

    Raises
    ------
    ProblemError
        As `solve`, for fewer than two members, and if fewer than two end with finite numbers.

    Warns
    -----
    RuntimeWarning
        For each member that is left out of the mean.
    NotConverged
        If one of the members ended without.
    """
    for name in options:
        if name not in Options.__annotations__:
            raise ProblemError(f"ensemble(...) has no argument '{name}'", did_you_mean(name, Options.__annotations__))
    problem, given = declared(problem, options.pop("settings", None))
    settings = with_options(given, options)
    folder = None if out is None else writable_folder(Path(out))
    if resume and folder is None:
        raise ProblemError("resume=True needs the folder of the run", "Write ensemble(..., out=folder, resume=True).")
    many("ensemble: members", members)

    def train(ready: Prepared) -> Training:
        with shown(progress, settings.budget) as told:
            return ready.loop.run(told)

    way = along(problem, settings, plainly, folder, resume)
    found = trained(way.problem, settings, members, train, folder, resume and way.resumes)
    for seed, why in found.left_out.items():
        warnings.warn(f"the member of seed {seed} is left out of the mean: {why}", RuntimeWarning, stacklevel=3)
    warn_of(found)
    return found


def many(what: str, members: Any) -> int:
    """A number of members that has a spread."""
    if isinstance(members, bool) or not isinstance(members, int) or members < LEAST:
        raise ProblemError(
            f"{what}={members!r} is no whole number from {LEAST} up", "One member alone has no spread; five is usual."
        )
    return members


@dataclass
class Gathering:
    """What the members have come to so far.

    `first` is the first member in the mean, on whose points the mean is measured; `spent` is all training, also that of
    members that are left out.
    """

    solutions: dict[int, Solution] = field(default_factory=dict)
    left_out: dict[int, str] = field(default_factory=dict)
    spent: list[Training] = field(default_factory=list)
    first: Prepared | None = None

    def take(self, ready: Prepared, training: Training) -> None:
        """Note a member that has ended."""
        seed = ready.settings.seed
        self.spent.append(training)
        finite = all(map(math.isfinite, training.held_out.values()))
        if training.outcome.kind in ("non-finite", "interrupted") or not finite:
            self.left_out[seed] = f"{training.outcome}" if finite else f"its residual is not finite; {training.outcome}"
            return
        self.solutions[seed] = ready.solution(training)
        self.first = self.first or ready


def trained(
    problem: Problem, settings: Settings, members: int, train: Callable[[Prepared], Training],
    folder: Path | None = None, resume: bool = False,
) -> Ensemble:  # fmt: skip
    """Let `train` train one member after the other; see `ensemble`."""
    if problem.ranges:
        raise ProblemError(
            f"an ensemble takes no parameters as inputs ({', '.join(problem.ranges)})",
            f"Give values, as in problem.with_parameters({{{next(iter(problem.ranges))!r}: ...}}) or --set.",
        )
    seeds = range(settings.seed, settings.seed + members)
    if folder is not None and not resume:
        _forget(folder)
    so_far, interrupted = Gathering(), False
    for seed in seeds:
        try:
            ready = _begun(problem, replace(settings, seed=seed), folder, resume, needed=seed == seeds[0])
            training = train(ready)
        except KeyboardInterrupt:  # not within training, or twice: what is not at the end of a step is not kept
            interrupted = True
            break
        so_far.take(ready, training)
        interrupted = training.outcome.kind == "interrupted"
        if interrupted:
            break
    rest = [s for s in seeds if s not in so_far.solutions and s not in so_far.left_out]
    so_far.left_out |= dict.fromkeys(rest, "not trained, since the run was interrupted")
    return _ended(so_far, members, interrupted)


def _begun(problem: Problem, settings: Settings, folder: Path | None, resume: bool, needed: bool) -> Prepared:
    """A member ready to be trained, taken up from its checkpoint where there is one (or must be one)."""
    own = None if folder is None else folder / MEMBER.format(settings.seed)
    ready = prepare(problem, settings, own)
    if own is not None and resume and (needed or (own / CHECKPOINT).exists()):
        ready.resume()
    elif own is not None:
        with suppress(OSError):  # a checkpoint that cannot be written is told of, and ends nothing
            own.mkdir(exist_ok=True)
        ready.loop.keep()
    return ready


def _ended(so_far: Gathering, members: int, interrupted: bool) -> Ensemble:
    done = len(so_far.solutions)
    if done < LEAST and interrupted:
        raise KeyboardInterrupt(f"interrupted with {done} of {members} members finished, and a mean needs {LEAST}")
    if done < LEAST or so_far.first is None:
        reasons = "; ".join(f"seed {seed}: {why}" for seed, why in so_far.left_out.items())
        raise ProblemError(f"only {done} of {members} members ended with finite numbers", reasons)
    mean = Mean([solution.trial for solution in so_far.solutions.values()])
    points = so_far.first.loop.state.points
    points.take(mean)
    outcome = _outcome(so_far, members, interrupted)
    training = pooled(so_far.solutions, so_far.spent, outcome, points.training.rms(), points.held_out.rms())
    return Ensemble(so_far.solutions, so_far.left_out, training)


def _outcome(so_far: Gathering, members: int, interrupted: bool) -> Outcome:
    """How the members ended, in one; among those in the mean, what is not converged gives it its name and remedy."""
    if interrupted:
        told = f"by the user with {len(so_far.solutions)} of {members} members finished"
        return Outcome("interrupted", told, "go on with --resume")
    kinds = Counter(training.outcome.kind for training in so_far.spent)
    told = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    kept = [solution.training.outcome for solution in so_far.solutions.values() if solution.training is not None]
    worst = next((o for o in kept if o.kind != "converged"), kept[0])
    return Outcome(
        worst.kind, f"all {members} members" if len(kinds) == 1 else f"{members} members: {told}", worst.remedy
    )


def _forget(folder: Path) -> None:
    """Take away the checkpoints of an earlier run: a later --resume shall not take its members for ours."""
    for old in [folder / CHECKPOINT, *folder.glob(f"{MEMBER.format('*')}/{CHECKPOINT}")]:
        old.unlink(missing_ok=True)


def _files(path: Path) -> dict[int, Path]:
    """The members that are saved under a path, by seed."""
    found = {file.stem.removeprefix(f"{path.stem}-"): file for file in path.parent.glob(f"{path.stem}-*{path.suffix}")}
    return {int(seed): found[seed] for seed in sorted((s for s in found if s.isdecimal()), key=int)}
