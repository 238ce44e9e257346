"""A function of tensors as the list of operations that it makes, which can be made again without the function.

Fields of few points are evaluated in no time, and what finds the operations (names, multi-indices, jets, the tape of
autograd) takes all of it. A program makes the same operations on other numbers, in the same order: to the same bits.
What looks at numbers (a branch, a conversion to NumPy), draws some, or writes onto what it was given has no program.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

Step = tuple[Callable[..., Any], list[Any], dict[str, Any], Any]


@dataclass(frozen=True)
class Program:
    """Operations on what stands at places: inputs first, then all else that they need or make.

    Parameters
    ----------
    inputs : int
        How many there are.
    others : list
        What stands behind them, None where an operation puts its result.
    steps : list of (function, places of its arguments, keywords, places of its results)
    outputs : list of int
        Places.
    """

    inputs: int
    others: list[Any]
    steps: list[Step]
    outputs: list[int]

    def sized(self, before: int, after: int) -> Program | None:
        """For another number of points: sizes, and fields that are the same everywhere, are made for it; nothing where
        another field is needed."""
        others: list[Any] = []
        for value in self.others:
            if isinstance(value, Tensor) and before in value.shape:
                if value.shape != (before,) or bool((value != value[0]).any()):
                    return None
                others.append(value[:1].expand(after))
            elif isinstance(value, list | tuple) and all(isinstance(v, int) for v in value):
                others.append([after if v == before else v for v in value])
            else:
                others.append(value)
        return Program(self.inputs, others, self.steps, self.outputs)

    def run(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        """The outputs for other inputs of the same shapes."""
        values = [*inputs, *self.others]
        with torch.no_grad():
            for function, places, keywords, made in self.steps:
                found = function(*[values[k] if k.__class__ is int else _all(values, k) for k in places], **keywords)
                if made.__class__ is int:
                    values[made] = found
                else:
                    for k, each in zip(made, found, strict=True):
                        values[k] = each
        return [values[k] for k in self.outputs]


def _all(values: list[Any], places: Sequence[Any]) -> list[Any]:
    return [values[k] if k.__class__ is int else _all(values, k) for k in places]


class Recording(TorchDispatchMode):
    """Notes the operations on what depends on inputs, while it lasts.

    Parameters
    ----------
    count : int
        Of points: a tensor of so many numbers that is neither given nor made here was made of other points.
    """

    alike: ClassVar[frozenset[str]] = frozenset(
        {"ones_like", "zeros_like", "full_like", "new_zeros", "new_ones", "new_full"}
    )  # they ask for a shape alone
    strange: ClassVar[frozenset[Any]] = frozenset(
        {torch.Tag.nondeterministic_seeded, torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape}
    )

    def __init__(self, count: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.count = count
        self.places: dict[int, int] = {}  # by identity, of what depends on inputs
        self.born: set[int] = set()  # what was made here and does not
        self.values: list[Any] = []
        self.steps: list[Step] = []
        self.kept: list[Any] = []  # so that no identity is given twice
        self.stores: set[int] = set()  # the memory of inputs
        self.lost = self.silent = self.written = False

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Whether torch's compiler is imported, for a second, to be kept away; nothing is compiled here."""
        return False

    def given(self, value: Tensor) -> None:
        """An input."""
        self.stores.add(value.untyped_storage().data_ptr())
        self._made(value)

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """What is made meanwhile is not noted."""
        self.silent = True
        try:
            yield
        finally:
            self.silent = False

    def depends(self, value: Any) -> bool:
        """Whether it is made of inputs."""
        if isinstance(value, list | tuple):
            return any(map(self.depends, value))
        return isinstance(value, Tensor) and id(value) in self.places

    def program(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Program | None:
        """What was noted; nothing where it cannot be made again."""
        ends = [self._place(v) for v in outputs]
        if self.lost:
            return None
        steps = self.steps if self.written else needed(self.steps, ends)
        order = [self.places[id(v)] for v in inputs]
        made = {k for *_, results in steps for k in _flat(results)}
        used = made | set(ends) | {k for _, places, *_ in steps for k in _flat(places)}
        rest = sorted(used - set(order))
        moved = {old: new for new, old in enumerate([*order, *rest])}

        def at(places: Any) -> Any:
            return moved[places] if isinstance(places, int) else [at(k) for k in places]

        others = [None if k in made else self.values[k] for k in rest]
        return Program(len(order), others, [(f, at(a), kw, at(m)) for f, a, kw, m in steps], at(ends))

    def _made(self, value: Any) -> int:
        if id(value) not in self.places:
            self.places[id(value)] = len(self.values)
            self.values.append(value)
            self.kept.append(value)
        return self.places[id(value)]

    def _place(self, value: Any) -> Any:
        """Where an argument stands; what depends on no input stands for itself."""
        if isinstance(value, list | tuple) and any(isinstance(v, Tensor) for v in value):
            return [self._place(v) for v in value]
        if isinstance(value, Tensor):
            if id(value) in self.places:
                return self.places[id(value)]
            self.lost |= id(value) not in self.born and self.count in value.shape
        self.values.append(value)
        return len(self.values) - 1

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        keywords = kwargs or {}
        found = func(*args, **keywords)
        if not (self.silent or self.lost):
            self.kept += [args, found]
            self._note(func, args, keywords, found)
        return found

    def _note(self, func: Any, args: Any, keywords: dict[str, Any], found: Any) -> None:
        name, results = func.overloadpacket.__name__, list(found) if isinstance(found, list | tuple) else [found]
        if self.strange & set(func.tags) or self.depends(list(keywords.values())):
            self.lost = True
        elif name in self.alike or not self.depends(args):
            outside = [v for v in args if isinstance(v, Tensor) and id(v) not in self.born | self.places.keys()]
            self.lost |= any(self.count in v.shape for v in outside)
            self.born |= {id(r) for r in results}
        elif not all(isinstance(r, Tensor) for r in results):
            self.lost = True  # a number was looked at
        elif name == "detach":
            self.places[id(found)] = self.places[id(args[0])]
        elif func._schema.is_mutable and self._foreign(args[0]):
            self.lost = True
        else:
            self.written |= func._schema.is_mutable
            places = [self._place(a) for a in args]
            made = [self._made(r) for r in results]
            self.steps.append((quick(func), places, keywords, made if isinstance(found, list | tuple) else made[0]))

    def _foreign(self, written: Any) -> bool:
        """Whether what is written onto is no result of the program."""
        return not self.depends(written) or written.untyped_storage().data_ptr() in self.stores


class Looking(TorchFunctionMode):
    """Sees who looks at numbers that depend on inputs."""

    looks: ClassVar[frozenset[str]] = frozenset(
        {"numpy", "tolist", "item", "__array__", "__bool__", "__float__", "__int__", "data_ptr", "__dlpack__"}
    )

    def __init__(self, recording: Recording) -> None:
        super().__init__()
        self.recording = recording

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(func, "__name__", "") in self.looks and self.recording.depends(args[:1]):
            self.recording.lost = True
        return func(*args, **(kwargs or {}))


def quick(func: Any) -> Callable[..., Any]:
    """The function of torch that makes the same operation, where it takes the same arguments: it is called faster."""
    name = func.overloadpacket.__name__
    plain = func._overloadname in ("default", "Tensor", "Tensor_Scalar") and not func._schema.is_mutable
    arithmetic = "add sub mul div neg sin cos exp log tanh sinh cosh sqrt rsqrt reciprocal pow abs sign sigmoid stack"
    found: Callable[..., Any] = getattr(torch, name) if plain and name in arithmetic.split() else func
    return found


def needed(steps: Sequence[Step], outputs: Sequence[int]) -> list[Step]:
    """Those that the outputs are made of."""
    wanted, found = set(outputs), list[Step]()
    for step in reversed(steps):
        if wanted & set(_flat(step[3])):
            wanted |= set(_flat(step[1]))
            found.append(step)
    return found[::-1]


def _flat(places: Any) -> list[int]:
    return [places] if isinstance(places, int) else [k for p in places for k in _flat(p)]
