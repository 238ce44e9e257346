"""Smooth fields in place of the unknowns, which record what of their derivatives a residual asks for."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, reduce

import torch
from torch import Tensor

from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.points import Points
from pinnsolve.jets.jet import Chart, Jet, on_jets
from pinnsolve.jets.multi_index import Alpha, is_sum, raised
from pinnsolve.problem.binding import Fields
from pinnsolve.problem.equation import Equation

Known = Callable[..., Fields]  # `Problem.fields`


@dataclass(frozen=True)
class Size:
    """How large a probe is: offset + scale * sin(...), in the unknown's units."""

    offset: float = 0.0
    scale: float = 1.0


class Probe:
    """A smooth field in place of an unknown, whose every derivative is a leaf that records being asked for.

    It is made when a residual asks for it: most equations of a large system ask for few of the unknowns.
    """

    def __init__(self, chart: Chart, wave: Callable[[], Jet], phase: float, size: Size) -> None:
        self._wave, self._phase, self._size = wave, phase, size
        self.field = Jet(chart, self._leaf, (chart.size,), frozenset(chart.names))

    @cached_property
    def smooth(self) -> Jet:
        made: Jet = self._size.offset + self._size.scale * on_jets.sin(self._wave() + self._phase)
        return made

    def _leaf(self, alpha: Alpha) -> Tensor:
        return self._derived(alpha).detach().clone().requires_grad_()

    def _derived(self, alpha: Alpha) -> Tensor:
        """D^alpha of offset + scale sin(w), where w is linear: scale sin^(|alpha|)(w) times its slopes."""
        wave = self._wave()
        if is_sum(alpha) or not isinstance(wave.value, Tensor):  # enclosures are no tensors
            return self.smooth.dense(alpha)
        turns = sum(alpha)
        found = (torch.cos if turns % 2 else torch.sin)(wave.value + self._phase)
        factor: float | Tensor = -self._size.scale if turns % 4 in (2, 3) else self._size.scale
        for axis, k in enumerate(alpha):
            if k:
                factor = factor * wave.dense(raised(wave.chart.zeroth, axis)) ** k
        return factor * found + (0.0 if turns else self._size.offset)

    @property
    def asked(self) -> dict[Alpha, Tensor]:
        return {alpha: leaf for alpha, leaf in self.field.known.items() if leaf is not None}


Probes = dict[str, Probe]


def wave_over(domain: Domain, at: Mapping[str, Jet]) -> Callable[[], Jet]:
    """The sum of all coordinates, each from zero to a little more than one, made once and when it is asked for."""

    @cache
    def wave() -> Jet:
        terms = [(1.3 + 0.2 * k) * domain.unit(name, x) for k, (name, x) in enumerate(at.items())]
        return reduce(operator.add, terms)

    return wave


def probes(
    domain: Domain, unknowns: Sequence[str], points: Points, shift: float = 0.0,
    sizes: Mapping[str, Size] | None = None,
) -> tuple[Chart, dict[str, Jet], Probes]:  # fmt: skip
    """A chart over the points, its coordinates, and a probe for each unknown; other probes for another `shift`.

    `sizes` says how large they are; without it they are between minus one and one.
    """
    chart, at = points.chart()
    given, wave = sizes or {}, wave_over(domain, at)
    made = {u: Probe(chart, wave, 0.7 * (k + 1) + shift, given.get(u, Size())) for k, u in enumerate(unknowns)}
    return chart, at, made


def fields_of(found: Probes) -> dict[str, Jet]:
    """The probes as fields, by unknown."""
    return {u: p.field for u, p in found.items()}


@dataclass(frozen=True)
class Answer:
    """How the residual of an equation answers to each derivative of each unknown, on probes.

    Parameters
    ----------
    residual : tensor (N,)
    slopes : list of (unknown, multi-index, tensor (N,))
        The derivative of the residual by each derivative that it asks for; where it is not zero everywhere.
    probes : dict from unknown to Probe
    """

    residual: Tensor
    slopes: list[tuple[str, Alpha, Tensor]]
    probes: Probes

    @property
    def parts(self) -> list[Tensor]:
        """Each derivative times the slope by it, (N,): what the residual is made of, beside its sources."""
        return [slope * self.probes[u].asked[alpha].detach() for u, alpha, slope in self.slopes]

    def of(self, unknown: str) -> dict[Alpha, Tensor]:
        """The slopes of one unknown."""
        return {alpha: slope for u, alpha, slope in self.slopes if u == unknown}


