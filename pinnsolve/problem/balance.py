"""What an equation with a source says across the place where that stands: integrated over a short way across,

    c d(F, x) + ... + q delta(x - a) = 0     means     c [F] + q = 0 at x = a,

a condition inside, as `condition(lambda u, x: jump(d(u, x)) + q, on=face(x=a))` is.
"""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import torch
from torch import Tensor

from pinnsolve.errors import ProblemError
from pinnsolve.geometry.regions import face
from pinnsolve.jets.calculus import jump
from pinnsolve.jets.jet import Jet
from pinnsolve.jets.leaves import beside_derivatives
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.problem.binding import Fields
from pinnsolve.problem.calling import innermost
from pinnsolve.problem.conditions import holding
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.probes import Prober
from pinnsolve.problem.sources import met_in, name_of, places_of, watching


def balances(equations: Sequence[Equation], conditions: Sequence[Equation], prober: Prober) -> list[Equation]:
    """The conditions inside that sources along lines stand for.

    Raises
    ------
    ProblemError
        If a source cannot stand where it does, or stands in a condition.
    """
    for condition in conditions:
        _without(condition, prober)
    made = []
    for equation in equations:
        for place in places_of(equation, prober, lines=True):
            on = face(**place)
            name = f"source of {equation.name} at {name_of(place)}"
            assert equation.function is not None
            ((along, value),) = place.items()
            made.append(holding(name, on, Balance(equation.function, name, along, value)))
    return made


class Balance:
    """What an equation says across a place where it has a source: sum of c [F] + q = 0 over all c d(F, x) in it.

    Parameters
    ----------
    function : callable
        The user's equation.
    along : str
    place : float
    """

    def __init__(self, function: Callable[..., Any], name: str, along: str, place: float) -> None:
        self.function, self.along, self.place = function, along, place
        self.__wrapped__, self.__name__ = function, name
        self.__signature__ = inspect.signature(function)
        self.written = f"what is differentiated along {along} jumps by what the source gives"

    def __call__(self, **given: Any) -> Jet:
        call = innermost()
        assert call is not None
        fields: Fields = call.fields
        with (
            torch.inference_mode(False), torch.enable_grad(), watching(lines=True) as met,
            beside_derivatives(fields.chart, self.along) as taken,
        ):  # fmt: skip
            residual = self.function(**{n: _own(what) for n, what in given.items()}).value
            here = [(m.strength, m.leaf) for m in met if m.place == {self.along: self.place}]
            leaves = [*(leaf for *_, leaf in taken), *(leaf for _, leaf in here)]
            factors = torch.autograd.grad(residual.sum(), leaves, materialize_grads=True, retain_graph=True)
        terms = [
            jump(self._of(f, factor)) for (f, *_), factor in zip(taken, factors, strict=False) if bool(factor.any())
        ]
        if not terms:
            raise ProblemError(
                f"{self.__name__}: nothing in the equation is differentiated along {self.along}, and nothing balances "
                "a source there",
                f"Write it in the equation whose flux goes through {self.along} = {self.place:g}.",
            )
        for (strength, _), factor in zip(here, factors[len(taken) :], strict=True):
            terms.append(self._of(strength, factor))
        return reduce(operator.add, terms)

    @staticmethod
    def _of(what: Jet, factor: Tensor) -> Jet:
        return what * what.chart.constant(factor.detach())


def _own(what: Any) -> Any:
    """A field whose tensors may be differentiated, wherever they were made."""
    if not isinstance(what, Jet):
        return what

    def rule(alpha: Alpha) -> Tensor | None:
        part = what.partial(alpha)
        return None if part is None else part.clone()

    return Jet(what.chart, rule, tuple(what.shape), what.depends, what.name)


def _without(condition: Equation, prober: Prober) -> None:
    """Refuse a source in a condition.

    Raises
    ------
    ProblemError
        If there is one.
    """
    if condition.function is None:
        return
    if met_in(condition, prober, condition.on.resolve(prober.domain)[0].grid()):
        raise ProblemError(
            f"{condition.name}: source(...) stands in a condition", "Write it in an equation.", condition.place
        )
