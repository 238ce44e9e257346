"""Smooth fields in place of the unknowns, which record what of their derivatives a residual asks for."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, reduce
from math import prod
from typing import ClassVar

import torch
from torch import Tensor

from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.once import once
from pinnsolve.geometry.points import Points
from pinnsolve.jets.jet import Chart, Jet
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.problem.binding import Fields
from pinnsolve.problem.equation import Equation

Known = Callable[..., Fields]  # `Problem.fields`


@dataclass(frozen=True)
class Size:
    """How large a probe is: offset + scale * sin(...), in the unknown's units."""

    offset: float = 0.0
    scale: float = 1.0


class Wave:
    """The sum of all coordinates, each from zero to a little more than one, made when asked for, and its sines."""

    def __init__(self, domain: Domain, chart: Chart, at: Mapping[str, Jet]) -> None:
        self._domain, self._chart, self._at = domain, chart, at
        self.slopes = [(1.3 + 0.2 * k) / domain.length(name) for k, name in enumerate(at)]

    @cached_property
    def _values(self) -> Tensor:
        units = (self._domain.unit(name, x.value) for name, x in self._at.items())
        return reduce(operator.add, ((1.3 + 0.2 * k) * unit for k, unit in enumerate(units)))

    def sine(self, phase: float | Tensor, size: Size) -> Jet:
        """offset + scale sin(wave + phase): of a sum that is linear, derivatives are sines and cosines again."""

        @cache
        def turned() -> tuple[Tensor, Tensor]:
            return torch.sin(self._values + phase) * size.scale, torch.cos(self._values + phase) * size.scale

        def rule(alpha: Alpha) -> Tensor:
            order = sum(alpha)
            if not order:
                return turned()[0] + size.offset
            factor = prod(slope**k for slope, k in zip(self.slopes, alpha, strict=True))
            return turned()[order % 2] * (factor if order % 4 < 2 else -factor)

        return Jet(self._chart, rule, (self._chart.size,), frozenset(self._chart.names))


class Probe:
    """A smooth field in place of an unknown, whose every derivative is a leaf that records being asked for.

    It is made when a residual asks for it: most equations of a large system ask for few of the unknowns.
    """

    def __init__(self, chart: Chart, wave: Wave, phase: float | Tensor, size: Size) -> None:
        self.smooth = wave.sine(phase, size)
        self.field = Jet(chart, self._leaf, (chart.size,), frozenset(chart.names))

    def _leaf(self, alpha: Alpha) -> Tensor:
        return self.smooth.dense(alpha).detach().clone().requires_grad_()

    @property
    def asked(self) -> dict[Alpha, Tensor]:
        return {alpha: leaf for alpha, leaf in self.field.known.items() if leaf is not None}


Probes = dict[str, Probe]


