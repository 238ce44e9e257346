"""How much equations and joins count in parts of space whose materials differ, and which parts walls hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.checks.joins import RULES, flux_name
from pinnsolve.problem.problem import Problem


@dataclass(frozen=True)
class Scaling:
    """How equations are weighed in the parts of space.

    Flux that is lost in a good conductor must be small beside that in a bad one, where values are prescribed: with the
    coefficient of that part all others keep their own units. What conducts still less, and has no value of its own, is
    scaled up to it, or its equation would be met by chance.

    Parameters
    ----------
    ratios : mapping from residual name to float
        The terms of the largest part over those of the part that counts, by which weights are multiplied: less, and a
        flux of the bad conductor is lost; its square, and few features do better by no solution at all.
    raised : tensor (parts,)
        Factors on the equations in each part.
    """

    ratios: Mapping[str, float]
    raised: Tensor


def scaling(problem: Problem) -> Scaling:
    """Read off the terms that smooth fields make in each equation in each part of space."""
    assert problem.parts is not None
    count = problem.parts.count
    points = problem.domain.interior.draw(16 * RULES.points, "sobol", torch.Generator().manual_seed(18))
    label, known = problem.parts.label(points.coordinates), held(problem)
    ratios, raised = dict[str, float](), list[Tensor]()
    for equation in problem.equations:
        parts = problem.prober.answer(equation, points).parts
        made = torch.stack(parts).abs().sum(0).nan_to_num(posinf=0.0)
        sizes = torch.stack([made[label == k].mean() if bool((label == k).any()) else made.max() for k in range(count)])
        walled = sizes[known & (sizes > 0)] if bool((known & (sizes > 0)).any()) else sizes[sizes > 0]
        counts = float(walled.min()) if len(walled) else 1.0
        ratios[equation.name] = max(float(sizes.max()) / counts, 1.0)
        raised.append((counts / sizes.clamp(min=1e-300)).clamp(1.0, 1 / RULES.least))
    ratios |= {flux_name(name): ratio for name, ratio in ratios.items()}
    alike = torch.stack(raised)
    shared = bool((alike.amax(0) <= 10 * alike.amin(0)).all())  # by equations of several kinds nothing is raised
    return Scaling(ratios, alike.amin(0) if shared else torch.ones(count, dtype=torch.float64))


def held(problem: Problem) -> Tensor:
    """Which parts of space have walls on which a condition says more than a slope."""
    assert problem.parts is not None
    found = torch.zeros(problem.parts.count, dtype=torch.bool)
    on_curves = [c for c, _ in problem.cuts if c.says("value")]
    for condition in (*problem.conditions, *on_curves):
        if condition.says("normal derivative"):
            continue
        for piece in problem.pieces(condition):
            if piece.moment is None:
                points = piece.draw(16 * RULES.points, "sobol", torch.Generator().manual_seed(19))
                found[problem.parts.label(points.coordinates)] = True
    return found
