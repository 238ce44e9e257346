"""Several networks trained on one problem from several seeds, one after the other."""

from __future__ import annotations

import math
import warnings
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Unpack

from pinnsolve.calls import worded
from pinnsolve.continuation import along
from pinnsolve.ensembles.pooled import pooled
from pinnsolve.ensembles.record import LEAST, Ensemble
from pinnsolve.errors import Outcome, ProblemError, did_you_mean, file_path, yes_or_no
from pinnsolve.machine.files import writable_folder
from pinnsolve.problem.problem import Problem
from pinnsolve.problem_file import declared
from pinnsolve.settings import Settings
from pinnsolve.solution import Solution
from pinnsolve.solve import Options, Prepared, prepare, roughly, warn_of, with_options
from pinnsolve.training.checkpointing import CHECKPOINT
from pinnsolve.training.history import Look, Training
from pinnsolve.training.progress import shown
from pinnsolve.trial.mean import Mean

MEMBER = "seed-{}"  # the folder of a member's checkpoint


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
            possible = ["members", *Options.__annotations__, "out", "resume", "progress"]
            raise ProblemError(f"ensemble(...) has no argument '{name}'", did_you_mean(name, possible))
    problem, given = declared(problem, options.pop("settings", None))
    settings = with_options(given, options)
    folder = None if out is None else writable_folder(file_path("out", out))
    yes_or_no("resume", resume)
    if resume and folder is None:
        raise ProblemError("resume=True needs the folder of the run", "Write ensemble(..., out=..., resume=True).")
    many("ensemble: members", members)

    def train(ready: Prepared) -> Training:
        with shown(progress, settings.budget) as told:
            return ready.loop.run(told)

    way = along(problem, settings, roughly, folder, resume)
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
