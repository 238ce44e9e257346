"""`--sweep nu=0.01,0.02 --seeds 5`: one problem at several values and seeds, each run a process with a folder."""

from __future__ import annotations

import argparse
import json
import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console

from pinnsolve.checks.signature import guessed_signature, signature
from pinnsolve.command.exits import Exit
from pinnsolve.command.folder import folder_of, forget
from pinnsolve.command.numbers import count, number
from pinnsolve.command.sweep_runs import OUTPUT, OWN, after, command_of
from pinnsolve.errors import ProblemError, did_you_mean, why_not
from pinnsolve.machine import checkpoint
from pinnsolve.machine.lock import held
from pinnsolve.machine.processes import Command, cores, together
from pinnsolve.overview import overview
from pinnsolve.problem.problem import Problem
from pinnsolve.problem_file import ProblemFile
from pinnsolve.report import console as show
from pinnsolve.report.sweep import DIED, FINISHED, PAGE, SWEEP, WAITING, Row, Sweep, short, show_sweep
from pinnsolve.settings import Settings

Thing = TypeVar("Thing")
SHOWN = {"figures", "debug"}  # decide nothing of the numbers


def asked(arguments: argparse.Namespace) -> bool:
    """Whether a sweep is asked for.

    Raises
    ------
    ProblemError
        If that contradicts other options.
    """
    if not arguments.sweep and arguments.seeds is None:
        if arguments.jobs is not None:
            raise ProblemError("--jobs goes with --sweep and --seeds: one run is one process", "Leave it out.")
        return False
    option = "--sweep" if arguments.sweep else "--seeds"
    if arguments.ensemble is not None and arguments.seeds is not None:
        raise ProblemError(
            "--ensemble and --seeds both take several seeds",
            "--seeds 5 makes five runs, each with its verdict; --ensemble 5 one run, the mean of five.",
        )
    if arguments.check:
        raise ProblemError(
            f"--check looks at one problem, and {option} asks for several", "Check one: --set NAME=VALUE."
        )
    if os.environ.get("WORLD_SIZE", "1") != "1":
        raise ProblemError(
            f"{option} starts its own processes, and torchrun has started several", "Start it by python -m pinnsolve."
        )
    return True


def swept(
    arguments: argparse.Namespace, file: ProblemFile, problem: Problem, settings: Settings, console: Console
) -> int:
    """All runs, their table and their page; the exit code, which is 0 if all pass."""
    sweep, jobs = _planned(arguments, file, problem, settings), _jobs(arguments, settings)
    folder = folder_of(arguments, f"{file.name}-sweep", SWEEP)
    arguments.out = str(folder)  # where a fault of our own is told from here on
    with held(folder):
        if arguments.resume:
            _same(folder, sweep)
            sweep.rows[:] = [_kept(row, folder) for row in sweep.rows]
        elif arguments.overwrite:
            _cleared(folder)
        left = [k for k, row in enumerate(sweep.rows) if row.state == WAITING]
        commands = [command_of(arguments, file, sweep.rows[k], folder) for k in left]
        _begun(sweep, folder)
        beside = f"{min(jobs, len(left))} at a time" if left else "all are finished"
        console.print(f"[bold]{file.name}[/]  {len(sweep.rows)} runs, {len(left)} to go, {beside}", highlight=False)
        code = Exit.INTERRUPTED
        try:
            _run(sweep, left, commands, jobs, folder, console)
            code = Exit.PASSED if sweep.passed else Exit.NOT_PASSED
        except KeyboardInterrupt:
            console.print("interrupted; what is finished is kept")
        finally:
            _reported(sweep, folder, console)
        if any(row.state != FINISHED for row in sweep.rows):
            console.print(f"go on    {_again(arguments)}", markup=False, highlight=False, soft_wrap=True)
    return code


