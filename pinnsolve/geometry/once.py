"""What is found of a piece of a shape once: pieces are made anew at every look at a region, shapes are not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

T = TypeVar("T")


def once(owner: Any, key: tuple[Any, ...], find: Callable[[], T]) -> T:
    """What `find` returns, kept by its owner, a shape or a side, under the key; without an owner found anew."""
    if owner is None:
        return find()
    known = owner.__dict__.setdefault("found of pieces", {})
    if key not in known:
        known[key] = find()
    return cast(T, known[key])
