"""The table of the comparison, written anew from the stored records."""

from __future__ import annotations

import json
import statistics
from math import inf, isfinite
from pathlib import Path
from typing import Any

PROBLEMS = (
    "heat", "poisson", "wave", "burgers", "allen_cahn", "kovasznay", "taylor_green", "cavity", "maxwell_cavity",
    "cooling", "heat_plate", "klein_gordon", "schrodinger", "kuramoto_sivashinsky", "lotka_volterra", "maxwell_pulse",
    "gray_scott", "mixing", "cylinder_flow", "fisher_kpp", "poisson_3d", "plate_with_holes",
    "backward_step", "waveguide",
)  # fmt: skip
PACKAGES = ("pinnsolve", "deepxde", "jinns", "scipy")
NAMES = {"pinnsolve": "pinnsolve", "deepxde": "DeepXDE", "jinns": "jinns", "scipy": "SciPy (reference method)"}
LEVELS = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
FINE = tuple(float(f"{digit}e-{decade}") for decade in range(1, 13) for digit in (5, 2, 1))  # where ratios are taken
Record = dict[str, Any]
HEADER = (
    "| package | "
    + " | ".join(f"to {level:.0e}" for level in LEVELS)
    + " | final error | training | set-up | import | "
    "memory | pinnsolve is faster by | outcome |\n|" + "---|" * (len(LEVELS) + 8)
)


def read(folder: Path) -> list[Record]:
    """All records of a folder."""
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]


def worst(errors: dict[str, float]) -> float:
    """The largest relative L2 error over the unknowns; infinite if one is not finite."""
    return max(e if e is not None and isfinite(e) else inf for e in errors.values())


def time_to(curve: list[dict[str, Any]], level: float) -> float:
    """The least training time (s) at which every unknown's error was at or below a level; infinite if none."""
    return min((point["seconds"] for point in curve if worst(point["errors"]) <= level), default=inf)


def longest(curve: list[dict[str, Any]]) -> dict[str, Any]:
    """The point with the most training."""
    return max(curve, key=lambda point: point["seconds"])


def median_time(records: list[Record], level: float) -> float:
    """The median over the seeds; a seed that did not get there counts as infinite."""
    return statistics.median_high([time_to(record["curve"], level) for record in records])


def smallest_level(records: list[Record]) -> float | None:
    """The smallest error of `FINE` that was reached; None where none was."""
    reached = [level for level in FINE if records and median_time(records, level) < inf]
    return reached[-1] if reached else None


def ratio(records: list[Record], ours: list[Record]) -> str:
    """A peer's time over pinnsolve's, at the smallest error, of 0.5, 0.2, 0.1, 0.05, ..., that the peer reached."""
    least = smallest_level(records)
    if least is None:
        return "reached no level"
    if not ours:
        return ""
    own = median_time(ours, least)
    if own == inf:
        return f"pinnsolve did not reach {least:.0e}"
    times = median_time(records, least) / own
    return f"{times:,.0f} (at {least:.0e})" if times >= 10 else f"{times:.2g} (at {least:.0e})"


def beside_classical(records: list[Record]) -> str:
    """On how many problems pinnsolve is faster than the classical method, to the smallest error that this one reached,
    and on which it is not; and to how many of the larger ones."""
    quicker, at = dict[str, bool](), dict[float, list[bool]]()
    for problem in PROBLEMS:
        ours, theirs = (
            [r for r in records if (r["problem"], r["package"]) == (problem, p)] for p in ("pinnsolve", "scipy")
        )
        least = smallest_level(theirs)
        if not ours or least is None:
            continue
        quicker[problem] = median_time(ours, least) < median_time(theirs, least)
        for level in LEVELS:
            if level >= least:
                at.setdefault(level, []).append(median_time(ours, level) < median_time(theirs, level))
    slower = [problem for problem, won in quicker.items() if not won]
    told = f"; it is not on {', '.join(slower)}" if slower else ""
    levels = ", ".join(f"{level:.0e} on {sum(won)} of {len(won)}" for level, won in at.items())
    return (
        f"To the smallest error that the classical method reached, pinnsolve is faster on {sum(quicker.values())} of "
        f"{len(quicker)} problems{told}. To larger ones, of those that it reached: {levels or 'none'}."
    )


