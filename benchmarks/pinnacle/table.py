"""`pinnacle.md` from all records: a row for each task, ours beside the best published error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.pinnacle.published import BEST, CORRECTED
from benchmarks.pinnacle.truths.record import JOINT

Record = dict[str, Any]
WANTED = 10.0  # times below the best published error
NAMES = {
    "burgers1d_c": "Burgers1d-C", "burgers2d_c": "Burgers2d-C", "poisson2d_c": "Poisson2d-C",
    "poisson2d_cg": "Poisson2d-CG", "poisson3d_cg": "Poisson3d-CG", "poisson2d_ms": "Poisson2d-MS",
    "heat2d_vc": "Heat2d-VC", "heat2d_ms": "Heat2d-MS", "heat2d_cg": "Heat2d-CG", "heat2d_lt": "Heat2d-LT",
    "ns2d_c": "NS2d-C", "ns2d_cg": "NS2d-CG", "ns2d_lt": "NS2d-LT", "wave1d_c": "Wave1d-C", "wave2d_cg": "Wave2d-CG",
    "wave2d_ms": "Wave2d-MS", "gs": "GS", "ks": "KS", "pnd": "PNd", "hnd": "HNd", "pinv": "PInv", "hinv": "HInv",
}  # fmt: skip
HEADER = (
    "| task | joint error | each output | truth's own accuracy | seconds | tolerance | outcome, its estimate "
    "| best published | ours is below by |\n|" + "---|" * 9
)
PREFACE = """# PINNacle

Made by `python -m benchmarks.pinnacle` from `pinnacle/results/`: pinnsolve with default settings on the 22 tasks of
`pinnacle/tasks/`, one thread, a process for each. Errors are relative L2 against the truths of `pinnacle/truths/`; the
joint one is of all outputs together, as published errors are. Seconds are those of training, on the clock (CPU seconds
of the whole solve, with its checks). A star: the task is a corrected one of the same name, so that the published error
is no direct neighbour. [What the faults of the published tasks are](../docs/pinnacle.md).
"""


def read(folder: Path) -> dict[str, Record]:
    """All records, by task."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}


def factor(record: Record) -> float | None:
    """How many times the joint error, or the truth's own where that is larger, is below the best published one."""
    joint = record.get("errors", {}).get(JOINT)
    return None if joint is None else BEST[record["task"]][0] / max(joint, record["own"][JOINT])


def table(records: dict[str, Record]) -> str:
    """All of it."""
    rows = [_row(name, records.get(name)) for name in NAMES]
    factors = [factor(record) for record in records.values()]
    below = sum(f is not None and f >= WANTED for f in factors)
    count = (
        f"{len(records)} of {len(NAMES)} tasks were run; {below} are ten times or more below the best published error."
    )
    truths = [f"- {NAMES[name]}: {records[name]['truth']}." for name in NAMES if "truth" in records.get(name, {})]
    return "\n".join([PREFACE, count, "", HEADER, *rows, "", "Truths:", "", *truths]) + "\n"


def _row(name: str, record: Record | None) -> str:
    best, by = BEST[name]
    star = "*" if name in CORRECTED else ""
    cells = [f"[{NAMES[name]}](pinnacle/tasks/{name}.py){star}"]
    if record is None:
        cells += ["not run", "", "", "", "", ""]
    elif "errors" not in record:
        cells += ["failed", "", "", "", "", record["words"]]
    else:
        cells += _measured(record)
    found = factor(record) if record else None
    cells += [f"{best:.1e}, {by}", "" if found is None else f"{found:,.0f}" if found >= 10 else f"{found:.2g}"]
    return f"| {' | '.join(cells)} |"


def _measured(record: Record) -> list[str]:
    errors, own = record["errors"], record["own"]
    joint = _against(errors[JOINT], own[JOINT])
    if errors[JOINT] is None:
        joint = f"solved for {100 * errors['solved']:.0f} %: {_told(errors['joint where solved'])} there"
    outputs = [f"{name}: {_told(e)}" for name, e in errors["outputs"].items() if e is not None]
    if "followed to t" in errors:
        outputs.append(f"below 1e-2 to t = {errors['followed to t']:g}")
    accuracy = ", ".join(f"{name} {_told(e)}" for name, e in own.items() if name != JOINT)
    estimate = "" if record["estimate"] is None else f", {record['estimate']:.1e}"
    seconds = f"{record['seconds']:.1f} ({record['cpu_seconds']:.1f} CPU)"
    return [joint, "; ".join(outputs), accuracy, seconds, f"{record['tolerance']:g}", record["outcome"] + estimate]


def _against(error: float | None, own: float) -> str:
    """An error, or that it is below the truth's own accuracy."""
    if error is None:
        return "-"
    return f"{_told(error)}, below the truth's own accuracy" if error < own else _told(error)


def _told(error: float | None) -> str:
    return "-" if error is None else f"{error:.1e}"
