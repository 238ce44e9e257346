"""Whether a user's own module can stand as a network, and whether jets go through it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from pinnsolve.errors import ProblemError
from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.points import Points
from pinnsolve.jets.jet import Chart, Jet
from pinnsolve.jets.nested import network_by_autograd
from pinnsolve.jets.tape import Tape, dense_rows
from pinnsolve.networks.inputs import Inputs


def some_points(domain: Domain, dtype: torch.dtype, device: torch.device) -> Points:
    """A few points, no two alike in any coordinate."""
    steps = torch.arange(5, dtype=dtype, device=device) + 0.5
    values = {c: domain.place(c, (steps * (0.2 + 0.1618 * k)) % 1.0) for k, c in enumerate(domain.coordinates)}
    return Points(values, torch.ones_like(steps))


def check(network: nn.Module, inputs: Inputs, columns: Sequence[str], points: Points) -> None:
    """Refuse a module that cannot be evaluated, returns another shape, mixes points or trains nothing.

    Raises
    ------
    ProblemError
        With what is needed.
    """
    at, wanted = points.coordinates, len(columns)
    few = torch.tensor([4, 0, 2, 4], device=points.weights.device)  # disordered, one of them twice
    try:
        out: Any = network(inputs(at))
        some: Any = network(inputs({name: x[few] for name, x in at.items()}))
    except Exception as error:
        raise ProblemError(
            f"the network cannot be evaluated on inputs of shape (N, {inputs.count}): {error}",
            f"It is given the scaled coordinates {inputs.domain.coordinates} as columns.",
        ) from error
    if not isinstance(out, Tensor) or tuple(out.shape) != (len(points), wanted):
        shape = tuple(out.shape) if isinstance(out, Tensor) else type(out).__name__
        raise ProblemError(
            f"the network returned {shape} for {len(points)} points",
            f"({len(points)}, {wanted}) is needed, one column for each of: {', '.join(columns)}.",
        )
    if not torch.allclose(out[few], some, rtol=1e-5, atol=1e-6, equal_nan=True):
        raise ProblemError(
            "the network mixes points (batch normalisation?)", "Each row of its output may depend on its own row alone."
        )
    if not any(p.requires_grad for p in network.parameters()):
        raise ProblemError("the network has no trainable parameter", "Leave requires_grad on for some of them.")


def takes_jets(network: nn.Module, inputs: Inputs, outputs: int, points: Points) -> bool:
    """Whether jets go through the module and give what nested autograd gives; if not, that stands in."""
    parameters = [p for p in network.parameters() if p.requires_grad]
    chart, at = points.chart()
    chart.tape = tape = Tape(parameters)

    def rows(values: Tensor) -> Tensor:
        return dense_rows(values, parameters) if values.requires_grad else torch.zeros_like(tape.rows(values))

    def forward(given: Mapping[str, Tensor]) -> Tensor:
        found: Tensor = network(inputs(given))
        return found

    try:
        out = network(inputs(at))
        if not isinstance(out, Jet) or tuple(out.shape) != (len(points), outputs):
            return False
        weights = points.weights
        by_autograd = network_by_autograd(Chart(chart.names, len(points), weights.dtype, weights.device), forward, at)
        for alpha in (chart.zeroth, (2, *chart.zeroth[1:])):
            fast = [out[:, k].dense(alpha) for k in range(len(by_autograd))]
            slow = [column.dense(alpha) for column in by_autograd]
            same = all(map(_close, fast, slow))
            if not same or not _close(tape.rows(torch.stack(fast).sum(0)), rows(torch.stack(slow).sum(0))):
                return False
    except Exception:
        return False
    return True


def _close(a: Tensor, b: Tensor) -> bool:
    """Equal but for rounding, at the scale of the whole."""
    size = float(b.detach().abs().nan_to_num().max())
    return torch.allclose(a, b, rtol=0, atol=1e3 * torch.finfo(a.dtype).eps ** 0.75 * size, equal_nan=True)
