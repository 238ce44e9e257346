"""What is found once of what does not change: of a piece of a shape, which is made anew at every look at a region, of a
problem that is solved several times."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

T = TypeVar("T")


def once(owner: Any, key: tuple[Any, ...], find: Callable[[], T]) -> T:
    """What `find` returns, kept by its owner under the key; without an owner found anew."""
    if owner is None:
        return find()
    known = owner.__dict__.setdefault("found once", {})
    if key not in known:
        known[key] = find()
    return cast(T, known[key])


def kept(owner: Any, key: tuple[Any, ...]) -> Any:
    """What is kept under the key; nothing where it was not found yet."""
    return owner.__dict__.get("found once", {}).get(key)


def forget(*owners: Any) -> None:
    """Nothing is kept any more."""
    for owner in owners:
        owner.__dict__.pop("found once", None)