def probes(
    domain: Domain, unknowns: Sequence[str], points: Points, shift: float | Tensor = 0.0,
    sizes: Mapping[str, Size] | None = None,
) -> tuple[Chart, dict[str, Jet], Probes]:  # fmt: skip
    """A chart over the points, its coordinates, and a probe for each unknown; other probes for another `shift`,
    one or (N,).

    `sizes` says how large they are; without it they are between minus one and one.
    """
    chart, at = points.chart()
    given, wave = sizes or {}, Wave(domain, chart, at)
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
    by : mapping from name to tensor
        The derivative of the residual's sum by each number that was given in a parameter's place.
    """

    residual: Tensor
    slopes: list[tuple[str, Alpha, Tensor]]
    probes: Probes
    by: Mapping[str, Tensor] = field(default_factory=dict)

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
    scales : tuple of float
        Of unknowns, in turn, where a derivative is multiplied by zero for those between -1 and 1. Fewer: an equation
        whose terms begin at a threshold loses them in some units.
    """

    domain: Domain
    unknowns: Sequence[str]
    known: Known
    constants: Mapping[str, float] = field(default_factory=dict)
    functions: Mapping[str, float] = field(default_factory=dict)
    scales: ClassVar[tuple[float, ...]] = (1e2, 1e4, 1e6, 1e-3, 1e-6)

    def answer(
        self, equation: Equation, points: Points, shift: float | Tensor = 0.0, sizes: Mapping[str, Size] | None = None,
        guessed: bool = True, given: Mapping[str, Tensor] | None = None,
    ) -> Answer:  # fmt: skip
        """How an equation answers on these points; to unknown constants and functions that are not as they are guessed,
        if so asked; to numbers, (N,) or one, that are `given` in the place of parameters: slopes depend on these."""
        chart, at, found = probes(self.domain, self.unknowns, points, shift, sizes)
        others = None if guessed else self._others(chart, at)
        if given:
            others = (others or {}) | {name: chart.constant(v.expand(chart.size)) for name, v in given.items()}
        with torch.enable_grad():
            residual = equation.residual(self.known(chart, at, fields_of(found), points, others)).value
        leaves, numbers = [(u, alpha, leaf) for u, p in found.items() for alpha, leaf in p.asked.items()], given or {}
        if not (leaves or numbers) or not residual.requires_grad:
            return Answer(residual.detach(), [], found)
        asked = [*(leaf for *_, leaf in leaves), *numbers.values()]
        grads = torch.autograd.grad(residual.sum(), asked, materialize_grads=True, create_graph=bool(given))
        told = zip(leaves, grads[: len(leaves)], strict=True)
        slopes = [(u, alpha, g) for (u, alpha, _), g in told if bool(g.any()) or g.grad_fn is not None]
        return Answer(residual.detach(), slopes, found, dict(zip(numbers, grads[len(leaves) :], strict=True)))

    def inside(self, equation: Equation, sizes: Mapping[str, Size] | None = None, shift: float = 0.0) -> Answer:
        """How an equation answers on a line through the domain: asked by most of the checks, and found once."""
        key = "inside", id(equation), shift, None if sizes is None else tuple(sizes.items())
        return once(self, key, lambda: (equation, self.answer(equation, self.domain.line(), shift, sizes)))[1]

    def loses(self, equation: Equation) -> bool:
        """Whether it multiplies a derivative by zero for unknowns between -1 and 1, as in d(max(u - 5, 0), x, x)."""
        answer = self.inside(equation)
        found = {(u, alpha) for u, alpha, _ in answer.slopes}
        return any((u, alpha) not in found for u, p in answer.probes.items() for alpha in p.asked)

    def looks(self, equation: Equation, far: bool) -> list[Answer]:
        """How an equation answers inside, to large and small unknowns too if so asked."""
        sizes = [dict.fromkeys(self.unknowns, Size(0.0, scale)) for scale in self.scales if far]
        return [self.inside(equation), *(self.inside(equation, size) for size in sizes)]

    def slopes(self, equation: Equation) -> dict[tuple[str, Alpha], Tensor]:
        """What multiplies each derivative that an equation depends on, one look after the other. What is asked for and
        multiplied by zero, however large unknowns are, is no derivative of its own."""
        looks = self.looks(equation, self.loses(equation))
        told = [{(u, alpha): slope for u, alpha, slope in look.slopes} for look in looks]
        if len(told) == 1:
            return told[0]
        nothing = torch.zeros_like(looks[0].residual)
        kinds = dict.fromkeys(kind for one in told for kind in one)
        return {kind: torch.cat([one.get(kind, nothing) for one in told]) for kind in kinds}

    def derivatives(self, equation: Equation) -> list[tuple[str, Alpha]]:
        """What an equation depends on."""
        return list(self.slopes(equation))

    def size(self, equation: Equation, sizes: Mapping[str, Size]) -> float:
        """What an equation is made of, sum |dr/dp p| on the mean, for smooth unknowns p of their natural sizes.

        At a solution its terms may all be rounding, since an unknown is zero."""
        return _made_of(self.inside(equation, sizes).parts)

    def change(
        self, equation: Equation, sizes: Mapping[str, Size], points: Points | None = None, shift: float = 0.0
    ) -> float:  # fmt: skip
        """What smooth changes of the unknowns make in an equation on these points, or inside, sum |dr/dp (p - offset)|
        on the mean: the same in kelvin as in degrees. On a small piece it is what one place of a wave makes; another
        `shift` is another one."""
        answer = self.inside(equation, sizes) if points is None else self.answer(equation, points, shift, sizes)
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
        wave = Wave(self.domain, chart, at)
        vary = {name: wave.sine(0.4, size) for name, size in sizes.items()}
        return {name: chart.numbers(value) for name, value in more.items()} | vary

    def algebraic(self, unknown: str, equations: Sequence[Equation], parameters: Mapping[str, float]) -> bool:
        """Whether an equation gives this unknown by the others: a flux, a stress, a rate; it needs no condition.

        Parameters that are zero, as an eigenvalue near which modes are sought, hide none of its terms."""
        nothing, one = {(0,) * len(self.domain.coordinates)}, torch.ones((), dtype=torch.float64)
        if any(set(self.inside(e).of(unknown)) == nothing for e in equations):
            return True
        zeros = [name for name, value in parameters.items() if not value]
        hidden = {e: {n: one.clone().requires_grad_() for n in zeros if n in e.asks} for e in equations}
        others = (self.answer(e, self.domain.line(), given=some) for e, some in hidden.items() if some)
        return any({alpha for u, alpha, slope in a.slopes if u == unknown and slope.any()} == nothing for a in others)


def _made_of(parts: Sequence[Tensor]) -> float:
    """The sum of the terms' magnitudes, on the mean over points."""
    return float(torch.stack(list(parts)).abs().sum(0).nan_to_num(posinf=0.0).mean()) if parts else 0.0
