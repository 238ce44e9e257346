"""What follows a march over joined cells in an automatic run."""

from __future__ import annotations

from collections.abc import Sequence

from pinnsolve.methods import CellMarching
from pinnsolve.settings import Stage
from pinnsolve.training.results import Results, Turn


def after_cells(stages: Sequence[Stage], results: Results, features: int, left: float, deeper: float) -> Turn:
    """A march is solved again with richer features; then one to a lower tolerance; then other features.

    Parameters
    ----------
    stages : sequence of Stage
    results : Results
        The last stage was one on joined cells.
    features : int
        The first stage with random features.
    left : float
        Operations that stages with features may still take.
    deeper : float
        See `Rules`.
    """
    now = results.ended[-1]
    unsure = now.stuck or not now.solved
    if isinstance(stages[now.stage].method, CellMarching):
        if not unsure:
            return Turn(now.stage + 1)
        why = now.missing or "there were too many of them"
        return Turn(features, f"the march over cells ended early ({why}); so random features were tried")
    marched = [e for e in results.ended if isinstance(stages[e.stage].method, CellMarching)]
    dear = deeper * marched[-1].operations > left
    if isinstance(stages[now.stage + 1].method, CellMarching) and not unsure and not dear:
        return Turn(now.stage + 1)
    return Turn(features, "the error of the march over cells is not small enough; so random features were tried")