def _run(
    sweep: Sweep, left: Sequence[int], commands: Sequence[Command], jobs: int, folder: Path, console: Console
) -> None:
    """Run what is left, and tell of each run as it ends."""
    total = len(sweep.rows)
    with console.status(f"0 of {len(left)} runs have ended") as status:

        def ended(number: int, code: int | OSError) -> None:
            row = sweep.rows[left[number]] = after(sweep.rows[left[number]], folder, code)
            done = sum(r.state != WAITING for r in sweep.rows)
            console.print(f"{done} of {total}  {row}: {_in_short(row)}", markup=False, highlight=False)
            status.update(f"{done - total + len(left)} of {len(left)} runs have ended")
            with suppress(OSError):  # told at the end, where it is written once more
                sweep.write(folder)

        together(commands, jobs, ended)


# ---------------------------------------------------------------- what is asked for


def _planned(arguments: argparse.Namespace, file: ProblemFile, problem: Problem, settings: Settings) -> Sweep:
    """The sweep, nothing of it run yet.

    Raises
    ------
    ProblemError
        If an option is wrong, or the problem with one of the values; then nothing is run.
    """
    parameters = _parameters(arguments, problem)
    seeds = 1 if arguments.seeds is None else count("--seeds", arguments.seeds)
    handed = {name: value for name, value in vars(arguments).items() if name not in OWN | SHOWN and value}
    sweep = Sweep(
        file.name, parameters, range(settings.seed, settings.seed + seeds), {},
        f"python -m pinnsolve {shlex.join(arguments.given)}",
    )  # fmt: skip
    first, *_ = [_at(values, partial(problem.with_parameters, values)) for values in sweep.values]
    _at(sweep.values[0], partial(overview, first, settings))  # what is wrong with every run is told once
    about = {**signature(first), **guessed_signature(first), "tolerance": f"{problem.tolerance:g}"}
    told = {name: ", ".join(map(short, values)) for name, values in parameters.items()}
    identity = {
        "values": {**told, "seeds": f"{sweep.seeds[0]} to {sweep.seeds[-1]}"},
        "problem": about,
        "options": {f"--{name}": str(value) for name, value in handed.items()},
        "settings": {name: str(value) for name, value in settings.described().items()},
    }
    return replace(sweep, identity=identity)


def _at(values: Mapping[str, float], look: Callable[[], Thing]) -> Thing:
    """What is looked at, or what is wrong with it, with the values at which it is."""
    try:
        return look()
    except ProblemError as error:
        told = ", ".join(f"{name} = {short(value)}" for name, value in values.items())
        fault = f"at {told}: {error.fault}" if told else error.fault
        raise ProblemError(fault, error.remedy, error.where).with_traceback(error.__traceback__) from None


def _parameters(arguments: argparse.Namespace, problem: Problem) -> dict[str, list[float]]:
    """The values of each parameter that is swept."""
    found: dict[str, list[float]] = {}
    for item in arguments.sweep:
        name, _, text = item.partition("=")
        name, option = name.strip(), f"--sweep {item}"
        values = [number(option, part.strip()) for part in text.split(",")]
        _possible(option, name, problem)
        if name in found:
            raise ProblemError(f"{option}: '{name}' is swept twice", f"Give all values at once, {name}=0.1,0.2.")
        for other, given in (("--set", arguments.set), ("--continue", arguments.continuation)):
            if any(text.partition("=")[0].strip() == name for text in given):
                raise ProblemError(
                    f"{other} and --sweep both give {name}", f"Leave {other} out: the values of --sweep count."
                )
        if len(set(values)) < len(values):
            raise ProblemError(f"{option}: a value stands there twice", "Several seeds of one value: --seeds 5.")
        found[name] = values
    return found


