"""Integrals as they are taken: of the unknowns at the points of a quadrature around each point of an equation.

With w the weights and y the points around x, of a trial function with the trained numbers theta,

    I(x) = sum over y of w(y) f(y),      dI/dtheta = sum over y of w(y) df(y)/dtheta,

the second as rows of their own that the tape of the equation is given (`pinnsolve.jets.tape`): exact, as those of all
else. What does not depend on all coordinates is taken once for all points that share those that matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from pinnsolve.errors import ProblemError
from pinnsolve.geometry.panels import Nodes
from pinnsolve.geometry.points import Points
from pinnsolve.jets.beside import Beside
from pinnsolve.jets.differences import Stencil
from pinnsolve.jets.jet import Chart, Jet
from pinnsolve.jets.multi_index import Alpha, raised
from pinnsolve.problem.around import Places, along
from pinnsolve.problem.binding import Elsewhere, Fields, Watched, arguments
from pinnsolve.problem.calling import Call, Captured, calling
from pinnsolve.problem.limits import Limits
from pinnsolve.problem.nearby import integrand_of, names_of
from pinnsolve.problem.spread import Spread


class Taken:
    """One integral of one call of a user's function.

    Parameters
    ----------
    call : Call
        On the fields where the equation stands.
    number : int
        The how many-th integral in it.
    what : Jet or callable
        What is integrated.
    limits : Limits
    """

    def __init__(self, call: Call, number: int, what: Any, limits: Limits) -> None:
        self.call, self.number, self.what, self.limits = call, number, what, limits
        self.outer: Fields = call.fields
        self.chart: Chart = self.outer.chart
        around = self.outer.around
        assert around is not None
        assert isinstance(around.elsewhere, Elsewhere)
        self.elsewhere, self.kernel = around.elsewhere, not isinstance(what, Jet)
        key = (id(call.function), number)
        self.spread = Spread(limits, self.elsewhere, around.materials, key)
        self.offset: tuple[int, ...] | None = None  # of a stencil

    def field(self) -> Jet:
        """The integral as a field where the equation stands."""
        if isinstance(self.chart, Stencil):
            return self.chart.known(self._at_offset)
        return Jet(self.chart, self.partial, (self.chart.size,), self._depends)

    def partial(self, alpha: Alpha) -> Tensor | None:
        """D^alpha of the integral; up to a place, along it, by the fundamental theorem."""
        for c in self.limits.over:
            axis = self.chart.axis(c)
            if not alpha[axis]:
                continue
            if not self.kernel:
                lowered = raised(alpha, axis, -1)
                return self.what.partial(lowered) if self.limits.upto else None
            if self._meets or self.limits.upto:
                raise ProblemError(
                    f"{self.call.what}: the integral of a function was differentiated along {c}",
                    "The kernel may jump where both coordinates meet. Write out what Leibniz' rule gives.",
                )
            return None
        return self._everywhere(alpha)

    @cached_property
    def _depends(self) -> frozenset[str]:
        over = frozenset(self.limits.over)
        if self.limits.upto or (self.kernel and self._meets):
            return frozenset(self.chart.names)
        if not self.kernel:
            return self.what.depends - over
        return frozenset(self.chart.names) - over

    @cached_property
    def _meets(self) -> bool:
        """Whether a function uses what stands around it, so that it is another one for each point."""
        if not self.kernel:
            return False
        one = Places.all(self._where())[:1]
        inner = self._inner(self.spread.fewest(one), one, False)
        self._integrand(inner).value  # noqa: B018  # not without gradients: what stands around would remember none
        assert inner.chart.beside is not None
        return inner.chart.beside.met

    # ------------------------------------------------------------ where it is taken

    def _at_offset(self, offset: tuple[int, ...]) -> Tensor:
        """The integral at the places beside those of a stencil."""
        self.offset = offset
        self.__dict__.pop("_places", None)
        return self._everywhere(self.chart.zeroth)

    def _where(self) -> dict[str, Tensor]:
        """The coordinates where the equation stands, (N,) each."""
        fields = {c: self.outer[c] for c in self.chart.names}
        return {
            c: (f.value if self.offset is None else f.dense(self.offset)).detach() for c, f in fields.items()
        }  # fmt: skip

    @cached_property
    def _places(self) -> Places:
        """The places around which it is taken."""
        where = self._where()
        if self._meets:
            self.spread.kernel = True
            return Places.all(where)
        matter = [c for c in self.chart.names if self.limits.upto or c not in self.limits.over]
        found = Places.distinct(where, matter)
        self.spread.settle(found, self._columns)
        if len(matter) != 1:
            return found
        (c,) = matter
        panels, key = self.elsewhere.panels, (*self.spread.key, c)
        return along(found, where[c], c, self.spread.ends_of(c), panels, key, self._by_columns)

    def _by_columns(self, places: Places) -> tuple[Tensor, Tensor]:
        """The integral and, for sums of fixed features, its slopes by each of them, (n, 1 + P); and the integrals of
        their magnitudes."""
        sums, sizes = [], []
        with torch.enable_grad():
            for part in self._cut(places, True):
                nodes = self.spread.nodes(part)
                weighted = self._columns(nodes, part) * nodes.weights[:, None]
                nothing = weighted.new_zeros(len(part), weighted.shape[1])
                sums.append(nothing.index_add(0, nodes.owner, weighted))
                sizes.append(nothing.index_add(0, nodes.owner, weighted.abs()))
        return torch.cat(sums), torch.cat(sizes)

    # ------------------------------------------------------------ what is integrated

    def _inner(self, nodes: Nodes, places: Places, taped: bool) -> Fields:
        """What stands behind the names at the points of the quadrature."""
        ordered = {c: nodes.coordinates[c] for c in self.chart.names}
        fields = self.elsewhere.fields(Points(ordered, nodes.weights, nodes.normals), taped)
        fields.chart.beside = Beside(
            self.chart, places.numbers[nodes.owner], frozenset(self.limits.over), self.offset
        )  # fmt: skip
        return fields

    def _integrand(self, inner: Fields) -> Jet:
        """What is integrated, there."""
        if self.kernel:
            aliases = {n: inner[c] for n, c in names_of(self.what, self.outer, self.limits).items()}
            found = integrand_of(self.call, self.what, aliases, inner)
        else:
            found = self._captured(inner)
        if found.chart is not inner.chart:
            raise ProblemError(
                f"{self.call.what}: what is integrated holds nothing of where it is integrated",
                "Integrate an expression of unknowns; what does not depend on it stands before the integral.",
            )
        return found

    def _captured(self, inner: Fields) -> Jet:
        """What stands in the integral when the function is called on the fields there."""
        told = ProblemError(
            "a normal stands in an integral over the inside", 'Integrate over side("..."), or over=face(x=0).'
        )
        more = {n: unmet(inner.chart, told) for n in arguments(self.call.function) if n not in inner}
        try:
            with calling(Call(inner, self.call.function, self.call.what, wanted=self.number)):
                inner.called(self.call.function, self.call.what, more)
        except Captured as found:
            if isinstance(found.integrand, Jet):
                return found.integrand
        raise ProblemError(
            f"{self.call.what} holds other integrals when it is called again", "Write it without a state of its own."
        )

    # ------------------------------------------------------------ sums

    def _everywhere(self, alpha: Alpha) -> Tensor:
        """D^alpha of the integral at all points (N,), with its rows of the Jacobian for the tape."""
        places = self._places
        tape, watched = self.chart.tape, self.elsewhere.watched
        if watched is not None:
            return self._as_leaf(alpha, watched)
        parts = [self._summed(part, alpha) for part in self._cut(places, tape is not None)]
        value = places.carried(torch.cat([v for v, _, _ in parts]))
        if tape is None:
            return value
        value = tape.given(value, places.carried(torch.cat([rows for _, rows, _ in parts])))
        beside = places.carried(torch.cat([b for _, _, b in parts]))  # by what is taken from where the equation stands
        return value + (beside - beside.detach()) if beside.requires_grad else value

    def _as_leaf(self, alpha: Alpha, watched: list[Watched]) -> Tensor:
        """The integral as a leaf (N,), put down with the integral of the magnitude."""
        places = self._places
        parts = []
        for part in self._cut(places, True):
            nodes = self.spread.nodes(part)
            weighted = self._integrand(self._inner(nodes, part, False)).dense(alpha).detach() * nodes.weights
            both = torch.stack([weighted, weighted.abs()], 1)
            parts.append(both.new_zeros(len(part), 2).index_add_(0, nodes.owner, both))
        value, size = places.carried(torch.cat(parts)).T
        leaf = value.clone().requires_grad_()
        watched.append(Watched(self.chart, leaf, size))
        return leaf

    def _cut(self, places: Places, taped: bool) -> Iterator[Places]:
        """Some of the points at a time, so that memory is bounded; not where one graph is to hold all."""
        self.spread.settle(places, self._columns)
        if torch.is_grad_enabled() and not taped:
            yield places
            return
        each = max(len(self.spread.nodes(places[-1:]).weights), 1)
        step = max(self.elsewhere.room // each, 1)
        for k in range(0, len(places), step):
            yield places[k : k + step]

    def _summed(self, places: Places, alpha: Alpha) -> tuple[Tensor, Tensor, Tensor]:
        """The integral around some points (n,), its rows (n, P), and itself as a graph to what stands around it."""
        taped = self.chart.tape is not None
        nodes = self.spread.nodes(places)
        inner = self._inner(nodes, places, taped)
        weighted = self._integrand(inner).dense(alpha) * nodes.weights
        total = weighted.new_zeros(len(places)).index_add(0, nodes.owner, weighted)
        if not taped or inner.chart.tape is None:
            return total, total, total
        found = inner.chart.tape.rows(weighted)
        rows = found.new_zeros(len(places), found.shape[1]).index_add_(0, nodes.owner, found)
        return total.detach(), rows, total if self._meets else total.detach()

    def _columns(self, nodes: Nodes, places: Places) -> Tensor:
        """The integrand and, for sums of fixed features, its slopes by each of them: (M, 1 + P)."""
        inner = self._inner(nodes, places, self.elsewhere.frozen)
        values = self._integrand(inner).value
        columns = [values.detach()[:, None]]
        if self.elsewhere.frozen and inner.chart.tape is not None:
            columns.append(inner.chart.tape.rows(values))
        return torch.cat(columns, 1)


def unmet(chart: Chart, told: ProblemError) -> Jet:
    """What cannot stand in an integral: it is refused when it is asked for, and nothing is said where it is not."""

    def rule(alpha: Alpha) -> Tensor | None:
        raise ProblemError(told.fault, told.remedy)

    return Jet(chart, rule, (chart.size,), frozenset(chart.names))
