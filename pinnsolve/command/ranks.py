"""The command on several processes (torchrun): the first of them prints and writes, and says why a run has ended."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console

from pinnsolve.command.exits import Exit
from pinnsolve.command.faults import told_fault
from pinnsolve.machine.world import EndedError, LostError, World
from pinnsolve.problem.problem import Problem
from pinnsolve.settings import Settings
from pinnsolve.training.checkpointing import CHECKPOINT

NO_WORD = "it left no word, as where the system ends a process because memory runs out"


def one_alone(arguments: argparse.Namespace, problem: Problem, settings: Settings) -> str:
    """What the command is asked for and one process does alone; empty for a run, which is shared."""
    asked = {
        "a check": arguments.check, "a sweep": bool(arguments.sweep or arguments.seeds), "modes": problem.eigenvalues,
        "an ensemble": arguments.ensemble is not None, "a continuation": settings.continuation is not None,
    }  # fmt: skip
    return next((what for what, is_asked in asked.items() if is_asked), "")


def show_world(console: Console, world: World, alone: str) -> None:
    """Say how many processes there are, and what becomes of them."""
    if world.size == 1:
        return
    console.print(
        f"ranks    {alone} is for one process; the {world.size - 1} others have ended" if alone
        else f"ranks    {world.size} processes share the collocation points; the first one prints and writes"
    )  # fmt: skip


def lost(world: World, error: LostError, arguments: argparse.Namespace) -> int:
    """A run whose other ranks are gone has ended, in words; its exit code."""
    if not world.speaks():
        return Exit.INTERRUPTED
    words = world.words() if world.first else "the first process is gone"
    fault = f"another process of this run was lost: {words or NO_WORD}"
    if isinstance(error, EndedError) and not words:
        fault = f"{error}: launchers end all processes where one of them is lost, or the time is up"
    folder, seen = arguments.out, f" ({error})" * arguments.debug
    kept = folder is not None and (Path(folder) / CHECKPOINT).exists()
    remedy = f"What was reached is kept in {folder}: go on with --resume, on any number of processes."
    print(f"error: {fault}{seen}", file=sys.stderr)
    print(f"  {remedy if kept else 'Nothing was reached that could be kept.'}", file=sys.stderr, flush=True)
    return Exit.INTERRUPTED


def told_elsewhere(world: World, fault: Exception | None, error: Exception) -> int:
    """The error of a rank that is not the first: the first one says it. Its exit code."""
    world.say(str(fault) if fault is not None else told_fault(error, None, debug=False).removeprefix("error: "))
    return Exit.OWN_FAULT if fault is None else Exit.BAD_INPUT