def _possible(option: str, name: str, problem: Problem) -> None:
    """Refuse what is no parameter with a number."""
    if name in problem.parameters and name not in problem.eigenvalues:
        return
    if name in problem.ranges:
        raise ProblemError(
            f"{option}: '{name}' is a range, and one run solves for all of its values",
            f"Leave it out of --sweep, or write a number in its place: parameters={{{name!r}: 0.1}}.",
        )
    if name in problem.declared_parameters:
        raise ProblemError(f"{option}: '{name}' is no number, but {problem.declared_parameters[name]!r:.60}")
    possible = [n for n in problem.parameters if n not in problem.eigenvalues]
    raise ProblemError(f"{option}: there is no parameter '{name}'", did_you_mean(name, possible))


def _jobs(arguments: argparse.Namespace, settings: Settings) -> int:
    """How many runs go on at a time: one on each core; one in all on an accelerator, which has its memory once."""
    if arguments.jobs is not None:
        return count("--jobs", arguments.jobs)
    return len(cores()) if settings.device == "cpu" else 1


# ---------------------------------------------------------------- the folder


def _same(folder: Path, sweep: Sweep) -> None:
    """Refuse to go on with what is no sweep, or another one."""
    remedy = "Give the same options, or begin anew in another folder: --out DIR."
    try:
        stored: Mapping[str, Any] = json.loads((folder / SWEEP).read_text(encoding="utf-8"))["identity"]
        parts = {what: dict(stored[what]) for what in sweep.identity}
    except FileNotFoundError:
        raise ProblemError(f"the folder {folder} holds no sweep", "Start without --resume.") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ProblemError(
            f"{folder / SWEEP} cannot be read ({error})", "Start in another folder: --out DIR."
        ) from None
    for what, present in sweep.identity.items():
        checkpoint.same(f"the folder {folder} holds another sweep ({what})", parts[what], present, remedy)


def _kept(row: Row, folder: Path) -> Row:
    """A row as it is in the folder, or one that is to be run: what is finished, and what is another run's, stays."""
    there = row.read(folder)
    report = folder / row.folder / "report.json"
    return there if there.state == FINISHED or (there.state == DIED and report.exists()) else row


def _begun(sweep: Sweep, folder: Path) -> None:
    """Write what is to be run, by which it is gone on with."""
    try:
        sweep.write(folder)
    except OSError as error:
        raise ProblemError(f"{folder / SWEEP} cannot be written: {why_not(error)}", "Choose another --out.") from None


def _cleared(folder: Path) -> None:
    """Take away what an earlier sweep, or run, has left."""
    from pinnsolve.report.write import clear  # matplotlib is slow to import

    for path in [folder, *(p.parent for p in folder.glob(f"*/{OUTPUT}"))]:
        forget(path)
        clear(path)
        (path / OUTPUT).unlink(missing_ok=True)
        with suppress(OSError):  # it holds something else
            if path != folder:
                path.rmdir()


# ---------------------------------------------------------------- what is told


def _in_short(row: Row) -> str:
    if row.state == DIED:
        return f"{DIED}: {row.why}"
    error = f", error {row.error:.1e}" if row.error is not None else ""
    return row.told + error + (f", {row.seconds:.1f} s" if row.seconds is not None else "")


def _reported(sweep: Sweep, folder: Path, console: Console) -> None:
    """The table, and the files: what cannot be written takes nothing from what is shown."""
    from pinnsolve.report.sweep_page import write_sweep_page  # matplotlib is slow to import

    show_sweep(console, sweep)
    writers: dict[str, Callable[[], None]] = {
        PAGE: lambda: write_sweep_page(sweep, folder), SWEEP: lambda: sweep.write(folder),
    }  # fmt: skip
    for name, write in writers.items():
        try:
            write()
        except OSError as error:
            show.show_warnings(console, [f"{name} could not be written: {why_not(error)}"])
    console.print(
        f"files    {folder}: {PAGE}, {SWEEP}, and a folder for each run ({OUTPUT}: what it said)",
        markup=False,
        highlight=False,
    )


def _again(arguments: argparse.Namespace) -> str:
    """How to go on with what is not finished."""
    given = [option for option in arguments.given if option not in ("--overwrite", "--resume")]
    return f"python -m pinnsolve {shlex.join([*given, '--resume'])}"
