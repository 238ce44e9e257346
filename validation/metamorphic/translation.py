"""A user's functions, called with their own coordinates and unknowns by a problem that speaks in others.

With x' = X + L x for each coordinate and u' = B + A u for each unknown, a function of x and u is given jets over the same
points whose derivatives are

    D^alpha u = (prod_c L_c^alpha_c) D'^alpha u' / A,

and what it returns goes the opposite way. So the functions of a problem file are never rewritten, and not even they can
tell that the units have changed.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pinnsolve.jets.differences import Shifted, Stencil
from pinnsolve.jets.jet import Chart, Jet
from pinnsolve.jets.multi_index import Alpha

Function = Callable[..., Any]
KEYWORD = inspect.Parameter.KEYWORD_ONLY


@dataclass(frozen=True)
class Word:
    """How a coordinate or an unknown is called and counted now: new = shift + scale * old.

    Parameters
    ----------
    name : str
    scale : float
        Below zero for an axis that is mirrored.
    shift : float
        In the new units.
    """

    name: str
    scale: float = 1.0
    shift: float = 0.0

    def new(self, old: Any) -> Any:
        return self.shift + self.scale * old if self.shift else self.scale * old

    def old(self, new: Any) -> Any:
        return (new - self.shift) / self.scale if self.shift else new / self.scale


@dataclass(frozen=True)
class Translation:
    """New words for the coordinates and unknowns of a problem.

    Parameters
    ----------
    coordinates, unknowns : mapping from old name to Word
        The coordinates in their old order.
    """

    coordinates: Mapping[str, Word]
    unknowns: Mapping[str, Word]

    def called(self, name: str) -> str:
        """The new name of a coordinate, unknown or normal; of anything else, the old one."""
        words = {**self.coordinates, **self.unknowns}
        if name in words:
            return words[name].name
        normal = name[:1] == "n" and name[1:] in self.coordinates
        return "n" + self.coordinates[name[1:]].name if normal else name

    def function(self, old: Function, result: Word | None = None, factor: float = 1.0) -> Function:
        """A user's function under the new names; `result` says in which words it answers, `factor` multiplies it."""
        wanted = inspect.signature(old).parameters
        names = {name: self.called(name) for name in wanted}
        answer = result or Word("")

        def new(**given: Any) -> Any:
            chart = next((v.chart for v in given.values() if isinstance(v, Jet)), None)
            if chart is None:
                found = old(**{n: given[names[n]] for n in wanted if names[n] in given})
            else:
                pair = _Charts(self, chart)
                found = old(**{n: pair.inward(n, given) for n in wanted if names[n] in given})
                if isinstance(found, Jet):
                    return pair.outward(found, answer, factor)
            return answer.new(found * factor) if isinstance(found, int | float | Tensor) else found

        new.__name__ = getattr(old, "__name__", "function")
        parameters = [inspect.Parameter(names[n], KEYWORD, default=p.default) for n, p in wanted.items()]
        new.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        return new

    def places(self, new: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Points in the old coordinates."""
        return {c: word.old(np.asarray(new[word.name])) for c, word in self.coordinates.items() if word.name in new}

    def moved(self, old: Mapping[str, Any]) -> dict[str, Any]:
        """Points in the new coordinates."""
        return {self.coordinates[c].name: self.coordinates[c].new(v) for c, v in old.items()}


class _Charts:
    """One set of points under the old names and under the new ones."""

    def __init__(self, words: Translation, new: Chart) -> None:
        self.words, self.new = words, new
        said = {c: (word.name, word.scale) for c, word in words.coordinates.items()}
        kept = {
            c: (c, 1.0) for c in new.names if c not in [name for name, _ in said.values()]
        }  # of checks, not of users
        self.called = {c: name for c, (name, _) in {**said, **kept}.items()}
        self.scales = [scale for _, scale in {**said, **kept}.values()]
        self.axes = [new.axis(name) for name in self.called.values()]  # of the old coordinates, in the new
        self.old: Chart = Chart(tuple(self.called), new.size, new.dtype, new.device)
        if isinstance(new, Stencil):
            widths = [new.widths[axis] / abs(scale) for axis, scale in zip(self.axes, self.scales, strict=True)]
            self.old = Stencil(dict(zip(self.called, widths, strict=True)), new.size, new.dtype, new.device)
        self.old.tape, self.old.fallbacks = new.tape, new.fallbacks
        self.names = {name: c for c, name in self.called.items()}

    def inward(self, name: str, given: Mapping[str, Any]) -> Any:
        """What stands behind an old name."""
        value = given[self.words.called(name)]
        if not isinstance(value, Jet):
            return value
        if isinstance(value, Shifted):
            return self._beside(value, {**self.words.coordinates, **self.words.unknowns}.get(name, Word(name)), name)
        if value.name is not None:
            place = self.words.coordinates[name].old(value.value)
            return self.old.coordinate(name, place) if value.depends else self.old.fixed(name, place)
        if name[:1] == "n" and name[1:] in self.words.coordinates:
            return self.old.constant(self._normal(name[1:], given))
        words = {**self.words.coordinates, **self.words.unknowns}  # a coordinate may be fixed, and then is none here
        return self._jet(value, words.get(name, Word(name)))

    def _normal(self, coordinate: str, given: Mapping[str, Any]) -> Tensor:
        """Of the outward normals: on a face of a box only the sign can change with the units."""
        word = self.words.coordinates[coordinate]
        normal: Tensor = given["n" + word.name].value
        return torch.sign(normal) if word.scale > 0 else -torch.sign(normal)

    def _beside(self, value: Shifted, word: Word, name: str) -> Shifted:
        """A field by differences: a place beside another is on its other side where a coordinate is mirrored."""

        def rule(offset: Alpha) -> Tensor:
            theirs = [0] * len(offset)
            for axis, scale, count in zip(self.axes, self.scales, offset, strict=True):
                theirs[axis] = count if scale > 0 else -count
            return word.old(value.dense(tuple(theirs)))

        assert isinstance(self.old, Stencil)
        return self.old.known(rule, name if value.name is not None else None)

    def _jet(self, value: Jet, word: Word) -> Jet:
        def rule(alpha: Alpha) -> Tensor | None:
            theirs = [0] * len(alpha)
            for axis, count in zip(self.axes, alpha, strict=True):
                theirs[axis] = count
            part = value.partial(tuple(theirs))
            if part is None:
                return None
            if not any(alpha):
                return word.old(part)
            return part * (_power(self.scales, alpha) / word.scale)

        depends = frozenset(self.names[c] for c in value.depends)
        return Jet(self.old, rule, tuple(value.shape), depends)

    def outward(self, value: Jet, word: Word, factor: float) -> Jet:
        """What a function returned, in the new words."""

        def beside(offset: Alpha) -> Tensor:
            turned = zip(self.axes, self.scales, strict=True)
            mine = tuple(offset[axis] if scale > 0 else -offset[axis] for axis, scale in turned)
            return word.new(value.dense(mine) if factor == 1 else factor * value.dense(mine))

        if isinstance(self.new, Stencil) and isinstance(value, Shifted):
            return self.new.known(beside)

        def rule(alpha: Alpha) -> Tensor | None:
            mine = tuple(alpha[axis] for axis in self.axes)
            part = value.partial(mine)
            if part is None:
                return None
            if not any(alpha):
                return word.new(part if factor == 1 else factor * part)
            return part * (factor * word.scale / _power(self.scales, mine))

        depends = frozenset(self.called[c] for c in value.depends)
        return Jet(self.new, rule, tuple(value.shape), depends)


def _power(scales: Sequence[float], alpha: Alpha) -> float:
    return prod(scale**count for scale, count in zip(scales, alpha, strict=True))
