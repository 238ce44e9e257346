"""Continuation in a parameter: a problem is solved for value after value, each solution the guess of the next."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Any

from torch import nn

from pinnsolve.machine import checkpoint
from pinnsolve.problem.path import Values, path_of, words_of
from pinnsolve.problem.problem import Problem
from pinnsolve.settings import Settings
from pinnsolve.solution import Solution

Solver = Callable[[Problem, Settings], Solution]
KEPT = "continued.pt"  # how far the way was gone; beside it the solution that it came to


@dataclass(frozen=True)
class Rules:
    """How the values before the last are solved for. Chosen, not measured.

    Parameters
    ----------
    tolerance : float
        Of these solutions at the least, since they are guesses. Smaller: time for digits that nobody sees.
    share : float
        Of the budget, for all of them. Larger: less for the solution that is asked for.
    near : float
        The estimated error of a solution that is good enough to begin with, though its run did not converge.
    left : float
        Of the residual (rms) before training: what may be left of it there.
    between : int
        Values that are put between two, in all, where the second is too far from the first. More: a longer way before
        it is given up.
    """

    tolerance: float = 1e-2
    share: float = 0.6
    near: float = 0.2
    left: float = 0.02
    between: int = 6


RULES = Rules()


@dataclass
class Way:
    """The values that were solved for, and what became of it.

    Parameters
    ----------
    problem : Problem
        At the last values, with the last solution as its guess; as it is where nothing is continued.
    seconds : float
        That the solutions before took.
    told : str
        The values in words.
    warnings : list of str
        Of values at which no solution was found.
    resumes : bool
        Whether a checkpoint of the last values can be taken up: not where the way to them was not gone to its end.
    """

    problem: Problem
    seconds: float = 0.0
    told: str = ""
    warnings: list[str] = field(default_factory=list)
    resumes: bool = True


@dataclass
class Going:
    """How far the way is gone.

    Parameters
    ----------
    ahead, solved : list of values
        Still to be solved for, and solved for.
    added : int
        How many of them were put between two.
    seconds : float
    warnings : list of str
    known : Solution, optional
        At the last of `solved`.
    """

    ahead: list[Values]
    solved: list[Values] = field(default_factory=list)
    added: int = 0
    seconds: float = 0.0
    warnings: list[str] = field(default_factory=list)
    known: Solution | None = None

    def take(self, found: Solution, now: Values) -> None:
        """Go on from a solution, or put a value before one that has none."""
        if _good(found):
            self.known, self.solved = found, [*self.solved, now]
        elif self.solved and self.added < RULES.between and not _unfinished(found):
            self.added += 1
            self.ahead = [_between(self.solved[-1], now), now, *self.ahead]
        else:
            why = found.outcome.kind if found.outcome is not None else "unfinished"
            self.warnings.append(f"on the way no solution was found at {words_of(now)} ({why})")

    def keep(self, folder: Path, path: list[Values]) -> None:
        """Write it, if the folder takes it: whoever resumes goes on from here."""
        stored = {name: getattr(self, name) for name in ("ahead", "solved", "added", "seconds", "warnings")}
        with suppress(OSError):
            if self.known is not None:
                self.known.save(_model(folder, self.solved))
            checkpoint.write(folder / KEPT, {"path": {"values": str(path)}, "state": stored})
            _forget_models(folder, self.solved)

    @classmethod
    def taken_up(cls, folder: Path, problem: Problem, path: list[Values], settings: Settings) -> Going:
        """As it was kept.

        Raises
        ------
        ProblemError
            If there is nothing, or it belongs to other values or another problem.
        """
        stored = checkpoint.read(folder / KEPT)
        fault = f"the continuation in {folder} went another way"
        checkpoint.same(
            fault, stored["path"], {"values": str(path)}, "Give the same values, or start without --resume."
        )
        found = cls(**stored["state"])
        if found.solved:
            own = settings.network if isinstance(settings.network, nn.Module) else None
            there = problem.with_parameters(found.solved[-1])
            found.known = Solution.load(_model(folder, found.solved), there, own, settings.device)
        return found


def along(
    problem: Problem, settings: Settings, solver: Solver, folder: Path | None = None, resumed: bool = False,
    told: Callable[[str], None] = lambda line: None,
) -> Way:  # fmt: skip
    """Solve a problem for all values of `settings.continuation` but the last.

    Parameters
    ----------
    settings : Settings
    solver : callable
        Makes a solution of a problem.
    folder : Path, optional
        Where it is kept how far the way is gone.
    resumed : bool
        Whether a run in that folder is gone on with.
    told : callable str -> None
        Is told of each value as soon as it is solved for.

    Raises
    ------
    ProblemError
        If the values are none that a parameter can have, or nothing can be gone on with.
    KeyboardInterrupt
        After Ctrl-C.
    """
    if settings.continuation is None:
        return Way(problem)
    path = path_of(problem, settings.continuation)
    going = Going(path[:-1])
    if folder is not None and resumed:
        going = Going.taken_up(folder, problem, path, settings)
    elif folder is not None:
        (folder / KEPT).unlink(missing_ok=True)
        _forget_models(folder, [])
    whole = not going.ahead
    while going.ahead:
        began, now = perf_counter(), going.ahead.pop(0)
        left = RULES.share * settings.budget - going.seconds
        if left <= 0:
            going.warnings.append(f"the continuation ended before {words_of(now)}: its part of the budget is used")
            going.ahead = []
        else:
            share = left / (len(going.ahead) + 2)
            found = solver(_posed(problem, now, going.known), replace(settings, budget=share, continuation=None))
            if found.outcome is not None and found.outcome.kind == "interrupted":
                goes_on = "; --resume goes on there" * (folder is not None)
                raise KeyboardInterrupt(f"interrupted on the way, at {words_of(now)}{goes_on}")
            told(f"{words_of(now)}: {found.outcome}")
            going.take(found, now)
        going.seconds += perf_counter() - began
        if folder is not None:
            going.keep(folder, path)
    last, solved = problem.with_parameters(path[-1]), going.solved
    names = f"continued from {'; '.join(map(words_of, solved))}" if solved else "no solution was found on the way"
    last = last if going.known is None else last.replaced(guess=going.known)
    return Way(last, going.seconds, names, going.warnings, resumes=whole or not resumed)


def _model(folder: Path, solved: list[Values]) -> Path:
    return (folder / KEPT).with_name(f"continued-{len(solved)}.safetensors")


def _forget_models(folder: Path, solved: list[Values]) -> None:
    """Take the solutions away that another one has replaced."""
    for old in folder.glob("continued-*.safetensors"):
        if not solved or old != _model(folder, solved):
            old.unlink(missing_ok=True)


def _posed(problem: Problem, values: Values, known: Solution | None) -> Problem:
    changes: dict[str, Any] = {"reference": None, "tolerance": max(RULES.tolerance, problem.tolerance)}
    if known is not None:
        changes["guess"] = known
    return problem.with_parameters(values).replaced(**changes)


def _good(found: Solution) -> bool:
    """Whether it is near enough to a solution."""
    training = found.training
    if training is None or not found.trial.complete or training.outcome.kind == "non-finite":
        return False
    return found.converged or (training.left < RULES.left and (found.estimate or 0.0) < RULES.near)


def _unfinished(found: Solution) -> bool:
    """Whether it came near and lacked time: it is not too far, and another one between has less time still."""
    training = found.training
    return training is not None and training.outcome.kind == "budget" and training.left < RULES.left


def _between(before: Values, after: Values) -> Values:
    """Halfway: of positive numbers by their ratio."""
    return {n: math.sqrt(before[n] * b) if before[n] > 0 and b > 0 else (before[n] + b) / 2 for n, b in after.items()}
