"""How equations answer to given functions in place of their unknowns: a matrix, and what they prescribe."""

from __future__ import annotations

import math

import numpy as np
import torch

from pinnsolve.checks.reaching import Table
from pinnsolve.geometry.points import Points
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.problem.probes import Answer
from pinnsolve.problem.problem import Problem

Array = np.ndarray


def rows_of(problem: Problem, answer: Answer, table: Table, kept: Array, points: Points) -> tuple[Array, Array]:
    """The rows of an equation, and what is prescribed: its residual without any unknown, with the other sign."""
    width = kept.shape[1]
    block = np.zeros((len(points), width * len(problem.unknowns)))
    for k, unknown in enumerate(problem.unknowns):
        parts = [slope.numpy()[:, None] * table(points, alpha) for alpha, slope in answer.of(unknown).items()]
        if parts:
            block[:, k * width : (k + 1) * width] = sum(parts) @ kept
    return block, sum(answer.parts, torch.zeros(len(points))).numpy() - answer.residual.numpy()


def kept_of(table: Table, kept: Array, points: Points, alpha: Alpha) -> Array:
    return np.asarray(table(points, alpha) @ kept)


def strengths(problem: Problem, answer: Answer) -> list[float]:
    """How strongly a residual answers to each unknown, in the lengths of the domain."""
    found = dict.fromkeys(problem.unknowns, 0.0)
    for unknown, alpha, slope in answer.slopes:
        lengths = math.prod(problem.domain.length(c) ** k for c, k in zip(problem.coordinates, alpha, strict=True))
        found[unknown] = max(found[unknown], float(slope.square().mean().sqrt()) / lengths)
    return list(found.values())


def periodic(problem: Problem, table: Table, kept: Array, coordinate: str) -> Array:
    """That values and slopes are the same at both ends."""
    low, high = problem.domain.faces(coordinate)
    blocks = []
    for order in (0, 1):
        alpha = tuple(order if c == coordinate else 0 for c in problem.coordinates)
        at = low.grid()
        other = Points({**at.coordinates, coordinate: torch.full_like(at.weights, high.fixed[coordinate])}, at.weights)
        rows = (table(at, alpha) - table(other, alpha)) @ kept
        rows *= problem.domain.length(coordinate) ** order / math.sqrt(len(at))
        blocks.append(np.kron(np.eye(len(problem.unknowns)), rows))
    return np.concatenate(blocks)
