"""All that is told of a sweep: one row for each run, read from that run's own report."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from itertools import product
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pinnsolve.machine.files import write_whole
from pinnsolve.report.console import COLOURS

SWEEP, PAGE = "sweep.json", "sweep.html"
FINISHED, DIED, INTERRUPTED, WAITING = "finished", "died", "interrupted", "not run yet"
ANEW = "and is left as it is: take it away, and --resume runs it anew"
Errors = Mapping[str, Mapping[str, float | None]]


@dataclass(frozen=True)
class Row:
    """One run of a sweep.

    Parameters
    ----------
    parameters : mapping from name to float
    seed : int
    state : str
        One of the four above.
    why : str
        Of a run that died.
    verdict, outcome : str
        Those of its report, as all that follows; empty, or None, where there is none.
    errors : mapping from unknown to its errors
        As in report.json.
    own_error : float, optional
        That of its reference.
    estimate, tolerance, seconds : float, optional
    """

    parameters: Mapping[str, float]
    seed: int
    state: str = WAITING
    why: str = ""
    verdict: str = ""
    outcome: str = ""
    errors: Errors = field(default_factory=dict)
    own_error: float | None = None
    estimate: float | None = None
    tolerance: float | None = None
    seconds: float | None = None

    @property
    def folder(self) -> str:
        """Of its files, in that of the sweep.

        >>> Row({"nu": 0.01, "Re": 100.0}, 2).folder
        'nu=0.01_Re=100_seed=2'
        """
        return "_".join([*(f"{name}={short(value)}" for name, value in self.parameters.items()), f"seed={self.seed}"])

    @property
    def passed(self) -> bool:
        return self.state == FINISHED and self.verdict == "pass"

    @property
    def told(self) -> str:
        """What became of it, in a word."""
        return self.verdict if self.state == FINISHED else self.state

    @property
    def error(self) -> float | None:
        """The largest of its errors against the reference."""
        found = [self.error_of(unknown) for unknown in self.errors]
        return max((value for value in found if value is not None), default=None)

    def error_of(self, unknown: str) -> float | None:
        """The error by which the verdict goes: relative to the unknown's size or its variation, the larger of both."""
        told = self.errors.get(unknown, {})
        found = [told.get(kind) for kind in ("relative_l2", "relative_to_variation")]
        return max((value for value in found if value is not None), default=None)

    def __str__(self) -> str:
        return ", ".join([*(f"{n} = {short(v)}" for n, v in self.parameters.items()), f"seed {self.seed}"])

    def read(self, folder: Path) -> Row:
        """The same with what its report in the sweep's folder says.

        It died where there is no report, or one of other parameters or another seed: a row never shows the numbers of
        another run.
        """
        path = folder / self.folder / "report.json"
        bare = Row(self.parameters, self.seed)
        try:
            report = json.loads(path.read_text(encoding="utf-8"))
            if other := self._other(report):
                return replace(bare, state=DIED, why=f"its folder holds the report of another run ({other}), {ANEW}")
            reference = report["reference"] or {}
            return replace(
                bare, state=INTERRUPTED if report["outcome"].startswith(f"{INTERRUPTED}:") else FINISHED,
                verdict=report["verdict"], outcome=report["outcome"], errors=report["errors"],
                own_error=reference.get("own_error"), estimate=report["estimated_error"],
                tolerance=report["tolerance"], seconds=report["seconds"],
            )  # fmt: skip
        except FileNotFoundError:
            return replace(bare, state=DIED, why="it left no report")
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            return replace(bare, state=DIED, why=f"its report cannot be read ({type(error).__name__}: {error}), {ANEW}")

    def _other(self, report: Mapping[str, Any]) -> str:
        """What a report was made with that is not this run's."""
        there = {**report["parameters"], "seed": report["seed"]}
        asked = {**self.parameters, "seed": self.seed}
        return ", ".join(f"{name} = {there.get(name)}" for name, value in asked.items() if there.get(name) != value)


