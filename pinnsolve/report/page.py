"""The report as one HTML file: nothing loaded from elsewhere, and no script but the one that moves its slider."""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from pinnsolve.inverse.record import Constant
from pinnsolve.machine.files import write_whole
from pinnsolve.report.embedded import address
from pinnsolve.report.figures import BADGES
from pinnsolve.report.moments import OverTime
from pinnsolve.report.record import WHAT_SCATTER_IS, Report, history_csv, summary

WORDS = {
    "pass": "the solution agrees with the reference within the tolerance.",
    "fail": "the solution is not shown to agree with the reference within the tolerance.",
    "unconfirmed": "nothing shows that the solution is within the tolerance, and nothing shows that it is not.",
}


# What each end of a training means to a reader who has not trained networks.
OUTCOMES = {
    "converged": "Training ended by itself, because the error is estimated to be small enough.",
    "plateau": "Training ended because it no longer got better; the error that was asked for was not reached.",
    "budget": "Training ended because its time was used up; more time may give a smaller error.",
    "steps": "Training ended because all steps that were asked for had been made.",
    "overfitting": "Training ended because what it gained on its own points was lost elsewhere.",
    "undetermined": "Something is left open: the equations, conditions and data say too little to trust this answer.",
    "noise": "The noise of the data alone makes a larger error than the one that was asked for.",
    "contradicted": "Training ended as if all were well, and the reference, the data or a balance says otherwise.",
    "non-finite": "Training failed: numbers became infinite.",
    "interrupted": "Training was interrupted; what it had reached by then is shown.",
}


def write_page(run: Report, path: Path, picture: bytes, moments: OverTime | None = None) -> None:
    """Write `report.html`: the verdict first, then errors, costs, and everything that a reader needs to judge them.

    Parameters
    ----------
    run : Report
    path : Path
    picture : bytes
        A PNG file: what `solution.png` holds.
    moments : OverTime, optional
        What a slider shows.
    """
    text = page(run, picture, moments)
    write_whole(path, lambda file: file.write_text(text, encoding="utf-8"))


def page(run: Report, picture: bytes, moments: OverTime | None = None) -> str:
    """The report's text."""
    data = summary(run)
    return template("report.html.j2").render(
        s=data,
        colour=BADGES[run.comparison.verdict],
        words=WORDS[run.comparison.verdict],
        note=run.reference_note,
        ended=OUTCOMES.get(run.training.outcome.kind, ""),
        downloads=_downloads(run, data),
        scatter=WHAT_SCATTER_IS,
        description=inspect.cleandoc(run.description),
        facts=list(_facts(data).items()),
        layers=run.solution.summary(),
        figure=address(picture),
        moments=moments,
    )


@cache
def template(name: str) -> Template:
    """A page to be filled in, read once. Everything that comes from the user is escaped."""
    environment = Environment(
        loader=PackageLoader("pinnsolve.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters |= {
        "short": short, "seconds": seconds, "memory": memory, "value": value, "sentence": sentence, "plain": plain,
    }  # fmt: skip
    return environment.get_template(name)


def _downloads(run: Report, data: Mapping[str, Any]) -> dict[str, str]:
    """Files that the page brings along, as addresses that hold their contents: it may be mailed alone."""
    told = json.dumps(data, indent=2, allow_nan=False, default=str)
    contents = {"report.json": ("application/json", told), "history.csv": ("text/csv", history_csv(run))}
    return {name: address(text.encode(), kind) for name, (kind, text) in contents.items()}


def _facts(data: Mapping[str, Any]) -> dict[str, str]:
    """How the problem was solved, and with what."""
    return {
        "method": "; ".join([data["method"], *data["choice"]]),
        "network": data["network"]["description"],
        "trainable parameters": f"{data['network']['parameters']:,}",
        "steps": f"{data['steps']:,}",
        "points": ", ".join(f"{count:,} ({region})" for region, count in data["points"].items()),
        "seed": ", ".join(map(str, data["ensemble"]["seeds"] if data["ensemble"] else [data["seed"]])),
        "device, dtype": f"{data['device']}, {data['dtype']}",
        "versions": ", ".join(f"{name} {number}" for name, number in data["versions"].items()),
    }


def short(number: float | None) -> str:
    """Two digits, which is all that an error has; None stands for a number that is not finite.

    >>> short(1.234e-5), short(None)
    ('1.2e-05', 'not finite')
    """
    return "not finite" if number is None or not math.isfinite(number) else f"{number:.1e}"


def plain(error: float) -> str:
    """A relative error for everybody.

    >>> plain(0.0312), plain(2e-4), plain(6e-7)
    ('3 %', '0.02 %', 'one part in 1,700,000')
    """
    if not math.isfinite(error) or error >= 1:
        return "as large as the solution itself, or larger"
    if error >= 1e-4:
        return f"{100 * error:.1g} %"
    parts = 1 / max(error, 1e-16)
    return f"one part in {float(f'{parts:.2g}'):,.0f}"


def seconds(number: float | None) -> str:
    """Seconds to the hundredth, or in two digits where they are fewer."""
    return short(number) if number is None or number < 0.01 else f"{number:,.2f}"


def memory(count: int) -> str:
    """Bytes as MiB; of a run in Python nobody measures them."""
    return f"{count / 2**20:,.0f} MiB" if count else "not measured"


def value(number: Any) -> str:
    """A parameter's value, in as few digits as it needs up to eight; of a constant that was found, with its error.

    >>> value(0.25), value({"value": 0.0031831, "standard_error": 4e-6})
    ('0.25', '0.0031831 +- 0.0000040')
    """
    if isinstance(number, Mapping):
        error = number["standard_error"]
        return str(Constant(number["value"], math.inf if error is None else error))
    return f"{number:.8g}" if isinstance(number, int | float) else str(number)


def sentence(text: str) -> str:
    """With a full stop, and a capital where it begins with a word.

    >>> sentence("the error of u is small")
    'The error of u is small.'
    """
    start = text[:1].upper() + text[1:]
    return start if start.endswith((".", "!", "?")) else start + "."
