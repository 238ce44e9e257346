"""Time that is called a coordinate of the box."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Along:
    """In place of an interval of time: a coordinate of the box that is marched along as if it were time."""

    coordinate: str
