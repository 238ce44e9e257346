"""Where a small residual is no sign of a small error: the outcome of a run is then another, and it has no estimate."""

from __future__ import annotations

import math
from collections.abc import Mapping

from pinnsolve.checks.linearity import linear
from pinnsolve.errors import Outcome
from pinnsolve.line.cells import Cells
from pinnsolve.methods.line_condition import LIMITS, answers_to_noise, cells_like, turns_singular
from pinnsolve.methods.line_solving import cells_of
from pinnsolve.problem.probes import Size
from pinnsolve.training import uniqueness
from pinnsolve.training.error_estimate import unsolved
from pinnsolve.training.integrals import counted, missed, unheld
from pinnsolve.training.rounding import terms
from pinnsolve.training.run import Run
from pinnsolve.training.unseen import seen_by_differences, undetermined
from pinnsolve.trial.line import read_line
from pinnsolve.trial.lined import Lined
from pinnsolve.trial.of_cells import OfCells
from pinnsolve.trial.trial import Trial

Judged = tuple[Outcome, float | None]
ENDED = ("converged", "plateau")  # outcomes after which nothing more is tried
STOPPED = ("budget", "steps")  # outcomes after which more may be tried


def doubted(run: Run, outcome: Outcome, error: float | None, held_out: Mapping[str, float]) -> Judged:
    """The outcome and the estimated error of a run, after all doubts.

    Parameters
    ----------
    run : Run
        With the solution that is handed out.
    outcome : Outcome
    error : float, optional
    held_out : dict from residual name to float
        Root mean squares of the solution's.
    """
    if outcome.kind == "non-finite":
        return outcome, error
    ended = outcome.kind in ENDED
    if blind := _blind(run):
        return blind if ended else outcome, None
    if ended or outcome.kind in STOPPED:
        answer = _answer_along(run) if asked_whether_alone(run) else 0.0
        if change := _free_change(run, ended, answer) or _branches(run) or _leaves_open(run):
            return uniqueness.undetermined(change), None
        if LIMITS.most < answer < math.inf:  # a small residual says nothing of the error
            error = None
        elif 0 < answer < math.inf and answer * _share_left(run, held_out) > LIMITS.wrong:
            outcome, error = _amplified(outcome), None
    share = missed(run)
    told = _told_by_error(run, outcome, error, held_out, share)
    if told is not None:
        return told
    rough = seen_by_differences(run.trial, run.points.held_out)
    if rough.share > max(run.tolerance / 3, 10 * (error or 0.0)):  # less is told by the estimate, as where cells join
        return undetermined(rough, run.trial.problem.coordinates), None
    by_points = not run.trial.fluxes  # beside a flux a residual of nothing says nothing
    if outcome.kind == "converged" and by_points and not any(run.first.values()):
        zero = not any(bool(v.any()) for v in run.points.values().values())
        what = "zero" if zero else "what is prescribed, continued inwards,"
        if zero or not (isinstance(run.trial, OfCells) and run.trial.plan.flows):  # cells of a flow begin at rest
            outcome, error = Outcome("converged", f"{what} meets all equations and conditions, and {_alone(run)}"), None
    return counted(outcome, error, share), None if error is None else max(error, rough.share, share)


def _free_change(run: Run, ended: bool, answer: float) -> str:
    """How another solution may differ from this one, in words, by its answer to noise; empty where it is alone, or
    where that is not known."""
    limit = LIMITS.most
    if answer <= limit:
        if isinstance(run.trial, Lined) or not asked_whether_alone(run):
            return ""
        answer = math.inf  # told by cells that come close to it, in which others may not be seen
    told = uniqueness.free_change(run.trial, run.points.places, run.settings.budget, ended)
    if told or not (ended and math.isfinite(answer)):
        return told
    return f"noise of one part in {limit:.0e} of their terms changes it by its own size"


def _amplified(outcome: Outcome) -> Outcome:
    """The outcome where what is left of the equations may be amplified to an error of any size."""
    if outcome.kind != "converged":
        return outcome
    told = "what is left of the equations may change the solution by a tenth of its size and more"
    return Outcome("plateau", told, "solve it without network=, method= and stages=, or with a larger budget=")


def _alone(run: Run) -> str:
    """How far a solution is the only one, in words: of what is not linear and has no start, no other is near."""
    problem = run.trial.problem
    points, time = problem.domain.line(), problem.domain.time
    marched = time is not None and all(p.coordinate != time for p in problem.periodic)
    if marched or all(linear(problem, e, points) for e in problem.equations):
        return "is alone in that"
    return "no other lies near it; what is not linear may have others far away: guess= leads to one"