def table(records: list[Record]) -> str:
    """One table a problem, a row a package, and each package's settings in words below."""
    parts = []
    for problem in PROBLEMS:
        here = [r for r in records if r["problem"] == problem]
        if here:
            rows = [_row(package, here) for package in PACKAGES]
            parts.append(f"## {problem}\n\n{HEADER}\n" + "\n".join(rows) + "\n\n" + _settings(here))
    return "\n\n".join(parts) + "\n"


def _row(package: str, here: list[Record]) -> str:
    records = [r for r in here if r["package"] == package]
    ours = [r for r in here if r["package"] == "pinnsolve"]
    if not records:
        return f"| {NAMES[package]} |" + " |" * (len(LEVELS) + 6) + " not run |"
    times = [_seconds(median_time(records, level)) for level in LEVELS]
    last = [longest(r["curve"]) for r in records if r["curve"]]
    final = _errors(last)
    spent = [_seconds(_median([point["seconds"] for point in last]))]
    spent += [_seconds(_median([r[name] for r in records])) for name in ("setup_seconds", "import_seconds")]
    memory = [r["peak_mib"] for r in records if r["peak_mib"] is not None]
    told = [f"{max(memory):,.0f} MiB" if memory else "", "" if package == "pinnsolve" else ratio(records, ours)]
    outcomes = ", ".join(dict.fromkeys(r["outcome"].replace("|", "/") for r in records))
    return "| " + " | ".join([NAMES[package], *times, final, *spent, *told, outcomes]) + " |"


def summary(records: list[Record]) -> str:
    """All problems in one table: times to two levels, and by how much the peers are slower."""
    lines = [
        "| problem | pinnsolve to 1e-3, 1e-5 | its final error | DeepXDE: error, after | slower by | "
        "jinns: error, after | slower by | SciPy to 1e-3, 1e-5 |",
        "|" + "---|" * 8,
    ]
    for problem in PROBLEMS:
        by = {p: [r for r in records if (r["problem"], r["package"]) == (problem, p)] for p in PACKAGES}
        if not by["pinnsolve"]:
            continue
        times = {p: ", ".join(_seconds(median_time(by[p], level)) for level in (1e-3, 1e-5)) for p in by if by[p]}
        cells = [problem, times["pinnsolve"], _final(by["pinnsolve"])]
        for peer in ("deepxde", "jinns"):
            cells += [_final(by[peer], True), ratio(by[peer], by["pinnsolve"])] if by[peer] else ["no example", ""]
        lines.append("| " + " | ".join([*cells, times.get("scipy", "")]) + " |")
    return "\n".join([*lines, "", beside_classical(records)])


def _final(records: list[Record], timed: bool = False) -> str:
    """The median of the last errors, the worst of the unknowns, and the seconds of training until then."""
    last = [longest(r["curve"]) for r in records if r["curve"]]
    if not last:
        return "failed"
    error = f"{statistics.median(worst(point['errors']) for point in last):.0e}"
    return f"{error}, {_seconds(statistics.median(point['seconds'] for point in last))}" if timed else error


def _errors(points: list[dict[str, Any]]) -> str:
    """The median over the seeds of every unknown's error."""
    if not points:
        return ""
    found = {u: statistics.median(worst({u: p["errors"][u]}) for p in points) for u in points[0]["errors"]}
    return ", ".join(f"{unknown} {error:.1e}" for unknown, error in found.items())


def _median(values: list[float | None]) -> float:
    given = [v for v in values if v is not None]
    return statistics.median(given) if given else inf


def _seconds(value: float) -> str:
    return f"{value:.2g} s" if value < 100 else f"{value:.0f} s" if value < inf else "-"


def _settings(here: list[Record]) -> str:
    told = {NAMES[p]: [r["settings"] for r in here if r["package"] == p and r["settings"]] for p in PACKAGES}
    seeds = {NAMES[p]: len([r for r in here if r["package"] == p]) for p in PACKAGES}
    return "\n".join(
        f"- {name} ({seeds[name]} seed{'s' * (seeds[name] > 1)}): {said[0]}" for name, said in told.items() if said
    )
