"""How fast the waves of conservation laws run at what is prescribed.

    (K - s M) r = 0,      K = d residual / d u_x,      M = d residual / d u_t,

and in the row of an equation without derivatives K is d residual / d u: it holds all along a wave.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from pinnsolve.jets.multi_index import Alpha
from pinnsolve.residuals.pointwise import answers
from pinnsolve.trial.evolution import Evolution

PLACES = 128  # along the line, and times at each end: more: narrow starts are not missed; more time


def fastest(laws: Evolution, offsets: Mapping[str, float]) -> float:
    """The largest speed (length over time) of waves on the start, and on what is prescribed at the ends; where nothing
    moves, that which crosses the domain in all of time.

    Parameters
    ----------
    laws : Evolution
    offsets : mapping from unknown to float
        What each is on the mean: of one without a start nothing else is known.
    """
    (low, high), (begin, end) = laws.extent[0], laws.times
    x = low + (high - low) * (torch.arange(PLACES, dtype=torch.float64) + 0.5) / PLACES
    states = [(x, torch.full_like(x, begin), _begun(laws, x, offsets))]
    t = begin + (end - begin) * (torch.arange(PLACES, dtype=torch.float64) + 0.5) / PLACES
    for side, place in enumerate((low, high)):
        at = torch.full_like(t, place)
        values = _begun(laws, at, offsets)
        for wall in laws.walls:
            told = wall.equation.prescribes
            if wall.side == (0, side) and told is not None and told.what == "value":
                given = torch.cat([laws.given(told, at[k : k + 1, None], float(t[k])) for k in range(len(t))])
                values[laws.problem.unknowns.index(told.unknown)] = given
        states.append((at, t, values))
    speeds = torch.cat([_speeds(laws, *state) for state in states])
    known = speeds[speeds.isfinite()]
    found = float(known.max()) if len(known) else 0.0
    return found if found > 0 else (high - low) / (end - begin)


def _begun(laws: Evolution, x: Tensor, offsets: Mapping[str, float]) -> Tensor:
    """What unknowns are at the start, (F, N); of an algebraic one its mean size."""
    rows = []
    for u in laws.problem.unknowns:
        told = laws.starts.get(u)
        usual = torch.full_like(x, offsets[u]) if told is None else laws.given(told, x[:, None], laws.times[0])
        rows.append(usual)
    return torch.stack(rows)


def _speeds(laws: Evolution, x: Tensor, t: Tensor, values: Tensor) -> Tensor:
    """The absolute speeds at states (F, N), all of them after each other."""
    problem, zeroth = laws.problem, (0,) * len(laws.problem.coordinates)

    def derivative(f: int, alpha: Alpha) -> Tensor:
        return torch.zeros_like(x) if any(alpha) else values[f].clone()

    found = answers(problem, problem.equations, laws.points(x[:, None], t), derivative, slopes=True).slopes
    count = len(problem.equations)
    k, m = torch.zeros(2, len(x), count, len(problem.unknowns), dtype=torch.float64)
    held = torch.zeros_like(k)
    for (e, f, alpha), slope in found.items():
        into = held if alpha == zeroth else k if laws.derivative(alpha)[0][0] else m
        into[:, e, f] += slope * laws.sizes[f]
    without = ~((k != 0) | (m != 0)).any(-1)
    k = torch.where(without[..., None], held, k)
    rows = torch.where(without, k.abs().amax(-1), m.abs().amax(-1)).clamp(min=1e-300)
    k, m = k / rows[..., None], m / rows[..., None]
    whole = (k.isfinite() & m.isfinite()).all(-1).all(-1)
    k, m = k[whole], m[whole]
    # shifted by what is no speed, so that it can be inverted: 1 / (s + shift) are the eigenvalues
    shift = 1.37 * k.abs().amax((-1, -2))[:, None]
    made, failed = torch.linalg.solve_ex(k + shift[..., None] * m, m)
    good = (failed == 0) & made.isfinite().all(-1).all(-1)
    inverse, shift = torch.linalg.eigvals(made[good]), shift[good]
    return (1 / inverse - shift).abs()[inverse.abs() * shift > 1e-9]  # others are no waves, but algebraic