@dataclass(frozen=True)
class Sweep:
    """A problem at several values of its parameters, and with several seeds.

    Parameters
    ----------
    name : str
        Of the problem file.
    parameters : mapping from name to sequence of float
        Whose product is run.
    seeds : sequence of int
    identity : mapping
        What a sweep must have in common with this one, to go on with it.
    command : str
    rows : list of Row
        In the order of the product, seeds innermost. They are replaced as runs end.
    """

    name: str
    parameters: Mapping[str, Sequence[float]]
    seeds: Sequence[int]
    identity: Mapping[str, Mapping[str, str]]
    command: str
    rows: list[Row] = field(default_factory=list)
    date: str = field(default_factory=lambda: datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z").strip())

    def __post_init__(self) -> None:
        if not self.rows:
            self.rows.extend(Row(values, seed) for values in self.values for seed in self.seeds)

    @property
    def values(self) -> list[dict[str, float]]:
        """The values of all parameters, by name, of one run after the other."""
        return [dict(zip(self.parameters, row, strict=True)) for row in product(*self.parameters.values())]

    @property
    def unknowns(self) -> list[str]:
        """Those of which an error is known."""
        return list(dict.fromkeys(u for row in self.rows for u in row.errors))

    @property
    def passed(self) -> bool:
        """Whether all runs have."""
        return all(row.passed for row in self.rows)

    @property
    def summary(self) -> str:
        """How many runs have come to what.

        >>> Sweep("burgers", {"nu": (0.1, 0.2)}, (0,), {}, "").summary
        '0 of 2 runs pass; 2 not run yet'
        """
        told = [row.told for row in self.rows]
        others = [f"{told.count(word)} {word}" for word in dict.fromkeys(told) if word != "pass"]
        return "; ".join([f"{told.count('pass')} of {len(told)} runs pass", *others])

    def write(self, folder: Path) -> None:
        """Write `sweep.json`."""
        runs = [{**asdict(row), "folder": row.folder} for row in self.rows]
        contents = {
            "problem": self.name, "date": self.date, "command": self.command, "parameters": dict(self.parameters),
            "seeds": list(self.seeds), "passed": sum(row.passed for row in self.rows), "runs": runs,
            "identity": self.identity,
        }  # fmt: skip
        text = json.dumps(contents, indent=2, allow_nan=False, default=list) + "\n"
        write_whole(folder / SWEEP, lambda file: file.write_text(text, encoding="utf-8"))


def short(value: float) -> str:
    """A number in all its digits, and no more: two values that differ never look alike.

    >>> short(0.01), short(100.0), short(1e-07)
    ('0.01', '100', '1e-07')
    """
    return repr(value).removesuffix(".0")


def digits(number: float | None) -> str:
    """An error in two digits; a dash where there is none."""
    return "-" if number is None or not math.isfinite(number) else f"{number:.1e}"


def show_sweep(console: Console, sweep: Sweep, columns: int = 4) -> None:
    """The table of all runs; where there are more unknowns than `columns`, which a terminal has no room for, with the
    largest of their errors."""
    many = len(sweep.unknowns) > columns
    errors = ["largest error"] if many else [f"error of {u}" for u in sweep.unknowns]
    table = Table(*map(escape, sweep.parameters), "seed", *map(escape, errors), "estimate", "seconds", "verdict")
    for row in sweep.rows:
        each = [row.error] if many else [row.error_of(u) for u in sweep.unknowns]
        spent = "-" if row.seconds is None else f"{row.seconds:.2f}"
        colour = COLOURS.get(row.told, "bold red" if row.state == DIED else "yellow")
        known = [*map(digits, each), digits(row.estimate), spent]
        table.add_row(*map(short, row.parameters.values()), str(row.seed), *known, f"[{colour}]{row.told}[/]")
    console.print(table)
    for row in sweep.rows:
        if row.why:
            console.print(f"[yellow]warning[/] {escape(f'{row}: {row.why}')}", highlight=False, soft_wrap=True)
    colour = COLOURS["pass" if sweep.passed else "fail"]
    console.print(f"verdict  [{colour}]{sweep.summary}[/]", highlight=False)
