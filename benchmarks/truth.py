"""Where errors are measured, and what is true there: written once, read by every package's worker."""

from __future__ import annotations

import zlib
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from pinnsolve import Problem
from pinnsolve.checks.check import check
from pinnsolve.checks.signature import signature
from pinnsolve.geometry.places import away
from pinnsolve.trial.exact import verified
from pinnsolve.verdict.compare import fresh_points

CACHE = Path(__file__).parent / ".cache"
TIGHT = 1e-10  # the reference's own error is brought to a tenth of it, where it can be: below what runs are asked for


def truth(name: str) -> Path:
    """The file with 4,096 Sobol points of a problem's domain, and its reference's values there.

    Points near corners at which prescribed values jump are left out, as in `pinnsolve.verdict.compare`.
    """
    problem: Problem = import_module(f"problems.{name}").problem
    statement = zlib.crc32(repr(signature(problem)).encode())
    path = CACHE / f"{name}-{statement:08x}-{TIGHT:.0e}.npz"
    if not path.exists():
        assert callable(problem.reference)
        reference = problem.reference(problem.replaced(tolerance=TIGHT))
        points = fresh_points(problem, 0)
        corners = verified(problem, check(problem))[0].corners
        far = away(corners, points.coordinates, problem.domain)
        places = {c: v.numpy() for c, v in (points if far is None else points[far]).coordinates.items()}
        fields = {f"of_{unknown}": reference.fields[unknown](**places) for unknown in problem.unknowns}
        CACHE.mkdir(exist_ok=True)
        arrays: dict[str, Any] = {"coordinates": list(places), "unknowns": list(problem.unknowns)}
        arrays |= {f"at_{c}": v for c, v in places.items()} | fields | {"own_error": reference.own_error}
        np.savez(path, **arrays)
    return path
