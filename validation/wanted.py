"""What a problem file of `tests/cases/` wants of the package, said in the file itself: `wanted = right(1e-3)`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """How one problem file has to end.

    Parameters
    ----------
    kind : "right", "honest" or "refused"
    error : float
        The largest true error that is right (relative L2, dimensionless).
    word : str
        What the message holds with which the file is refused.
    wrong : bool
        Whether every answer is wrong: no solution exists, or the declaration does not tell which.
    budget : float
        Seconds of training.
    slow : bool
        Whether the suite leaves it to `python -m validation.cases`.
    """

    kind: Literal["right", "honest", "refused"]
    error: float = 0.0
    word: str = ""
    wrong: bool = False
    budget: float = 10.0
    slow: bool = False


def right(error: float, *, budget: float = 10.0, slow: bool = False) -> Wanted:
    """The verdict is a pass, and the true error is at most `error`."""
    return Wanted(kind="right", error=error, budget=budget, slow=slow)


def honest(*, wrong: bool = False, budget: float = 10.0, slow: bool = False) -> Wanted:
    """Where the true error is above the tolerance, the run neither passes nor converges, nor says a tenth of the error.

    `wrong` tells that no answer can be right.
    """
    return Wanted(kind="honest", wrong=wrong, budget=budget, slow=slow)


def refused(word: str) -> Wanted:
    """A `ProblemError` before training, and its message holds `word`."""
    return Wanted(kind="refused", word=word)