@dataclass(frozen=True)
class Prober:
    """Evaluates equations on probes.

    Parameters
    ----------
    domain : Domain
    unknowns : sequence of str
    known : callable
        `Problem.fields`.
    constants, functions : mapping from name to float
        The guesses of unknown ones.
    """

    domain: Domain
    unknowns: Sequence[str]
    known: Known
    constants: Mapping[str, float] = field(default_factory=dict)
    functions: Mapping[str, float] = field(default_factory=dict)

    def answer(
        self, equation: Equation, points: Points, shift: float = 0.0, sizes: Mapping[str, Size] | None = None,
        guessed: bool = True,
    ) -> Answer:  # fmt: skip
        """How an equation answers on these points; to unknown constants and functions that are not as they are guessed,
        if so asked."""
        chart, at, found = probes(self.domain, self.unknowns, points, shift, sizes)
        others = None if guessed else self._others(chart, at)
        with torch.enable_grad():
            residual = equation.residual(self.known(chart, at, fields_of(found), points, others)).value
        leaves = [(u, alpha, leaf) for u, p in found.items() for alpha, leaf in p.asked.items()]
        if not leaves or not residual.requires_grad:
            return Answer(residual.detach(), [], found)
        grads = torch.autograd.grad(residual.sum(), [leaf for *_, leaf in leaves], materialize_grads=True)
        slopes = [(u, alpha, g) for (u, alpha, _), g in zip(leaves, grads, strict=True) if bool(g.any())]
        return Answer(residual.detach(), slopes, found)

    def size(self, equation: Equation, sizes: Mapping[str, Size]) -> float:
        """What an equation is made of, sum |dr/dp p| on the mean, for smooth unknowns p of their natural sizes.

        At a solution its terms may all be rounding, since an unknown is zero."""
        return _made_of(self.answer(equation, self.domain.line(), sizes=sizes).parts)

    def change(self, equation: Equation, sizes: Mapping[str, Size], points: Points) -> float:
        """What smooth changes of the unknowns make in an equation on these points, sum |dr/dp (p - offset)| on the
        mean: the same in kelvin as in degrees."""
        answer = self.answer(equation, points, sizes=sizes)
        return _made_of(
            [
                slope * (answer.probes[u].asked[alpha].detach() - (0.0 if any(alpha) else sizes[u].offset))
                for u, alpha, slope in answer.slopes
            ]
        )

    def _others(self, chart: Chart, at: Mapping[str, Jet]) -> dict[str, Jet]:
        """Unknown constants of half as much again, and functions that vary around their guesses."""
        more = {name: guess + 0.5 * (abs(guess) or 1.0) for name, guess in self.constants.items()}
        sizes = {name: Size(guess, 0.3 * (abs(guess) or 1.0)) for name, guess in self.functions.items()}
        wave = wave_over(self.domain, at)
        vary = {name: Probe(chart, wave, 0.4, size).smooth for name, size in sizes.items()}
        return {name: chart.numbers(value) for name, value in more.items()} | vary

    def algebraic(self, unknown: str, equations: Sequence[Equation]) -> bool:
        """Whether an equation gives this unknown by the others: a flux, a stress, a rate; it needs no condition."""
        nothing = (0,) * len(self.domain.coordinates)
        return any(set(self.answer(e, self.domain.line()).of(unknown)) == {nothing} for e in equations)


def _made_of(parts: Sequence[Tensor]) -> float:
    """The sum of the terms' magnitudes, on the mean over points."""
    return float(torch.stack(list(parts)).abs().sum(0).nan_to_num(posinf=0.0).mean()) if parts else 0.0
