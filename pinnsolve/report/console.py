"""What the terminal shows: warnings and the final tables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pinnsolve.ensembles.scatter import Scatter
from pinnsolve.inverse.record import Identified
from pinnsolve.report.record import WHAT_SCATTER_IS, Report, over_seeds
from pinnsolve.training.strategy import NOISE

COLOURS = {"pass": "bold green", "fail": "bold red", "unconfirmed": "bold yellow"}


def show_warnings(console: Console, warnings: list[str]) -> None:
    """One line for each warning."""
    for warning in warnings:
        console.print(f"[yellow]warning[/] {escape(warning)}")


def _show_identified(console: Console, found: Identified, run: Report) -> None:
    """The constants with their standard errors (and scatter), and how well the data are met."""
    spread = run.ensemble.constants_spread if run.ensemble is not None else {}
    for name, constant in found.constants.items():
        scatter = f", scatter over {over_seeds(run)} {spread[name]:.1g}" if name in spread else ""
        console.print(f"found    {escape(name)} = {constant}{scatter}", highlight=False)
    for name, function in found.functions.items():
        of, far = ", ".join(function.places), function.reach if name in run.solution.problem.of_unknowns else ""
        console.print(f"found    {escape(name)}({escape(of)}) {function}{escape(far)}", highlight=False)
    for (a, b), r in found.correlations.items():
        console.print(f"         correlation of {escape(a)} and {escape(b)}: {r:.3f}", highlight=False)
    for name, misfit in found.misfits.items():
        if math.isfinite(misfit.expected):
            told = "as it should be" if misfit.met else "not as it should be: fitted to the noise, or not to the data"
            console.print(
                f"data     {escape(name)}: chi squared {misfit.value:.0f}, expected {misfit.expected:.0f}, {told}",
                highlight=False,
            )


def _noise(found: Identified | None) -> str:
    """What part of the estimate the data's noise is."""
    if found is None:
        return ""
    return NOISE if found.noise is None else f", {found.noise:.0e} of it from the data's noise"


def _show_slices(console: Console, run: Report) -> None:
    """The errors at each value of the parameters that are inputs."""
    console.print(f"shown above is the worst of {len(run.slices)} values, {run.slices[0]}:")
    table = Table("at", *(f"error of {u}" for u in run.solution.problem.unknowns), "verdict")
    rows = 8  # more would be a longer table, for values that are better anyhow
    shown = run.slices if len(run.slices) <= rows + 1 else run.slices[:rows]
    for s in shown:
        errors = s.comparison.errors
        told = [f"{errors[u].relative_l2:.2e}" if u in errors else "not known" for u in run.solution.problem.unknowns]
        table.add_row(escape(str(s)), *told, s.comparison.verdict)
    console.print(table)
    if len(shown) < len(run.slices):
        console.print(f"and {len(run.slices) - len(shown)} more values with smaller errors, which report.json has")


def _show_quantities(console: Console, run: Report) -> None:
    """The integrals that the problem asks for, beside the reference's."""
    table = Table("quantity", "value", "its error", "reference", "relative difference")
    for name, told in run.comparison.quantities.items():
        if told.why:
            table.add_row(escape(name), "not known", "", "", "")
            continue
        known = "not known" if told.reference is None else f"{told.reference:.9g}"
        apart = "" if told.relative is None else f"{told.relative:.1e}"
        table.add_row(escape(name), f"{told.value:.9g}", f"{told.error:.0e}", known, apart)
    console.print(table)
    show_warnings(console, [told.why for told in run.comparison.quantities.values() if told.why])


def _scatter(run: Report, scatter: Scatter) -> Table:
    """Errors of an ensemble's members and of their mean, beside the standard deviation over the members."""
    title = f"scatter of the method over {over_seeds(run)} (relative L2)"
    table = Table(title, *map(escape, scatter.spread))
    if scatter.errors:
        for seed, errors in zip(run.members, scatter.errors, strict=True):
            table.add_row(f"error of seed {seed}", *(f"{errors[u].relative_l2:.2e}" for u in scatter.spread))
        mean = run.comparison.errors
        table.add_row("error of the mean", *(f"{mean[u].relative_l2:.2e}" for u in scatter.spread))
    table.add_row("standard deviation", *(f"{s:.2e}" for s in scatter.spread.values()))
    return table


