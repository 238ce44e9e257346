"""What the command's arguments choose: of a problem, of its settings, of what is shown."""

from __future__ import annotations

import argparse
import dataclasses
from typing import Any

from pinnsolve.command.numbers import number
from pinnsolve.ensembles.ensemble import many
from pinnsolve.errors import ProblemError, did_you_mean
from pinnsolve.machine.room import read
from pinnsolve.methods.by_name import method_by_name
from pinnsolve.methods.protocol import Method
from pinnsolve.problem.problem import Problem
from pinnsolve.settings import DTYPES, Settings


def problem_of(arguments: argparse.Namespace, problem: Problem) -> Problem:
    """The problem with what --set, --tolerance and --no-reference change of it."""
    values = {}
    for item in arguments.set:
        name, equals, text = item.partition("=")
        name = name.strip()
        possible = [*problem.parameters, *problem.ranges]
        if name not in possible:
            raise ProblemError(f"--set {item}: there is no parameter '{name}'", did_you_mean(name, possible))
        values[name] = number(f"--set {item}", text) if equals else number(f"--set {item}", "")
    problem = problem.with_parameters(values)
    changes: dict[str, Any] = {}
    if arguments.tolerance is not None:
        changes["tolerance"] = number("--tolerance", arguments.tolerance)
    if arguments.no_reference:
        changes["reference"] = None
    return problem.replaced(**changes) if changes else problem


def continued(arguments: argparse.Namespace, settings: Settings) -> Settings:
    """The settings with the values of --continue; without those of the file where --set gives one of its parameters."""
    given: dict[str, list[float]] = {}
    chosen = {item.partition("=")[0].strip() for item in arguments.set}
    for item in arguments.continuation:
        name, _, text = item.partition("=")
        given[name.strip()] = [number(f"--continue {item}", part) for part in text.split(",")]
        if name.strip() in chosen:
            raise ProblemError(f"--set and --continue both give {name.strip()}", "The last value of --continue counts.")
    if given:
        return dataclasses.replace(settings, continuation=given)
    return dataclasses.replace(settings, continuation=None) if chosen & set(settings.continuation or ()) else settings


def named(option: str, text: str | None, problem: Problem) -> list[str] | None:
    """The unknowns that an option names, "u,p" or "all"; None where it is not given."""
    if text is None:
        return None
    names = list(problem.unknowns) if text.strip() == "all" else [name.strip() for name in text.split(",")]
    for name in names:
        if name not in problem.unknowns:
            possible = did_you_mean(name, ["all", *problem.unknowns])
            raise ProblemError(f"{option} {text}: there is no unknown '{name}'", possible)
    return names


def members_of(arguments: argparse.Namespace) -> int | None:
    """How many members the ensemble has; None for a single run."""
    text = arguments.ensemble
    return None if text is None else many("--ensemble", int(text) if text.isdecimal() else text)


def settings_of(arguments: argparse.Namespace, settings: Settings) -> Settings:
    """The settings of the file with those that options replace."""
    changes: dict[str, Any] = {}
    if arguments.method is not None:
        changes["method"] = method_by_name(arguments.method, arguments.steps)
    elif arguments.steps is not None:
        changes["method"] = _shortened(settings, arguments.steps)
    if arguments.dtype is not None:
        if arguments.dtype not in DTYPES:
            raise ProblemError(
                f"--dtype {arguments.dtype}: there is no such type", did_you_mean(arguments.dtype, DTYPES)
            )
        changes["dtype"] = DTYPES[arguments.dtype]
    if arguments.budget is not None:
        changes["budget"] = number("--budget", arguments.budget)
    read("--memory", arguments.memory)  # told by the name that was written
    for name in ("seed", "device", "memory", "cells"):
        if getattr(arguments, name) is not None:
            changes[name] = getattr(arguments, name)
    return dataclasses.replace(settings, **changes)


def _shortened(settings: Settings, steps: int) -> list[Method]:
    """The methods as they are, the last with so many steps; Levenberg-Marquardt where the choice is automatic."""
    *before, last = settings.methods
    if not dataclasses.is_dataclass(last) or "steps" not in {f.name for f in dataclasses.fields(last)}:
        raise ProblemError(
            f"--steps {steps}: the method {last.name} has no steps to be set", "Set them in the problem file."
        )
    return [*before, dataclasses.replace(last, steps=steps)]
