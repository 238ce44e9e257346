"""What an error is compared with: the size of an unknown, its variation, or the scale that its equations give it."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from pinnsolve.algebra.tolerances import SAME

# Of the natural scale: an approximate solution that varies less than NOISE is a constant, and less than LEAST may be
# one. Larger: the errors of what is small are taken for small. Smaller: noise is taken for a solution. Chosen, not
# measured.
NOISE, LEAST = 1e-6, 1e-4


def size(norm: float, scale: float) -> float:
    """The norm of an unknown; where it vanishes, its natural scale.

    All sizes are root mean squares, in the unknown's units.
    """
    return norm if norm > SAME * scale else scale


def variation(norm: float, deviation: float, scale: float) -> float:
    """The deviation of an unknown from its mean, where it is one: a temperature in kelvin is not right because 300 K is
    large. For a constant, its size.

    >>> variation(300.0, 2.0, 5.0), variation(300.0, 1e-12, 5.0), variation(0.0, 0.0, 5.0)
    (2.0, 300.0, 5.0)
    """
    return deviation if deviation > SAME * norm and norm > SAME * scale else size(norm, scale)


def of_estimate(norm: float, deviation: float, scale: float) -> float:
    """The stricter of both for a solution that is not exact, whose constants and zeros carry noise.

    What is noise in a variation is told by the natural scale, where that is known: sound of 0.02 Pa on a pressure of
    1e5 Pa is none.

    >>> of_estimate(1.0, 0.5, 2.0), of_estimate(1.0, 1e-9, 2.0), of_estimate(1e-12, 1e-12, 2.0)
    (0.5, 1.0, 2.0)
    >>> of_estimate(1e5, 0.02, 0.02), of_estimate(1e5, 0.02, 0.0)
    (0.02, 100000.0)
    """
    least = deviation if deviation > max(NOISE * min(norm, scale or norm), SAME * norm) else norm
    return (scale if least <= NOISE * scale else max(least, LEAST * scale)) or 1.0


def of_estimates(norms: Tensor, deviations: Tensor, scales: Sequence[float]) -> list[float]:
    """The same of each of several unknowns, (F,)."""
    return [of_estimate(*told) for told in zip(norms.tolist(), deviations.tolist(), scales, strict=True)]


def of_two(
    norms: Tensor, deviations: Tensor, apart: Tensor, scales: Sequence[float], flat: float
) -> list[float]:  # fmt: skip
    """The same of two approximate solutions that are so far apart, (F,) all: what varies by less than a share `flat` of
    its scale, and by less than twice what they differ by, is a constant that carries their noise.

    >>> import torch
    >>> constant, noise = torch.tensor([1.0]), torch.tensor([0.5**15])
    >>> [of_two(constant, noise, apart, [0.25], 1e-2) for apart in (noise, noise / 4)]
    [[0.25], [3.0517578125e-05]]
    """
    told = zip(norms.tolist(), deviations.tolist(), apart.tolist(), scales, strict=True)
    return [_of_two(norm, deviation, min(2 * away, flat * scale), scale) for norm, deviation, away, scale in told]


def _of_two(norm: float, deviation: float, noise: float, scale: float) -> float:
    if deviation > noise:
        return of_estimate(norm, min(norm, deviation), scale)
    return min(norm, scale) if norm > noise else scale


def of_values(values: Tensor, scale: float, shares: Tensor | None = None) -> float:
    """The same of a solution's values (N,), of which each stands for a share of the domain, one in the mean."""

    def mean(v: Tensor) -> Tensor:
        return (v if shares is None else v * shares).mean()

    norm, deviation = mean(values.square()).sqrt(), mean((values - mean(values)).square()).sqrt()
    return of_estimate(float(norm), float(deviation), scale)
