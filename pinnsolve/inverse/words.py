"""What is doubtful of constants, functions and measurements, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from pinnsolve.inverse.limits import LIMITS
from pinnsolve.inverse.record import Constant, Function
from pinnsolve.problem.observations import ROW, Measured, named, unhuber
from pinnsolve.problem.unknown import Unknown
from pinnsolve.residuals import Residuals


def followed(name: str, taken: float, count: int) -> list[str]:
    """Whether the fit is as free as the data are many, in words."""
    if taken <= LIMITS.follows * count:
        return []
    return [
        f"{name}: the fit takes {taken:.0f} of {count} degrees of freedom, so that it follows the noise; fewer "
        "neurons, weight decay, or Settings(validation=0.2) prevent that"
    ]


def far_off(data: Measured, values: Tensor) -> Tensor:
    """Which measurements are outliers, (N,): none where so many are missed that it is the solution that is far off."""
    robust = data.loss == "huber"
    lost = (unhuber(values) if robust else values).abs() > LIMITS.far
    most = (LIMITS.share_huber if robust else LIMITS.share) * len(values)
    return lost & (int(lost.sum()) <= most)


def outliers(name: str, data: Measured, values: Tensor, residuals: Residuals) -> list[str]:
    """Measurements that the solution misses by far, in words."""
    points = next(points for site, points in residuals.places if name in site.terms)
    lost = far_off(data, values).nonzero()[:, 0].tolist()
    if not lost:
        return []
    rows = [data.rows[int(points.measured[ROW][k])] for k in lost]
    cure = "" if data.loss == "huber" else '; observed(..., loss="huber") lessens what outliers do'
    return [f"{name}: {len(lost)} of {len(values)} lie beyond {LIMITS.far:g} sigma ({named(rows, len(rows))}){cure}"]


def untold(
    found: Mapping[str, Constant], functions: Mapping[str, Function], correlations: Mapping[tuple[str, str], float]
) -> list[str]:
    """Which constants and functions the data cannot tell."""
    told = [
        f"the data cannot tell {name}: its standard error {c.standard_error:.1g} is no less than itself ({c.value:.3g})"
        for name, c in found.items()
        if not c.standard_error < abs(c.value)
    ]
    for name, function in functions.items():
        size = function.size
        lost = [k for k, error in enumerate(function.standard_errors) if not error < size]
        if lost:
            where = ", ".join(f"{c} = {values[lost[0]]:.3g}" for c, values in function.places.items())
            told.append(
                f"the data cannot tell {name} at {len(lost)} of {len(function.values)} places, as at {where}: its "
                f"standard error there is no less than {name} itself is on average ({size:.2g})"
            )
    told += [
        f"the data tell {a} and {b} only together: their correlation is {r:.4f}"
        for (a, b), r in correlations.items()
        if abs(r) > LIMITS.alike
    ]
    return told


def same_everywhere(functions: Mapping[str, Function]) -> list[str]:
    """Which functions are constants as far as data tell.

    >>> same_everywhere({"k": Function({"x": [0.0, 1.0]}, [2.0, 2.02], [0.02, 0.02])})[0][:64]
    'k is the same everywhere, as far as the data tell: 2.010 +- 0.02'
    """
    return [
        f"{name} is the same everywhere, as far as the data tell: {Constant(f.mean, f.error)}; how it varies is less "
        "than their noise may make of it, and its error is relative to its size"
        for name, f in functions.items()
        if f.alike
    ]


def at_bounds(found: Mapping[str, Constant], declared: Mapping[str, Unknown], missed: bool) -> dict[str, str]:
    """Which constants stand at the end of what was allowed, nearer where data are `missed`: what they ask for may lie
    beyond; the words by name.

    >>> at_bounds({"k": Constant(1.499, 1e-3)}, {"k": Unknown(1.0, bounds=(0.5, 1.5))}, True)["k"][:47]
    'k = 1.499 stands at the upper end of its bounds'
    """
    told = dict[str, str]()
    for name, c in found.items():
        if (ends := declared[name].ends) is None:
            continue
        if LIMITS.at_end(c.value, ends, missed):
            side = "upper" if c.value > sum(ends) / 2 else "lower"
            told[name] = (
                f"{name} = {c.value:.6g} stands at the {side} end of its bounds, {ends[0]:g} to {ends[1]:g}: data and "
                "equations may ask for a value beyond them; widen bounds=, or look at the model"
            )
    return told


def nothing_determines(names: Sequence[str], correlations: Mapping[tuple[str, str], float]) -> list[str]:
    """Which constants and functions may change by their own size while no residual tells; which of them together."""
    pairs = [(a, b) for (a, b), r in correlations.items() if a in names and b in names and abs(r) > LIMITS.together]
    told = [f"the data tell {a} and {b} only together: one may change by its own size with the other" for a, b in pairs]
    single = [n for n in names if all(n not in pair for pair in pairs)]
    told += [f"nothing determines {n}: it may change by its own size, and no residual tells" for n in single]
    return [f"{t}; add data" for t in told]


def unchecked(names: Sequence[str], beside: bool = False) -> list[str]:
    """For which constants it was not solved again: there was no time, or they stand beside functions that are series,
    whose last terms would follow the noise."""
    if not names:
        return []
    one = len(names) == 1
    why = "there was no time to solve again with the constant moved; give more --budget"
    if beside:
        why = "beside unknown functions it is not solved again with the constant moved"
    return [f"the standard error{'s' * (not one)} of {' and '.join(names)} {'is' if one else 'are'} linearised: {why}"]


def moving_still(found: Mapping[str, Constant], moving: Mapping[str, float]) -> list[str]:
    """Which constants training has not found yet."""
    return [
        f"training has not come to its end: one more step would move {name} by about {abs(step):.1g}, more than the "
        "noise does; go on with --resume and a larger --budget"
        for name, step in moving.items()
        if found[name].standard_error < abs(found[name].value)
    ]
