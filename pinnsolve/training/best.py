"""What a run has found that is best so far."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Best:
    """The parameters with the lowest held-out residual so far.

    Parameters
    ----------
    step, stage : int
        Where they were found.
    born : tensor
        The state of the generator from which the stage's network was drawn.
    vector : tensor (P,)
    training, held_out : dict from residual name to float
        Root mean squares.
    points : dict from region to int
        The training points; of cells, in all of them together.
    weights : dict from residual name to float
    defect : float
        Above zero where cells say what the worst of them leaves of the equations.
    """

    step: int
    stage: int
    born: Tensor
    vector: Tensor
    training: dict[str, float]
    held_out: dict[str, float]
    points: dict[str, int]
    weights: dict[str, float]
    defect: float = 0.0
