"""Steps of training that find unknown constants over cells, and the same constants with richer cells."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from pinnsolve.march.record import Accuracy
from pinnsolve.methods.by_constants import ForConstants
from pinnsolve.methods.fitting import Fitting
from pinnsolve.methods.fitting_rules import RULES
from pinnsolve.methods.protocol import Objective, State
from pinnsolve.problem.expansion import Reach
from pinnsolve.residuals import Residuals
from pinnsolve.residuals.costs import JOINED
from pinnsolve.residuals.of_constants import DataOfConstants
from pinnsolve.trial.by_constants import ByConstants, Solved
from pinnsolve.trial.marched import Marched
from pinnsolve.trial.matched import match
from pinnsolve.trial.of_cells import OfCells
from pinnsolve.trial.reach import RULES as REACH
from pinnsolve.trial.reach import reached


def taken(trial: OfCells, solved: Solved, vector: Tensor) -> None:
    """Take over a solution and its constants."""
    trial.forward.assign(vector)
    solved.give(trial)


def stepped(trial: OfCells, accuracy: Accuracy, objective: Objective, state: State) -> State:
    """One step of training: some of Gauss and Newton's, each with as many solutions as it takes until the misfit
    falls."""
    solver, begun = ForConstants(trial, accuracy), state["march"]
    fit = _taken_up(trial, solver, accuracy, objective, begun)
    more, solved = _moved(trial, fit, solver, accuracy, exact=begun.get("exact", False))
    kept_on: dict[str, Any] = {**begun, "damping": fit.damping, "anew": False}
    if solved is not None:
        kept_on["asked"] = solved.asked or accuracy.tolerance
    if not more and not kept_on.get("elsewhere") and (solved is None or fit.poor):
        kept_on["elsewhere"] = more = True
        trial.forward.assign(fit.elsewhere())
        fit.model.assign(trial.forward.vector())
        if (solved := fit.model.solved()) is not None:
            taken(trial, solved, fit.model.vector())
            kept_on |= {"damping": RULES.damping, "asked": solved.asked or accuracy.tolerance}
    elif solved is not None and not more:
        told_anew = not fit.poor and _stretched(
            trial, solver, objective, kept_on
        )  # a wrong solution says nothing of that
        more = told_anew or _rises(trial, fit, kept_on, solved.left)
        if not more and kept_on["asked"] > accuracy.tolerance:  # constants are found; now with what is asked of cells
            kept_on["exact"] = kept_on["anew"] = more = True
    wrong = solved is None or (fit.poor and not fit.pressed)
    trial.found = not wrong and not more
    took = solver.spent.total
    objective.work.add(took)
    return {
        **state, "loss": min(fit.misfit(), 1e300), "done": not more, "stuck": solved is None or (wrong and not more),
        "rate": took,
        "points": {}, "march": kept_on,
    }  # fmt: skip


def _taken_up(
    trial: OfCells, solver: ForConstants, accuracy: Accuracy, objective: Objective, begun: Mapping[str, Any]
) -> Fitting:
    """The fit as it stands."""
    if not begun:
        _begin(trial, objective)
        solver.ask(_asked(trial, accuracy, math.inf))
        fit = Fitting(data_of(trial, solver, None, objective.residuals))
        fit = _by_data(trial, solver, objective, fit) if fit.astray else fit
    else:
        solver.ask(begun["asked"])
        kept = None if begun["anew"] else solver.as_kept(trial)
        if begun["anew"]:
            solver.ask(accuracy.tolerance)
        fit = Fitting(data_of(trial, solver, kept, objective.residuals), begun["damping"])
    fit.enough = RULES.rises * (_may_rise(trial, fit) and not begun.get("last"))
    return fit


def _moved(
    trial: OfCells, fit: Fitting, solver: ForConstants, accuracy: Accuracy, exact: bool
) -> tuple[bool, Solved | None]:
    """Steps of Gauss and Newton's until it is time to look, or there are no more: whether there are; the solution."""
    more, solved = True, None
    while more and (solved is None or solver.spent.total < RULES.together * JOINED.call):
        if not exact:
            solver.ask(_asked(trial, accuracy, fit.missed))
        more = fit.step()
        if (solved := fit.model.solved()) is None:
            break
        solved.told_by(None)
    if solved is not None:
        taken(trial, solved, fit.model.vector())
    return more, solved


def _asked(trial: OfCells, accuracy: Accuracy, missed: float) -> float:
    """What cells are asked for while data are missed by so much, relative to how they vary."""
    if not isinstance(trial, Marched):
        return accuracy.tolerance
    asked = min(RULES.beside * missed, RULES.coarsest)
    return asked if asked > RULES.finer * accuracy.tolerance else accuracy.tolerance


def _stretched(trial: OfCells, solver: ForConstants, objective: Objective, kept: dict[str, Any]) -> bool:
    """Whether functions of unknowns were told anew, since the solution does not come to what was foretold of it."""
    forward, far = trial.forward, dict[str, Reach]()
    for name, foretold in forward.reach.items():
        come = reached(trial, name)
        ends = zip(foretold, come, strict=True)
        if any(max(abs(b - low), abs(e - high)) > REACH.slack * (e - b) for (low, high), (b, e) in ends):
            far[name] = come
    kept["stretched"] = kept.get("stretched", 0) + bool(far)
    if not far or kept["stretched"] > REACH.stretches:
        return False
    for name, reach in far.items():
        forward.stretch(name, reach)
    model = data_of(trial, solver, None, objective.residuals).trial
    if (solved := model.solved()) is not None:
        taken(trial, solved, model.vector())
        kept["asked"] = solved.asked or solver.accuracy.tolerance
    return True