def _branches(run: Run) -> str:
    """How solutions may leave zero at any time, as those of (u')^2 = 4u: at zero no equation asks for the highest rate
    that one asks for elsewhere, and the start says nothing. Empty where all are asked for."""
    problem = run.trial.problem
    if problem.domain.time is None or any(bool(v.any()) for v in run.points.values().values()):
        return ""
    axis, nothing = problem.coordinates.index(problem.domain.time), dict.fromkeys(problem.unknowns, Size(0.0, 0.0))

    def highest(sizes: Mapping[str, Size] | None) -> dict[str, int]:
        answers = [problem.prober.inside(e, sizes) for e in problem.equations]
        return {u: max((alpha[axis] for a in answers for alpha in a.of(u)), default=0) for u in problem.unknowns}

    there, at_rest = highest(None), highest(nothing)
    lost = [u for u in problem.unknowns if at_rest[u] < there[u]]
    return f"at zero they do not ask for the rate of {' and '.join(lost)}, and others may branch off" if lost else ""


def _leaves_open(run: Run) -> str:
    """Where in time the equations stop to ask for the highest rates, as v^2 = u, u' = -v where v becomes zero: from
    there on a solution may stay, and leave at any time. Empty where they ask for all."""
    problem, trial = run.trial.problem, run.trial
    if problem.domain.time is None or len(problem.coordinates) > 1 or not asked_whether_alone(run):
        return ""
    cells = _cells_along(trial)
    if cells is None or cells.scheme.line.begin is None or (place := turns_singular(cells)) is None:
        return ""
    time = problem.domain.time
    return f"at {time} = {place:.3g} they stop to ask for the highest rates, and others may branch off"


def _answer_along(run: Run) -> float:
    """How a solution along one coordinate answers to noise; infinite where that is not known, or of another kind."""
    trial = run.trial
    if len(trial.problem.coordinates) > 1:
        return math.inf
    cells = _cells_along(trial)
    return math.inf if cells is None else answers_to_noise(cells, len(trial.problem.unknowns))


def _cells_along(trial: Trial) -> Cells | None:
    """A solution along one coordinate as cells: its own, or some that stand for it; nothing where it cannot be read."""
    if isinstance(trial, Lined):
        return cells_of(trial)
    line = read_line(trial.problem, trial.plan)
    return None if line is None else cells_like(trial, line)


def _share_left(run: Run, held_out: Mapping[str, float]) -> float:
    """What a solution along one coordinate leaves of the terms of its equations, as noise in them; zero of cells, which
    tell by themselves what they lack."""
    if isinstance(run.trial, Lined):
        return 0.0
    made = terms(run.points.held_out)
    return max(held_out[e.name] / (made[e.name] or math.inf) for e in run.trial.problem.equations)


def _told_by_error(
    run: Run, outcome: Outcome, error: float | None, held_out: Mapping[str, float], unknown: float
) -> Judged | None:  # fmt: skip
    """What holds where so much is wrong, or of integrals so much unknown, that nothing else need be looked at; None
    where it may be right."""
    if run.trial.plan.narrow and unsolved(run.gathered().first, held_out):
        return outcome, None  # what is not met in a narrow place spoils a solution by any amount
    if error is not None and 10 * error >= 1.0 and outcome.kind not in ENDED:
        return outcome, error  # a share of jumps is at most one, and told by that
    return (unheld(unknown), None) if unknown > max(run.tolerance / 3, 10 * (error or 0.0)) else None


def to_be_found(run: Run) -> bool:
    """Whether there is something beside the solution of which the end of a run says how well it is known."""
    problem = run.trial.problem
    return bool(problem.data or problem.constants or problem.functions)


def _blind(run: Run) -> Outcome | None:
    """Why the residual at points says nothing of the error, as the check before training saw it."""
    plan = run.trial.plan
    if plan.unseen and not run.trial.fluxes:
        told = f"residuals at points do not say how the solution goes on across {' and '.join(plan.unseen)}"
        remedy = "write a first-order system, with the flux as an unknown, or the coefficient as a Piecewise parameter"
        return Outcome("undetermined", told, remedy)
    if plan.undecided:
        remedy = (
            "write it with functions of torch that vary on a length which points can see; where it is a flux that no "
            "point sees, write a first-order system, with the flux as an unknown"
        )
        return Outcome("undetermined", " and ".join(plan.undecided), remedy)
    return None


def asked_whether_alone(run: Run) -> bool:
    """Whether it is asked if another solution is as good. What data tell is said by their standard errors."""
    return run.trial.complete and bool(run.trial.problem.equations) and not to_be_found(run)
