"""SOAP: Adam in the eigenbasis of Shampoo's preconditioner, for networks that are too large for their Hessian."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.errors import ProblemError, is_number, positive, whole
from pinnsolve.machine.room import Room
from pinnsolve.methods.protocol import Objective, State

Shapes = Sequence[Sequence[int]]
Bases = Sequence[Sequence[Tensor]]  # left and right of each matrix; none for anything else


@dataclass(frozen=True, kw_only=True)
class SOAP:
    """For each weight matrix W (m, n) with gradient G, and the moving averages L of G G^T (m, m) and R of G^T G (n, n):

        G' = Q_L^T G Q_R,   M <- momentum M + (1 - momentum) G,   V <- beta V + (1 - beta) G'^2,
        W <- W - rate Q_L ((Q_L^T M Q_R)/(sqrt(V) + 1e-8)) Q_R^T,

    moments bias-corrected as in Adam, Q_L and Q_R the eigenvectors of L and R. They come from the first gradient, and
    every `refresh` steps from one step of orthogonal iteration. Biases take plain Adam steps.

    Source: Vyas et al., ICLR 2025 (arXiv 2409.11321), algorithms 3 and 4; for this purpose Wang et al., arXiv
    2502.00604.

    Parameters
    ----------
    rate : float
    momentum, beta : float
        The weight of the past in M, and in V, L and R (dimensionless).
    refresh : int
        Steps between two renewals of the eigenvectors.
    steps : int, optional
        Ends after so many steps.
    """

    rate: float = 3e-3
    momentum: float = 0.95
    beta: float = 0.95
    refresh: int = 10
    steps: int | None = None
    name = "soap"
    cycle = 20
    redraws = True
    by_rows = False
    tiny = 1e-8  # beside the root of the second moment, as in Adam

    def __post_init__(self) -> None:
        positive("SOAP: rate", self.rate)
        for name in ("momentum", "beta"):
            value = getattr(self, name)
            if not is_number(value) or not 0 <= value < 1:
                raise ProblemError(f"SOAP: {name}={value!r} is not in [0, 1)", f"Write SOAP({name}=0.95).")
        positive("SOAP: refresh", self.refresh)
        whole("SOAP: refresh", self.refresh)
        whole("SOAP: steps", self.steps)

    def init(self, objective: Objective) -> State:
        vector = objective.model.vector()
        return {
            "step": 0, "first": torch.zeros_like(vector), "second": torch.zeros_like(vector), "averages": [],
            "bases": [], "loss": math.nan, "stuck": False,
        }  # fmt: skip

    def held(self, rows: int, columns: int, squares: float, room: Room) -> float:
        """The averages L and R and their eigenvectors, old and new, what these are found by, and a dozen vectors."""
        return 6.0 * squares + 16.0 * columns

    def step(self, objective: Objective, state: State) -> State:
        loss, gradient = objective.loss_and_gradient()
        if not math.isfinite(loss):
            return {**state, "loss": loss}
        step, vector = state["step"] + 1, objective.model.vector()
        shapes = [tuple(p.shape) for p in objective.model.parameters]
        averages, bases = state["averages"], state["bases"]
        if not bases:
            averages = [[torch.zeros(n, n).to(vector) for n in sides(shape)] for shape in shapes]
        averages = [self._averaged(*pair) for pair in zip(averages, _parts(gradient, shapes), strict=True)]
        if not bases:
            bases = [[torch.linalg.eigh(a).eigenvectors.flip(1) for a in pair] for pair in averages]
        first = state["first"].lerp(gradient, 1 - self.momentum)
        rotated = turned(gradient, shapes, bases)
        second = state["second"].lerp(rotated.square(), 1 - self.beta)
        mean = turned(first / (1 - self.momentum**step), shapes, bases)
        move = mean / ((second / (1 - self.beta**step)).sqrt() + self.tiny)
        objective.model.assign(vector - self.rate * turned(move, shapes, bases, back=True))
        if step % self.refresh == 0:
            bases, second = refreshed(averages, bases, second, shapes)
        stuck = not bool(move.any())
        return {
            "step": step, "first": first, "second": second, "averages": averages, "bases": bases, "loss": loss,
            "stuck": stuck,
        }  # fmt: skip

    def _averaged(self, pair: list[Tensor], gradient: Tensor) -> list[Tensor]:
        grams = (gradient @ gradient.T, gradient.T @ gradient) if pair else ()
        return [old.lerp(new, 1 - self.beta) for old, new in zip(pair, grams, strict=True)]


def sides(shape: Sequence[int]) -> tuple[int, ...]:
    """The sides of a parameter that get a rotation: both of a matrix, none of anything else."""
    return tuple(shape) if len(shape) == 2 else ()


def _parts(vector: Tensor, shapes: Shapes) -> list[Tensor]:
    """A vector (P,) cut into tensors of the parameters' shapes."""
    cut = vector.split([math.prod(shape) for shape in shapes])
    return [part.view(*shape) for part, shape in zip(cut, shapes, strict=True)]


def turned(vector: Tensor, shapes: Shapes, bases: Bases, back: bool = False) -> Tensor:
    """Q_L^T W Q_R for each matrix W of the vector (P,), or back: Q_L W Q_R^T."""
    parts = []
    for part, pair in zip(_parts(vector, shapes), bases, strict=True):
        if pair:
            left, right = (q.T if back else q for q in pair)
            parts.append((left.T @ part @ right).reshape(-1))
        else:
            parts.append(part.reshape(-1))
    return torch.cat(parts)


def refreshed(
    averages: Bases, bases: Bases, second: Tensor,
    shapes: Shapes,
) -> tuple[list[list[Tensor]], Tensor]:  # fmt: skip
    """New bases by one step of orthogonal iteration, largest eigenvalues first, and V in the same order."""
    fresh, moments = [], []
    for pair, old, v in zip(averages, bases, _parts(second, shapes), strict=True):
        turns, moment = [], v
        for axis, (average, q) in enumerate(zip(pair, old, strict=True)):
            image = average @ q
            order = (q * image).sum(0).argsort(descending=True, stable=True)
            turns.append(torch.linalg.qr(image[:, order]).Q)
            moment = moment.index_select(axis, order)
        fresh.append(turns)
        moments.append(moment.reshape(-1))
    return fresh, torch.cat(moments)