def megabytes(count: int) -> str:
    return f"{count / 2**20:,.0f} MiB"


def _residuals(run: Report) -> Table:
    """The size of each residual, and what it is one of."""
    equations, data = [e.name for e in run.solution.problem.equations], run.solution.problem.data
    found = Table("residual (rms)", "training", "held out", "kind", title=None, title_justify="left")
    for name, value in run.training.training.items():
        held = run.solution.conditions.get(name, "weighted")
        how = "weighted condition" if "weighted" in held else held
        how = "equation" if name in equations else "data" if name in data else how
        found.add_row(escape(name), f"{value:.2e}", f"{run.training.held_out[name]:.2e}", how)
    for name, how in run.solution.conditions.items():
        if how == "exact":
            found.add_row(escape(name), "0", "0", "exact, by construction")
        elif name not in run.training.training and "weighted" not in how:
            found.add_row(escape(name), "", "", how)
    return found


def _costs(run: Report) -> Table:
    found, reference = Table("solver", "seconds", "peak memory"), run.comparison.reference
    network = f"network ({run.solution.parameters_count:,} parameters, {run.solution.settings['method']})"
    found.add_row(escape(network), f"{run.training.seconds:.2f}", megabytes(run.training_memory))
    if reference is not None:
        name = escape(f"reference ({reference.name})")
        found.add_row(name, f"{reference.seconds:.2f}", megabytes(run.reference_memory))
    return found


SHARES = "it shares the equations of the problem file: it confirms the solver, not the modelling"
FILES = ("report.html", "report.json", "solution.png", "solution.vtu", "history.csv")


def show_result(console: Console, run: Report, folder: Path, unwritten: Mapping[str, str] | None = None) -> None:
    """Outcome, errors, costs, verdict, where the files are, and which could not be written."""
    comparison, training = run.comparison, run.training
    console.print(f"outcome  {escape(str(training.outcome))}", highlight=False)
    for why in training.choice:
        console.print(f"choice   {escape(why)}", highlight=False)
    show_warnings(console, training.warnings)
    console.print(_residuals(run))
    if comparison.reference is not None:
        varies = comparison.offset  # where an unknown is large beside its variation, both errors are shown
        names = ["unknown", "relative L2 error", *["of its variation"] * varies, "largest error"]
        errors = Table(*names, "reference's own error", "tolerance")
        for unknown, e in comparison.errors.items():
            errors.add_row(
                escape(unknown),
                f"{e.relative_l2:.2e}",
                *[f"{e.to_variation:.2e}"] * varies,
                f"{e.max:.2e}",
                f"{comparison.reference.own_error:.1e}",
                f"{comparison.tolerance:g}",
            )
        console.print(errors)
    if comparison.quantities:
        _show_quantities(console, run)
    if run.slices:
        _show_slices(console, run)
    if run.scatter is not None:
        console.print(_scatter(run, run.scatter))
        console.print(f"scatter  {WHAT_SCATTER_IS}")
    if training.identified is not None:
        _show_identified(console, training.identified, run)
    if training.estimate is not None:
        more = _noise(training.identified)
        console.print(
            f"estimate {training.estimate:.0e} relative L2 error, without the reference{more}", highlight=False
        )
    console.print(_costs(run))
    if comparison.reference is not None and comparison.reference.automatic:
        console.print(f"reference {escape(comparison.reference.about)}; {SHARES}", highlight=False)
    note = f" ({escape(run.reference_note)})" if run.reference_note else ""
    console.print(
        f"verdict  [{COLOURS[comparison.verdict]}]{comparison.verdict}[/]: {escape(comparison.reason)}{note}",
        highlight=False,
    )
    missing = unwritten or {}
    written = ", ".join(name for name in FILES if name not in missing) or "none could be written"
    console.print(f"files    {escape(str(folder))}: {written}", highlight=False)
    for name, why in missing.items():
        console.print(f"[yellow]warning[/] {escape(name)} could not be written: {escape(why)}", highlight=False)
