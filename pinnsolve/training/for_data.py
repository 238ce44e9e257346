"""What measurements change in the settings of a run, where nobody chose otherwise."""

from __future__ import annotations

from dataclasses import replace

from pinnsolve.methods.smoothing import Smoothing, features_for, noisy_alone
from pinnsolve.problem.problem import Problem
from pinnsolve.settings import Settings


def for_data(problem: Problem, settings: Settings) -> Settings:
    """The settings with a network that smooths where nothing but noise is to be fitted, and with measurements held out
    where a network alone would fit their noise, too."""
    if settings.automatic and (measured := noisy_alone(problem)):
        layer = features_for(measured, len(problem.coordinates))
        settings = replace(settings, network=layer, method=Smoothing())
    if share := _held_out(problem, settings):
        settings = replace(settings, validation=share)
    return settings


def _held_out(problem: Problem, settings: Settings) -> float:
    """The share of measurements that is held out though nobody asked for it: a network alone fits their noise too."""
    if settings.validation is not None:
        return 0.0  # it stays as it is
    fewest = min((len(o.points) for o in problem.observations), default=0)
    enough = 50  # fewer are worth more in training than as witnesses
    return 0.2 if settings.automatic and not problem.equations and fewest >= enough else 0.0
