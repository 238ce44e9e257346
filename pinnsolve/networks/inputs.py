"""What a network sees of a point: scaled coordinates, exact periods, random Fourier features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import pi
from typing import Any

import torch
from torch import nn

from pinnsolve.errors import ProblemError, is_number
from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.holes import Hole
from pinnsolve.geometry.places import Corner, Plane
from pinnsolve.jets.jet import on_jets
from pinnsolve.networks.views import Mirrored, Unfolded

# At which a trained network sees a singular corner, in lengths of the domain. More: more inputs, and slower steps.
# Chosen, not measured; that the direction of corners is worth it, for random features: `python -m validation.features`,
# "corners".
SCALES = (0.05,)


@dataclass(frozen=True)
class Fourier:
    """Random Fourier features: sin(2 pi B h) and cos(2 pi B h) beside the inputs h, B normal with deviation `scale`.

    Source: Tancik et al., Fourier features let networks learn high frequency functions (NeurIPS 2020), equation 5.
    """

    count: int = 16
    scale: float = 1.0

    def __post_init__(self) -> None:
        if not (isinstance(self.count, int) and self.count > 0 and is_number(self.scale) and self.scale > 0):
            raise ProblemError(f"{self!r}: count and scale must be positive", "Write Fourier(count=16, scale=1.0).")


class Inputs(nn.Module):
    """From the coordinates by name, (N,) each, to the network's input, (N, D).

    A coordinate is scaled to [-1, 1]; a periodic one becomes (cos, sin) of its phase, so that whatever the network
    does with it continues across the period with all derivatives. Beside them stand the distance from each interface,
    whose slope jumps there, and the direction of each singular corner at several scales.
    """

    frequencies: torch.Tensor | None

    def __init__(
        self,
        domain: Domain,
        periodic: tuple[str, ...],
        fourier: Fourier | None,
        generator: torch.Generator,
        corners: Sequence[Corner] = (),
        planes: Sequence[Plane] = (),
        around: bool = False,
        cores: Sequence[tuple[Hole, int]] = (),
    ) -> None:
        super().__init__()
        self.domain, self.periodic, self.corners, self.planes = domain, periodic, corners, planes
        self.views: list[Mirrored | Unfolded] = []
        if around:
            made: list[Mirrored | Unfolded] = [Mirrored(hole, domain) for hole in domain.holes]
            made += [Unfolded(notch, domain) for notch in domain.notches]
            made += [Mirrored(hole, domain, part) for hole, part in cores]
            self.views = [view for view in made if not set(view.instead) & set(periodic)]  # they end at no period
        self.near = sum(2 if c in periodic else 1 for c in domain.coordinates) + len(planes)
        self.near += 2 * len(SCALES) * len(corners)
        plain = self.near + sum(view.count for view in self.views)
        frequencies = None
        if fourier is not None:
            frequencies = torch.randn(fourier.count, plain, generator=generator, dtype=torch.float64) * fourier.scale
        self.register_buffer("frequencies", frequencies)
        self.count = plain + (2 * fourier.count if fourier is not None else 0)

    def forward(self, at: Mapping[str, Any], label: torch.Tensor | None = None) -> Any:
        """`label` says in which part of space each point (N,) lies, where materials divide it."""
        columns = []
        for name in self.domain.coordinates:
            if name in self.periodic:
                phase = self.domain.unit(name, at[name]) * (2 * pi)
                columns += [torch.cos(phase), torch.sin(phase)]
            else:
                columns.append(self.domain.scaled(name, at[name]))
        columns += [self._away(plane, at[plane.coordinate]) for plane in self.planes]
        for corner in self.corners:
            columns += self._around(corner, at)
        for view in self.views:
            columns += view.columns(at) if view.part is None else _beside(view, at, label)
        inputs = torch.stack(columns, -1)
        if self.frequencies is None:
            return inputs
        waves = nn.functional.linear(inputs, 2 * pi * self.frequencies.to(at[name].dtype))
        return torch.cat([inputs, torch.sin(waves), torch.cos(waves)], -1)

    def _away(self, plane: Plane, place: Any) -> Any:
        """The distance from an interface, in half lengths of the domain; around a period that of the chord."""
        away = (place - plane.value) * (2 / self.domain.length(plane.coordinate))
        if plane.coordinate in self.periodic:
            away = torch.sin(away * (pi / 2)) * (2 / pi)
        return on_jets.abs(away)

    def seen(self, count: int) -> torch.Tensor | None:
        """Which inputs each of `count` neurons sees, (count, D) of ones and zeros; None where all see everything.

        Beside holes and notches a third sees the coordinates alone, and the others one of the places each: with the
        coordinates beside them, or in place of them.
        """
        if not self.views:
            return None
        seen = torch.zeros(count, self.count, dtype=torch.float64)
        seen[:, : self.near] = 1.0
        column, kinds, columns = self.near, torch.arange(count) % 3, self._columns()
        for k, view in enumerate(self.views):
            mine = (torch.arange(count) // 3) % len(self.views) == k
            for kind in (1, 2):
                for offset in view.seen[kind - 1]:
                    seen[mine & (kinds == kind), column + offset] = 1.0
            for c in view.instead:
                seen[mine & (kinds == 2), columns[c]] = 0.0
            column += view.count
        return seen

    def _columns(self) -> dict[str, int]:
        """The first column of each coordinate."""
        columns, at = {}, 0
        for name in self.domain.coordinates:
            columns[name] = at
            at += 2 if name in self.periodic else 1
        return columns

    def places(self, corners: Sequence[Corner]) -> list[dict[int, float]]:
        """Where corners are among the network's inputs: value by column."""
        columns = self._columns()
        return [{columns[c]: self.domain.scaled(c, v) for c, v in corner.fixed.items()} for corner in corners]

    def _around(self, corner: Corner, at: Mapping[str, Any]) -> list[Any]:
        """The direction of the corner at several scales s: (x - x_c, y - y_c) / sqrt(r^2 + s^2), scaled lengths."""
        offsets = [(at[c] - v) * (1 / self.domain.length(c)) for c, v in corner.fixed.items()]
        squared = offsets[0] * offsets[0] + offsets[1] * offsets[1]
        found = []
        for scale in SCALES:
            inverse = (squared + scale**2) ** -0.5
            found += [offset * inverse for offset in offsets]
        return found


def _beside(view: Mirrored | Unfolded, at: Mapping[str, Any], label: torch.Tensor | None) -> list[Any]:
    """What is seen of a part of space from outside of it; inside, where it has a pole, nothing."""
    assert isinstance(view, Mirrored)
    assert label is not None
    inside = label == view.part
    far = {c: on_jets.where(inside, v + view.hole.radius, at[c]) for c, v in view.hole.centre.items()}
    return [on_jets.where(inside, 0.0, column) for column in view.columns({**at, **far})]
