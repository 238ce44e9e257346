"""Which side comparisons take where a box does not decide them.

Two coefficients that jump at the same place, k = where(x < m, 1, 5) and c = where(x < m, 2, 3), are never 1 and 3 at
once. Their hulls do not know that, and a box around m holds too much however small it is. So an interval remembers what
it was computed from; the same comparison of the same things is the same question, answered once for all that ask.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import product
from typing import Any, ClassVar

import torch


@dataclass
class Branches:
    """One evaluation: numbers for what was computed, by its function and arguments, answers to comparisons, and whether
    anything in it may jump."""

    answers: Mapping[int, bool] = field(default_factory=dict)
    known: dict[Hashable, int] = field(default_factory=dict)
    asked: dict[int, None] = field(default_factory=dict)
    jumped: bool = False
    current: ClassVar[Branches | None] = None
    # Questions at once, each of which doubles the evaluations. More: more jumps that cross each other are told apart.
    most: ClassVar[int] = 3

    def number(self, key: Hashable) -> int:
        return self.known.setdefault(key, len(self.known))


@contextmanager
def _as_current(branches: Branches) -> Iterator[None]:
    Branches.current = branches
    try:
        yield
    finally:
        Branches.current = None


def told(name: str, *args: Any) -> int | None:
    """The number of what a function makes of arguments; none outside of `apart`, or where one of them has none."""
    branches = Branches.current
    if branches is None:
        return None
    key = [_key(a) for a in args]
    return None if None in key else branches.number((name, *key))


def _key(arg: Any) -> Hashable | None:
    """What an argument is, for it to be the same: a number, a shape, or something with a number of its own."""
    if isinstance(arg, torch.Tensor):
        return float(arg) if arg.numel() == 1 else None
    if hasattr(arg, "told"):
        return None if arg.told is None else ("made", arg.told)
    return arg if isinstance(arg, Hashable) else None


def jumped() -> None:
    """Note that something jumps, so that slopes do not bound what is evaluated."""
    if Branches.current is not None:
        Branches.current.jumped = True


def unbroken(evaluated: Callable[[], Any]) -> tuple[Any, bool]:
    """What is evaluated, and whether nothing in it jumps."""
    branches = Branches()
    with _as_current(branches):
        return evaluated(), not branches.jumped


def apart(evaluated: Callable[[], Any]) -> Iterator[Any]:
    """Evaluations of the same, one for each way in which what is undecided may be answered; a single one, with the hull
    of all sides, where that is too much or makes no difference."""
    first = Branches()
    with _as_current(first):
        found = evaluated()
    questions = list(first.asked)
    if not 0 < len(questions) <= Branches.most:
        yield found
        return
    for answers in product((False, True), repeat=len(questions)):
        branches = Branches(dict(zip(questions, answers, strict=True)), first.known)
        with _as_current(branches):
            yield evaluated()
