"""What the training of all members of an ensemble comes to, as one record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from pinnsolve.errors import Outcome
from pinnsolve.inverse.record import Constant, Function, Identified, Misfit
from pinnsolve.solution import Solution
from pinnsolve.training.history import Training


def pooled(
    members: Mapping[int, Solution],
    spent: Sequence[Training],
    outcome: Outcome,
    training: dict[str, float],
    held_out: dict[str, float],
) -> Training:
    """One record for all members.

    Parameters
    ----------
    members : mapping from seed to Solution
        Those in the mean.
    spent : sequence of Training
        Those that were trained; seconds and steps are sums over these.
    outcome : Outcome
    training, held_out : dict from residual name to float
        Root mean squares of the mean's residuals.

    Returns
    -------
    Training
        Points are sums over the members in the mean, weights means, and so are standard errors, correlations and
        misfits, since all members see the same data. The estimate is the mean of the members' estimates, which is at
        least that of their mean: ||mean of u_k - u|| <= mean of ||u_k - u||.
    """
    parts = {seed: member.training for seed, member in members.items() if member.training is not None}
    each = list(parts.values())
    estimates = [t.estimate for t in each if t.estimate is not None]
    return Training(
        outcome,
        sum(t.seconds for t in spent),
        sum(t.steps for t in spent),
        each[0].kept,
        [look for t in each for look in t.history],
        training,
        held_out,
        {region: sum(t.points.get(region, 0) for t in each) for t in each for region in t.points},
        _means([t.weights for t in each]),
        "; ".join(dict.fromkeys(t.method for t in each)),
        "; ".join(dict.fromkeys(t.network for t in each)),
        [f"seed {seed}: {why}" for seed, t in parts.items() for why in t.choice],
        _mean(estimates) if len(estimates) == len(each) else None,
        _identified([t.identified for t in each if t.identified is not None]),
        sampler="; ".join(dict.fromkeys(t.sampler for t in each)),
        redrawn_every=each[0].redrawn_every,
        unread=list(dict.fromkeys(name for t in each for name in t.unread)),
        unsaved="; ".join(dict.fromkeys(t.unsaved for t in spent if t.unsaved)),
    )


def _identified(found: Sequence[Identified]) -> Identified | None:
    if not found:
        return None
    first = found[0]
    constants = {
        name: Constant(
            _mean(f.constants[name].value for f in found), _mean(f.constants[name].standard_error for f in found)
        )
        for name in first.constants
    }
    misfits = {
        name: Misfit(_mean(f.misfits[name].value for f in found), _mean(f.misfits[name].expected for f in found))
        for name in first.misfits
    }
    correlations = {pair: _mean(f.correlations[pair] for f in found) for pair in first.correlations}
    functions = {name: _function([f.functions[name] for f in found]) for name in first.functions}
    noise = [f.noise for f in found if f.noise is not None]
    return Identified(
        constants, functions, correlations, misfits, list(dict.fromkeys(w for f in found for w in f.warnings)),
        list(dict.fromkeys(n for f in found for n in f.undetermined)),
        _mean(noise) if len(noise) == len(found) else None,
    )  # fmt: skip


def _function(each: Sequence[Function]) -> Function:
    """The mean of one function, and of its standard errors, at each place that all reach; of several unknowns at the
    mean of the places to which these come in the same moments."""
    places = each[0].places
    alike = all(f.places == places for f in each)
    if len(places) > 1 and not alike:
        places = {a: [_mean(v) for v in zip(*(f.places[a] for f in each), strict=True)] for a in places}
    elif not alike:  # of an unknown, which goes a little further in some
        ((argument, first),) = each[0].places.items()
        ends = [(f.places[argument][0], f.places[argument][-1]) for f in each]
        common = np.linspace(max(low for low, _ in ends), min(high for _, high in ends), len(first))
        each = [_read_at(f, argument, common) for f in each]
        places = each[0].places
    values = [_mean(v) for v in zip(*(f.values for f in each), strict=True)]
    errors = [_mean(e) for e in zip(*(f.standard_errors for f in each), strict=True)]
    return Function(places, values, errors)


def _read_at(function: Function, argument: str, places: np.ndarray) -> Function:
    """One of a single argument at other places between its own."""
    values, errors = (
        np.interp(places, function.places[argument], v).tolist() for v in (function.values, function.standard_errors)
    )
    return Function({argument: places.tolist()}, values, errors)


def _means(records: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: _mean(r[name] for r in records) for name in records[0]}


def _mean(values: Iterable[float]) -> float:
    given = list(values)
    return sum(given) / len(given)
