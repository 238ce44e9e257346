"""What the command does, once its arguments are read."""

from __future__ import annotations

import argparse
import json
import shlex
import traceback
from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path

from rich.console import Console

from pinnsolve.checks.references import brought
from pinnsolve.command.awaited import Known, awaited
from pinnsolve.command.chosen import continued, members_of, named, problem_of, settings_of
from pinnsolve.command.exits import Exit
from pinnsolve.command.folder import folder_of, forget
from pinnsolve.command.modes import solved_modes
from pinnsolve.command.ranks import lost, one_alone, show_world, told_elsewhere
from pinnsolve.command.sweep import asked, swept
from pinnsolve.continuation import along
from pinnsolve.ensembles.ensemble import trained
from pinnsolve.ensembles.record import Ensemble
from pinnsolve.ensembles.scatter import scatter
from pinnsolve.errors import ProblemError
from pinnsolve.machine.lasting import Lasting
from pinnsolve.machine.lock import held
from pinnsolve.machine.memory import Peak, peak_memory
from pinnsolve.machine.shared import begun
from pinnsolve.machine.world import ALONE, LostError, World
from pinnsolve.overview import overview
from pinnsolve.problem.path import path_of
from pinnsolve.problem.problem import Problem
from pinnsolve.problem_file import ProblemFile, in_parts, load, of_the_user, told
from pinnsolve.report import console as show
from pinnsolve.report.record import Report
from pinnsolve.settings import Settings
from pinnsolve.solution import Solution
from pinnsolve.solve import Prepared, prepare, roughly
from pinnsolve.training.history import Training
from pinnsolve.training.progress import line
from pinnsolve.verdict.contradiction import told_by
from pinnsolve.verdict.slices import Compared, References, compared, values_of


def run(arguments: argparse.Namespace) -> int:
    """The whole command; its exit code."""
    path, world = Path(arguments.file), ALONE
    width = None if Console().is_terminal else 110
    try:
        with begun() as world:
            return _run(arguments, load(path), Lasting(highlight=False, width=width, quiet=not world.first), world)
    except LostError as error:
        return lost(world, error, arguments)
    except Exception as error:
        fault = error if isinstance(error, ProblemError) else of_the_user(error, path)
        if not world.first:
            return told_elsewhere(world, fault, error)
        if fault is None:
            raise
        if arguments.debug:
            traceback.print_exception(error)
        if arguments.check and arguments.json:
            print(json.dumps({"problem": path.stem, "stands": False, **in_parts(fault, path)}, indent=2))
            return Exit.BAD_INPUT
        Lasting(stderr=True, highlight=False, soft_wrap=True).print(f"error: {told(fault, path)}", markup=False)
        return Exit.BAD_INPUT


def _run(arguments: argparse.Namespace, file: ProblemFile, console: Console, world: World) -> int:
    several = asked(arguments)
    problem, settings = problem_of(arguments, file.problem), continued(arguments, settings_of(arguments, file.settings))
    if settings.continuation is not None:
        path_of(problem, settings.continuation)  # told before anything is solved
    members = members_of(arguments)
    alone = one_alone(arguments, problem, settings)
    if alone and not world.first:
        return Exit.PASSED
    show_world(console, world, alone)
    world = ALONE if alone else world
    if arguments.check:
        found = overview(problem, settings)
        if arguments.json:
            print(json.dumps({"problem": file.name, **found.to_dict()}, indent=2))
        else:
            console.print(f"[bold]{file.name}[/]")
            console.print(str(found), markup=False, soft_wrap=True)
        return Exit.PASSED
    if file.settings.continuation is not None and settings.continuation is None:
        console.print("continue not along the values of the file: --set gives another", markup=False)
    figures = partial(named, "--figures", arguments.figures)
    shown = None if problem.eigenvalues else figures(problem)
    if several:
        return swept(arguments, file, problem, settings, console)
    folder = world.told(lambda: folder_of(arguments, file.name))
    arguments.out = str(folder)  # where a fault of our own is told from here on
    result: Report | None
    with held(folder) if world.first else nullcontext():
        if problem.eigenvalues:
            result = solved_modes(arguments, file, problem, settings, folder, console, figures)
        else:
            result = _solved(arguments, file, problem, settings, members, folder, console, shown, world)
    if result is None:
        return Exit.PASSED  # of a rank that helped: the first one's counts
    return Exit.PASSED if result.comparison.verdict == "pass" else Exit.NOT_PASSED


