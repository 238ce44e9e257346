"""The record of a check: a problem in words, what is expected of a run, and what was found."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from pinnsolve.problem.written import lines


@dataclass(frozen=True)
class Said:
    """An equation of the problem.

    Parameters
    ----------
    text : str
        As it is written.
    linear : bool
        In the unknowns.
    orders : dict from unknown to dict from coordinate to int
        The highest derivative along each coordinate.
    """

    text: str
    linear: bool
    orders: dict[str, dict[str, int]]

    def __str__(self) -> str:
        orders = [f"order {k} in {c}" for c, k in self._highest().items()]
        return f"{self.text}   ({', '.join(['linear' if self.linear else 'nonlinear', *orders])})"

    def _highest(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for along in self.orders.values():
            for c, k in along.items():
                found[c] = max(k, found.get(c, 0))
        return found


@dataclass(frozen=True)
class Overview:
    """What is known of a problem before it is trained; `print(problem.check())`.

    Parameters
    ----------
    unknowns : dict from unknown to str
        Over which coordinates and where each stands.
    domain : str
    equations : dict from name to Said
    conditions : dict from name to dict
        `text`, as it is written, and `holds`: exact, weighted, or where.
    data : dict from name to str
    parameters : dict from name to str
    reference : str
    tolerance : float
        Relative (dimensionless).
    method : str
        What a run begins with.
    parameters_count : int
        Numbers to be trained at first; zero for cells, which find out how many they need.
    memory : int
        Bytes that are expected to be in use then.
    seconds : dict
        `training` and `reference`: what they may take at most.
    findings : list of str
        What may be wrong, in words.
    """

    unknowns: dict[str, str]
    domain: str
    equations: dict[str, Said]
    conditions: dict[str, dict[str, str]]
    data: dict[str, str]
    parameters: dict[str, str]
    reference: str
    tolerance: float
    method: str
    parameters_count: int
    memory: int
    seconds: dict[str, float]
    findings: list[str]

    def __str__(self) -> str:
        told = [f"unknowns over {self.domain}:", *lines(self.unknowns.items())]
        told += ["equations:", *lines((n, str(e)) for n, e in self.equations.items())] if self.equations else []
        held = [(n, f"{c['text']}   ({c['holds']})" if c["text"] else c["holds"]) for n, c in self.conditions.items()]
        told += ["conditions:", *lines(held)] if held else []
        for title, entries in (("data:", self.data), ("parameters:", self.parameters)):
            told += [title, *lines(entries.items())] if entries else []
        upto = f"up to {self.seconds['training']:g} s of training"
        if self.seconds["reference"]:
            upto += f", and {self.seconds['reference']:g} s for the reference"
        expected = {
            "method": self.method + f", {self.parameters_count:,} numbers at first" * bool(self.parameters_count),
            "memory": f"about {self.memory / 2**20:,.0f} MiB at first",
            "time": upto,
            "reference": f"{self.reference}; tolerance {self.tolerance:g}",
        }
        told += ["expected:", *lines(expected.items())]
        told += [f"finding: {finding}" for finding in self.findings]
        end = "see the findings first; a run would begin all the same"
        return "\n".join([*told, end if self.findings else "the problem can be solved as it stands"])

    def __repr__(self) -> str:
        return str(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON; `stands` says that nothing keeps it from being solved."""
        return {"stands": True, **dataclasses.asdict(self)}
