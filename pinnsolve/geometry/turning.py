"""How a shape is turned."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from pinnsolve.errors import ProblemError
from pinnsolve.geometry.arguments import number


def turning(bounds: Mapping[str, tuple[float, float]], degrees: Any, about: Any) -> tuple[Tensor, Tensor]:
    """The rotation (d, d) and the point (d,) that it leaves in place; see `Shape.turned`."""
    names, angle = list(bounds), math.radians(number("turned", degrees))
    middle = [sum(ends) / 2 for ends in bounds.values()]
    if len(names) not in (2, 3):
        raise ProblemError(f"a shape in {len(names)} dimensions cannot be turned", "Possible: in two and in three.")
    first, second = 0, 1
    if len(names) == 3:
        about = names[2] if about is None else about
        if about not in names:
            raise ProblemError(f"turned: about={about!r} is no axis", f"Name one: {', '.join(map(repr, names))}.")
        first, second = [(1, 2), (2, 0), (0, 1)][names.index(about)]
    elif about is not None:
        given = list(about.values() if isinstance(about, Mapping) else about) if isinstance(about, Iterable) else []
        if len(given) != len(names):
            raise ProblemError(f"turned: about={about!r} is no point", "Write about=(0, 0).")
        middle = [number("turned: about", v) for v in given]
    turn = torch.eye(len(names), dtype=torch.float64)
    turn[first, first] = turn[second, second] = math.cos(angle)
    turn[first, second], turn[second, first] = -math.sin(angle), math.sin(angle)
    return turn, torch.tensor(middle, dtype=torch.float64)
