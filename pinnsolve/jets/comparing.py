"""Comparisons of fields answered by whoever asks: on which side of a curve a `where` chooses, where that is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

# From the difference that is positive where a comparison is true to the answer; None where it speaks for itself.
Answering = Callable[[Any], Any]

LARGER, SMALLER = {"gt", "ge", "greater", "greater_equal"}, {"lt", "le", "less", "less_equal"}
_asked: ContextVar[Answering | None] = ContextVar("who answers comparisons", default=None)


@contextmanager
def answering(answer: Answering | None) -> Iterator[None]:
    """Ask a function first at each comparison by size, in the order in which they are made."""
    token = _asked.set(answer)
    try:
        yield
    finally:
        _asked.reset(token)


def answered(name: str, a: Any, b: Any) -> Any:
    """What is to be taken for a comparison; None where it speaks for itself."""
    answer = _asked.get()
    if answer is None or name not in LARGER | SMALLER:
        return None
    with answering(None):
        return answer(a - b if name in LARGER else b - a)