def _solved(
    arguments: argparse.Namespace, file: ProblemFile, problem: Problem, settings: Settings, members: int | None,
    folder: Path, console: Console, figures: Sequence[str] | None, world: World,
) -> Report | None:  # fmt: skip
    """From the problem to the run's files and the final tables; on a rank that is not the first, to the end of
    training."""
    console.print(f"[bold]{file.name}[/]  {file.description.splitlines()[0] if file.description else ''}")
    way = along(problem, settings, roughly, folder, arguments.resume, partial(_show_value, console))
    problem, resume = way.problem, arguments.resume and way.resumes
    ready = prepare(problem, settings, folder if members is None else None, world)
    ready.begin_after(way)
    show.show_warnings(console, ready.findings.warnings)
    if resume and members is None:
        ready.resume()
        console.print(f"resumed at step {ready.loop.state.step}, {ready.loop.state.clock.seconds:.1f} s")
    if not world.first:
        world.waited("reference")
        ready.loop.train()
        return None
    if problem.ranges and brought(problem):  # it may take a while, before anything else is told
        count, names = len(values_of(problem, ready.findings.narrow)), ", ".join(problem.ranges)
        console.print(f"the reference is built at {count} values of {names} ...")
    from pinnsolve.report.write import clear  # matplotlib is slow to import, and not needed before

    with awaited(problem, ready.findings, settings.budget, world) as known:
        world.waited("reference")
        if not resume:  # what is gone on with stays until there is something new in its place
            forget(folder)
            clear(folder)
        with peak_memory() as peak:
            if members is None:
                solution = _train(ready, console, fresh=not resume)
            else:
                solution = _train_members(problem, settings, members, folder, console, resume)
        with console.status("the reference is solved"):
            found = known()
        return _reported(arguments, file, solution, found, peak, folder, console, figures)


def _reported(
    arguments: argparse.Namespace, file: ProblemFile, solution: Solution, known: Known, peak: Peak, folder: Path,
    console: Console, figures: Sequence[str] | None,
) -> Report:  # fmt: skip
    """The comparison, the run's files and the final tables."""
    from pinnsolve.report.write import write_all

    references, note, reference_peak = known
    assert solution.findings is not None
    assert solution.training is not None
    (worst, *others), failed = _compared(solution, references)
    solution.training = told_by(solution.training, worst.comparison)
    result = Report(
        file.name, file.description, solution.at(**worst.values), worst.comparison, solution.findings.warnings,
        peak.bytes, reference_peak.bytes, note or failed, [worst, *others] if others else [],
        scatter(solution, worst.comparison.reference) if isinstance(solution, Ensemble) else None,
        command=f"python -m pinnsolve {shlex.join(arguments.given)}",
    )  # fmt: skip
    unwritten: dict[str, str] = {}
    try:
        unwritten.update(write_all(result, folder, figures))
    finally:  # what was reached is shown, whatever becomes of the files
        show.show_result(console, result, folder, unwritten)
    return result


def _compared(solution: Solution, known: References) -> tuple[list[Compared], str]:
    """The comparisons; without a reference that fails where it is needed, and why it does."""
    try:
        return compared(solution, known), ""
    except ProblemError as error:
        return compared(solution, [(values, None) for values, _ in known]), error.fault


def _train(ready: Prepared, console: Console, fresh: bool) -> Solution:
    if fresh and not ready.loop.keep():
        show.show_warnings(console, [ready.loop.unsaved])
    return ready.solution(_run_loop(ready, console))


def _run_loop(ready: Prepared, console: Console) -> Training:
    with line(console, ready.settings.budget) as progress:
        return ready.loop.run(progress)


def _train_members(
    problem: Problem, settings: Settings, members: int, folder: Path, console: Console, resume: bool
) -> Ensemble:  # fmt: skip
    def train(ready: Prepared) -> Training:
        seed = ready.settings.seed
        taken_up = f", resumed at step {ready.loop.state.step}" * bool(ready.loop.state.step)
        console.print(f"member   {seed - settings.seed + 1} of {members}: seed {seed}{taken_up}")
        training = _run_loop(ready, console)
        console.print(f"outcome  {training.outcome}", markup=False)
        return training

    found = trained(problem, settings, members, train, folder, resume)
    for seed, why in found.left_out.items():
        show.show_warnings(console, [f"seed {seed} is left out of the mean: {why}"])
    return found


def _show_value(console: Console, line: str) -> None:
    console.print(f"continue {line}", markup=False)
