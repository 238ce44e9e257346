"""A budget of memory in words, and what each of the things that a run holds at once may take of it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from typing import Any

import torch

from pinnsolve.algebra.least_squares import FRONT
from pinnsolve.errors import ProblemError

# Of the letter before the B: what the words mean. Chosen, not measured: GB is 10^9, as disks have it, and GiB 2^30.
POWERS = {"K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
# Times as many points at once on a card, where no cache is to hold them. Larger: gigabytes for wide networks. Smaller:
# the card waits. Chosen, not measured.
ON_A_CARD = 16


@dataclass(frozen=True)
class Shares:
    """What a budget is divided by. Measured by `python -m benchmarks.memory`, which prints the peak beside the budget.

    Parameters
    ----------
    base : float
        Bytes that Python, PyTorch and a checked problem take, on the CPU.
    least : float
        Bytes beside that, with which the smallest problem is solved.
    front, entries, kept, rows, prepared : float
        Of what is left. They are in use together, and there are copies of them on the way. Larger: more than the
        budget. Smaller: more calls, and points that are prepared anew in each pass.
    points, numbers : float
        Of what is left, while cells are evaluated, and what each point takes then: derivatives, slopes, and what these
        come of.
    cells : float
        Of what is left: nothing else is held beside cells, and what they take is counted with its own margin.
    """

    base: float = 3.2e8
    least: float = 1e8
    front: float = 0.3
    entries: float = 0.05
    kept: float = 0.05
    rows: float = 0.3
    prepared: float = 0.2
    points: float = 0.1
    numbers: float = 50.0
    cells: float = 1.0


SHARES = Shares()


@dataclass(frozen=True)
class Room:
    """How much of what may be held at once; without a budget as much as is worth the time that it saves.

    Parameters
    ----------
    limit : float, optional
        Bytes of the whole process (of a GPU: on it), if there is a budget.
    front : int
        Numbers of a least-squares problem's rows that gather before they are folded.
    entries : int
        Numbers that residuals and their rows hold: points at once times what each takes. Beyond the cache more of them
        are no faster; a card, which waits for each operation, takes more.
    wide : int
        Points at once times the root of the number of weights, for a gradient: 2,000 where layers are 64 wide. Larger:
        the cache no longer holds them. Smaller: more calls. `python -m benchmarks.step` times such steps.
    kept : int
        Numbers of frozen features that stay from pass to pass. Fewer: they are computed anew, which takes a tenth of
        the time of a step.
    rows : int
        Numbers of a Jacobian's rows that are kept as they are. Fewer: they are made anew.
    prepared : float
        Bytes of points with all that does not change in training, which stay. Fewer: they are prepared anew in each
        pass, which takes about as long as the residuals' values.
    points : int
        Points of cells that are evaluated at once. Larger: memory. Smaller: more calls.
    cells : float, optional
        Bytes of the equations of cells, if there is a budget.
    """

    limit: float | None = None
    front: int = FRONT
    entries: int = 4_000_000
    wide: int = 225_000
    kept: int = 8_000_000
    rows: int = 125_000_000
    prepared: float = 4e9
    points: int = 500_000
    cells: float | None = None
    device: str = "cpu"

    @classmethod
    def of(cls, limit: float | None, device: str = "cpu", shares: Shares = SHARES) -> Room:
        """What a budget (bytes) leaves for each.

        Raises
        ------
        ProblemError
            If it is less than what an empty run takes.
        """
        times = 1 if device == "cpu" else ON_A_CARD
        free = cls(entries=times * cls.entries, wide=times * cls.wide, kept=times * cls.kept, device=device)
        if limit is None:
            return free
        base = shares.base if device == "cpu" else 0.0
        left = limit - base
        if left < shares.least:
            least = in_words(base + shares.least)
            fault = f"memory={in_words(limit)!r} is less than Python, PyTorch and the smallest problem take"
            raise ProblemError(fault, f"Write memory={least!r} or more.")
        entries = min(free.entries, int(shares.entries * left / 8))
        return replace(
            free, limit=limit, front=min(cls.front, int(shares.front * left / 8)), entries=entries,
            wide=max(cls.wide, free.wide * entries // free.entries), kept=min(free.kept, int(shares.kept * left / 8)),
            rows=int(shares.rows * left / 8), prepared=min(cls.prepared, shares.prepared * left),
            points=min(cls.points, int(shares.points * left / (8 * shares.numbers))), cells=shares.cells * left,
        )  # fmt: skip

    @property
    def most(self) -> float:
        """Bytes that there are: the budget, or the memory of this machine, or of the card, where none is given."""
        if self.limit is not None:
            return self.limit
        if torch.device(self.device).type == "cuda":
            return float(torch.cuda.get_device_properties(self.device).total_memory)
        return of_the_machine()


UNLIMITED = Room()


def read(what: str, given: Any) -> float | None:
    """Bytes of a memory in words; None stays None.

    >>> read("memory", "2 GB"), read("memory", "512 MiB"), read("memory", "1.5g")
    (2000000000.0, 536870912.0, 1500000000.0)

    Raises
    ------
    ProblemError
        If it is no amount of memory, or none above zero.
    """
    if given is None:
        return None
    remedy = f'A number and its unit, kB, MB, GB, TB (or MiB, GiB): write {what}="2 GB".'
    if not isinstance(given, str):
        raise ProblemError(f"{what}={given!r} has no unit", remedy)
    found = re.fullmatch(r"\s*([-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)\s*([kKmMgGtT]?)(i?)([bB]?)\s*", given)
    if found is None or not (found[2] or found[4]) or (found[3] and not found[2]):
        why = "has no unit" if re.fullmatch(r"\s*[-+\d.eE]+\s*", given) else "is no amount of memory"
        raise ProblemError(f"{what}={given!r} {why}", remedy)
    letter = found[2].upper()
    unit = 2.0 ** (10 * " KMGT".index(letter)) if found[3] else POWERS[letter] if letter else 1.0
    if not float(found[1]) * unit > 0:
        raise ProblemError(f"{what}={given!r} is not above zero", remedy)
    return float(found[1]) * unit


def in_words(count: float) -> str:
    """Bytes as one reads them.

    >>> in_words(2e9), in_words(4.2e8), in_words(1.25e11)
    ('2 GB', '420 MB', '125 GB')
    """
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count:.0f} B"


def of_the_machine() -> float:
    """All memory that this machine has (bytes), in use or not; without an answer no limit."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE")) * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return float("inf")