def fall_back(trial: OfCells, kept: Mapping[str, Any]) -> None:
    """Take the last solution whose constants had settled, where more terms of what is not said have not come to their
    end; as far as these moved the constants, or fewer did before, they are not known."""
    forward, own = trial.forward, len(trial.constants.raw)
    now = forward.own(forward.vector())
    if not trial.found and forward.unsaid.levels > 1 and "before" not in kept:
        forward.moved[len(forward.moved) - own :] = now.abs().cpu()
    elif not trial.found and "before" in kept:
        trial.assign(kept["before"])
        trial.found = True
        away = (forward.own(forward.vector()) - now).abs().cpu()
        forward.moved[len(forward.moved) - own :] = torch.where(away > 0, away, kept["shift"])


def _may_rise(trial: OfCells, fit: Fitting) -> bool:
    """Whether more terms of what is not said can follow: no more than data tell."""
    forward = trial.forward
    if forward.level + 1 >= forward.unsaid.levels:
        return False
    return len(forward.unsaid.declared(forward.level + 1)) <= RULES.share * len(fit)


def _rises(trial: OfCells, fit: Fitting, kept: dict[str, Any], left: float) -> bool:
    """Whether more terms of what is not said are tried, as long as they pay; where they did not, the solution with
    fewer is taken again. What cells leave of misfits is their own error."""
    score, functions, level = fit.score(), bool(trial.forward.unsaid.functions), trial.forward.level
    if kept.get("last"):
        if functions:
            trial.forward.rise(level + 1)
        return False
    if score >= kept.get("score", math.inf) - RULES.decisive * functions:
        trial.assign(kept["before"])
        kept |= {"asked": kept["asked before"], "last": kept["early"]}
        if functions and not kept["last"]:  # the terms stay, at zero: what a function lacks is part of its error
            trial.forward.rise(level)
        return bool(kept["last"])
    if not _may_rise(trial, fit):
        return False
    if fit.rms() <= left:
        if functions:
            trial.forward.rise(level + 1)
        return False
    own = trial.forward.own(trial.forward.vector()).cpu()
    shift = (own - kept.get("own", torch.zeros_like(own))).abs()  # from the guess at first, where that is zero
    kept |= {"score": score, "before": trial.vector(), "own": own, "shift": shift}
    kept |= {"asked before": kept["asked"], "early": fit.ahead > 0}
    trial.forward.rise(trial.forward.level + 1)
    return True


def _begin(trial: OfCells, objective: Objective) -> None:
    """From the constants that were found before, by other cells."""
    known = objective.guess() if objective.guess is not None else None
    if isinstance(known, OfCells):
        trial.forward.follow(known.forward)
    else:
        trial.forward.guess()


def _by_data(trial: OfCells, solver: ForConstants, objective: Objective, begun: Fitting) -> Fitting:
    """From what the equations make of the data, where the guess leads astray and that does not."""
    forward = trial.forward
    level, vector = forward.level, forward.vector()
    if match(forward):
        other = Fitting(data_of(trial, solver, None, objective.residuals))
        if other.misfit() < begun.misfit():
            return other
        forward.rise(level)
        forward.assign(vector)
    return begun


def enriched(trial: OfCells, known: OfCells, accuracy: Accuracy, objective: Objective) -> Tensor | None:
    """A known solution with two degrees more, and its constants where the misfits of that are least; how that answers
    to them, or nothing where it was not possible.

    The solution goes with them along its sensitivities. By how much they move with what richer cells change of the
    misfits is the error that the poorer ones had made.
    """
    solver = ForConstants(trial, accuracy)
    trial.forward.follow(known.forward)
    before = solver.as_kept(known)
    rich = solver.richer(before) if before is not None else None
    if before is None or rich is None:
        return None
    poorer = Fitting(data_of(trial, solver, before, objective.residuals)).residuals()
    fit = Fitting(data_of(trial, solver, rich, objective.residuals))
    r, jacobian = fit.rows()
    tangents = rich.tangents()
    objective.work.add(solver.spent.total)
    if tangents is None or not bool(torch.isfinite(r).all()):
        return None
    error = fit.answer(r - poorer, jacobian)
    if float(error.abs().max()) > RULES.far:
        return None
    # terms of functions for which data do not ask stay at zero, and what is told weakly stays where it is
    whole = error if trial.forward.unsaid.functions else fit.answer(r, jacobian)
    change = whole if float(whole.abs().max()) <= RULES.far else error
    taken(trial, rich, fit.model.vector() + change)
    trial.add(torch.tensordot(change * fit.model.forward.slopes().to(change.device), tangents, 1))
    trial.forward.moved, trial.found = error.abs().cpu(), True
    return tangents


def data_of(trial: OfCells, solver: ForConstants, kept: Solved | None, residuals: object) -> DataOfConstants:
    """The misfits to data as functions of the constants, from a known solution on."""
    assert isinstance(residuals, Residuals)
    return DataOfConstants(ByConstants(trial, solver, kept), residuals.places)
