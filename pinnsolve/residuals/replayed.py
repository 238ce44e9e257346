"""Evaluations of equations that are made again as programs (`pinnsolve.jets.programs`), where points are few.

The first evaluation of equations says nothing, the second is noted, the third is held against what was noted, bit by
bit. From then on the program stands for the equations on as many points. On another number of points it is held against
them once more; then it stands for them on any.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor

from pinnsolve.geometry.once import once
from pinnsolve.geometry.points import Points
from pinnsolve.jets.programs import Looking, Program, Recording

HOST = torch.device("cpu")  # on a card the operations themselves take the time
Key = Any  # of a leaf or an output, as its user names it


@dataclass
class Replayed:
    """One function of points and leaves, evaluated again and again.

    Parameters
    ----------
    held : object
        What is not to vanish while this is kept.
    """

    held: object
    calls: int = 0
    leaves: list[Key] = field(default_factory=list)  # in the order of the program's inputs
    outputs: list[Key] = field(default_factory=list)  # in the order of its outputs
    count: int = 0  # points on which it was noted
    programs: OrderedDict[int, Program] = field(default_factory=OrderedDict)  # by the number of points
    trusted: bool = False  # on as many points as it was noted on
    general: bool | None = None  # on any; nothing where that was not seen

    most: ClassVar[int] = 20_000  # points: with more the operations themselves take the time
    kept: ClassVar[int] = 16  # programs: each holds some fields
    functions: ClassVar[int] = 32  # of a problem

    @property
    def noted(self) -> bool:
        """Whether the evaluation at hand is to be noted."""
        return self.calls == 2

    def stands(self, points: Points) -> bool:
        """Whether the program stands for an evaluation on these points."""
        known = self.trusted if len(points) == self.count else bool(self.general)
        return known and self._program(len(points)) is not None

    def run(self, points: Points, leaf: Callable[[Key], Tensor]) -> tuple[dict[Key, Tensor], dict[Key, Tensor]]:
        """The leaves, and the outputs."""
        program, leaves = self._program(len(points)), {key: leaf(key) for key in self.leaves}
        assert program is not None
        made = program.run([*_tensors(points), *leaves.values()])
        return leaves, dict(zip(self.outputs, made, strict=True))

    def keep(
        self, recording: Recording, points: Points, leaves: Mapping[Key, Tensor], outputs: Mapping[Key, Tensor]
    ) -> None:
        """Keep what was noted."""
        program = recording.program([*_tensors(points), *leaves.values()], [*outputs.values()])
        if program is not None:
            self.count, self.programs = len(points), OrderedDict({len(points): program})
        self.leaves, self.outputs = [*leaves], [*outputs]

    def compare(self, points: Points, leaves: Mapping[Key, Tensor], outputs: Mapping[Key, Tensor]) -> None:
        """Hold an evaluation against the program."""
        if not self.programs or self.noted or (len(points) != self.count and self.general is False):
            return
        same = self._same(points, leaves, outputs)
        if len(points) != self.count:
            self.general = same
        elif same:
            self.trusted = True
        else:
            self.programs.clear()

    def _same(self, points: Points, leaves: Mapping[Key, Tensor], outputs: Mapping[Key, Tensor]) -> bool:
        asked = leaves.keys() == set(self.leaves) and outputs.keys() == set(self.outputs)
        if not asked or self._program(len(points)) is None:
            return False
        try:
            _, again = self.run(points, lambda key: leaves[key].detach())
        except RuntimeError:  # a size that was another thing
            return False
        return all(
            a.shape == outputs[k].shape and torch.allclose(a, outputs[k], rtol=0.0, atol=0.0, equal_nan=True)
            for k, a in again.items()
        )

    def _program(self, count: int) -> Program | None:
        """For so many points."""
        if count not in self.programs and self.count in self.programs:
            other = self.programs[self.count].sized(self.count, count)
            if other is None:
                return None
            self.programs[count] = other
            if len(self.programs) > self.kept:
                self.programs.pop(next(k for k in self.programs if k not in (self.count, count)))
        return self.programs.get(count)


def replayed(problem: object, of: Sequence[object], points: Points, slopes: bool) -> Replayed | None:
    """What is known of evaluating these equations of a problem; nothing where it is not worth it on so many points."""
    if len(points) > Replayed.most or points.weights.device != HOST:
        return None
    names = tuple(points.coordinates), tuple(points.normals), tuple(points.measured)
    key = (*map(id, of), points.weights.dtype, slopes, names)
    mine: OrderedDict[Any, Replayed] = once(problem, ("replayed",), OrderedDict)
    found = mine.setdefault(key, Replayed(list(of)))
    mine.move_to_end(key)
    if len(mine) > Replayed.functions:
        mine.popitem(last=False)
    found.calls += 1
    return found


def noting(points: Points) -> tuple[Recording, Looking]:
    """What notes an evaluation on these points."""
    recording = Recording(len(points))
    for value in _tensors(points):
        recording.given(value)
    return recording, Looking(recording)


def _tensors(points: Points) -> list[Tensor]:
    return [*points.coordinates.values(), *points.normals.values(), *points.measured.values(), points.weights]
