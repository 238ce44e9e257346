"""What is seen of a field where it is compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Moments:
    """What is seen of a field on a share of the domain: its mean, its mean square, and its variance."""

    share: float
    mean: float
    square: float
    variance: float

    @classmethod
    def of(cls, values: np.ndarray, share: float) -> Moments:
        return cls(share, float(np.mean(values)), float(np.mean(values**2)), float(np.var(values)))
