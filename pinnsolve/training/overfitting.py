"""Overfitting to data: what the misfits to the data that were trained on, and to those held out, say together.

    held out, at the end > (1 + RISEN) * its least value,   training, at the end < training where that was,

where a misfit is the data's part of the loss, and at the end means on average over the last tenth of the looks, since
methods of first order do not end quietly.

Source of early stopping: Prechelt, Neural Networks 11 (1998) 761.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from statistics import fmean
from typing import Protocol

from pinnsolve.errors import Outcome
from pinnsolve.training.weights import weighted

# Of the least held-out misfit: by so much it must have risen. Larger: a run goes on that fits noise. Smaller: the
# scatter of first-order methods is called overfitting. Chosen, not measured.
RISEN = 0.1
CURES = "Three cures: weight decay (Adam(decay=1e-3)), dropout (MLP(dropout=0.2)), and early stopping, as here"


class Seen(Protocol):
    """What one look saw: root mean squares by residual name (`pinnsolve.training.history.Look`)."""

    @property
    def step(self) -> int: ...

    @property
    def training(self) -> dict[str, float]: ...

    @property
    def held_out(self) -> dict[str, float]: ...


@dataclass(frozen=True)
class Overfitting:
    """Training went on to fit its own data, and lost those that it did not see.

    Parameters
    ----------
    step : int
        Where the held-out data were met best.
    held_out, training : (float, float)
        The misfit there and at the end: the weighted root mean square over the sets of data.
    kept : int
        The step whose network was kept.
    """

    step: int
    held_out: tuple[float, float]
    training: tuple[float, float]
    kept: int

    def __str__(self) -> str:
        (least, last), (then, now) = self.held_out, self.training
        return (
            f"overfitting: after step {self.step} the misfit of the held-out data rose from {least:.2g} to {last:.2g}, "
            f"while that of the training data fell from {then:.2g} to {now:.2g}; the network of step {self.kept} was "
            f"kept. {CURES}"
        )

    @property
    def outcome(self) -> Outcome:
        """Why a run ended that would have ended by itself."""
        told = f"the held-out data have been met no better since step {self.step}, the training data have"
        return Outcome("overfitting", told, f"the network of step {self.kept} was kept")


def overfitting(history: Sequence[Seen], weights: Mapping[str, float], kept: int) -> Overfitting | None:
    """What the looks show.

    Parameters
    ----------
    history : sequence of Look
    weights : mapping from name to float
        Of the misfits to data of which some were held out; empty where none were.
    kept : int
        The step whose network was kept.
    """
    looks = [look for look in history if all(isfinite(look.held_out[name]) for name in weights)]
    if not weights or not looks:
        return None
    share = {name: weight / sum(weights.values()) for name, weight in weights.items()}
    training, held_out = [weighted(share, k.training) for k in looks], [weighted(share, k.held_out) for k in looks]
    best = min(range(len(looks)), key=held_out.__getitem__)
    tail = max(1, len(looks) // 10)
    last, now = fmean(held_out[-tail:]), fmean(training[-tail:])
    if not (last > (1 + RISEN) * held_out[best] and now < training[best]):
        return None
    return Overfitting(looks[best].step, (held_out[best] ** 0.5, last**0.5), (training[best] ** 0.5, now**0.5), kept)
