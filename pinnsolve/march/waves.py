"""How fast the waves of conservation laws run, and how many of them come in at the ends of the line.

    (K - s M) r = 0,      K = d residual / d u_x,      M = d residual / d u_t,

and in the row of an equation without derivatives K is d residual / d u: it holds all along a wave. Of equations of
second order in time they are what multiplies second derivatives, and -s^2 stands in place of s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.jets.multi_index import Alpha
from pinnsolve.residuals.pointwise import answers
from pinnsolve.trial.evolution import Evolution
from pinnsolve.trial.prescribed import at_start, over_time


@dataclass(frozen=True)
class Rules:
    """Where it is looked, and what counts. Chosen, not measured.

    Parameters
    ----------
    places : int
        Along the line, and times at each end. More: narrow starts are not missed; more time.
    looks : int
        Times at which it is asked whether waves come in at an end. Fewer: short ones are missed.
    stands : float
        Of the fastest: what is slower stands. Larger: slow waves pass unseen. Smaller: wiggles of a march are waves.
    """

    places: int = 128
    looks: int = 32
    stands: float = 1e-2


RULES = Rules()


@dataclass(frozen=True)
class States:
    """What unknowns are at places and times: (F, N) at (N,)."""

    x: Tensor
    t: Tensor
    values: Tensor


def fastest(laws: Evolution, offsets: Mapping[str, float], spreads: bool = False) -> float:
    """The largest speed (length over time) of waves on the start, and on what is prescribed at the ends; where nothing
    moves, that which crosses the domain in all of time, or none, where something is spread.

    Parameters
    ----------
    laws : Evolution
    offsets : mapping from unknown to float
        What each is on the mean: of one without a start nothing else is known.
    """
    (low, high), (begin, end) = laws.extent[0], laws.times
    x = low + (high - low) * (torch.arange(RULES.places, dtype=torch.float64) + 0.5) / RULES.places
    states = [States(x, torch.full_like(x, begin), at_start(laws, x, offsets))]
    t = begin + (end - begin) * (torch.arange(RULES.places, dtype=torch.float64) + 0.5) / RULES.places
    for side, place in enumerate((low, high)):
        at = torch.full_like(t, place)
        values = at_start(laws, at, offsets)
        for wall in laws.walls:
            told = wall.equation.prescribes
            if wall.side == (0, side) and told is not None and told.what == "value":
                values[laws.problem.unknowns.index(told.unknown)] = over_time(laws, told, place, t)
        states.append(States(at, t, values))
    found = max(float(speeds(laws, s).abs().nan_to_num(0.0).max()) for s in states)
    return found if found > 0 or spreads else (high - low) / (end - begin)


def coming_in(laws: Evolution, at_end: States, upper: bool, fastest: float) -> int:
    """The most waves that come in at an end, of all states there: so many conditions are asked for."""
    found = speeds(laws, at_end).nan_to_num(0.0) * (-1.0 if upper else 1.0)
    return int((found > RULES.stands * fastest).sum(1).max())


def speeds(laws: Evolution, states: States) -> Tensor:
    """The speeds of all waves, (N, F); not a number, where there are fewer or they are not known. Of equations of
    second order, waves of which run either way, those that are positive."""
    problem, zeroth = laws.problem, (0,) * len(laws.problem.coordinates)

    def derivative(f: int, alpha: Alpha) -> Tensor:
        return torch.zeros_like(states.x) if any(alpha) else states.values[f].clone()

    found = answers(
        problem, problem.equations, laws.points(states.x[:, None], states.t), derivative, slopes=True
    ).slopes
    order = 2 if laws.second else 1
    k, m, held = torch.zeros(3, len(states.x), len(problem.equations), len(problem.unknowns), dtype=torch.float64)
    for (e, f, alpha), slope in found.items():
        (along,), late = laws.derivative(alpha)
        into = held if alpha == zeroth else k if along else m
        if max(along, late) == order or into is held:  # what is spread is no wave
            into[:, e, f] += slope * laws.sizes[f] * (laws.sign if late == 1 else 1)
    k = torch.where(((k != 0) | (m != 0)).any(-1, keepdim=True), k, held)
    rows = torch.maximum(k.abs().amax(-1, keepdim=True), 1e-300 + torch.zeros_like(k[..., :1]))
    evolves = m.abs().amax(-1, keepdim=True)
    k, m = (v / torch.where(evolves > 0, evolves, rows) for v in (k, m))
    # shifted by what is no speed, so that it can be inverted: 1 / (s + shift) are the eigenvalues
    shift = 1.37 * k.abs().amax((-1, -2))[:, None].clamp(min=1e-300)
    made, failed = torch.linalg.solve_ex(k + shift[..., None] * m, m)
    good = (failed == 0) & made.isfinite().all(-1).all(-1)
    inverse = torch.linalg.eigvals(torch.where(good[:, None, None], made, torch.zeros_like(made)))
    waves = inverse.abs() * shift > 1e-9  # others are algebraic
    told = torch.where(waves, (1 / inverse).real - shift, torch.full_like(shift, float("nan")))
    return (-told).sqrt() if laws.second else told
