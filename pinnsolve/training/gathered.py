"""The solutions of one run, and the estimate that they make of the error of the best."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from torch import Tensor

from pinnsolve.training.broken_off import BrokenOff, held_against
from pinnsolve.training.error_estimate import HALF, estimated
from pinnsolve.training.found import Found, best_of, difference, solved_again
from pinnsolve.training.seen import Seen
from pinnsolve.training.weights import weighted


class Gathered:
    """The solutions of one run.

    Parameters
    ----------
    found : list of Found
        Where they are kept.
    first, seen
        See `estimated`.
    broken : sequence of BrokenOff
    """

    def __init__(
        self, found: list[Found], first: Mapping[str, float], seen: Seen | None = None, broken: Sequence[BrokenOff] = ()
    ) -> None:
        self.found, self.first, self.seen = found, first, seen or Seen()
        self.parts = [b.part for b in broken if not b.whole]

    def added(self, now: Found, weights: Mapping[str, float]) -> float:
        """Keep a finished solution, once; the estimated error of the best so far."""
        if all(f.stage != now.stage for f in self.found):
            self.found.append(now)
        return self._estimated(self.judged(self.found, weights), weights)

    def _estimated(self, found: Sequence[Found], weights: Mapping[str, float]) -> float:
        """And no less than marches that broke off say, unless one came to its end."""
        error, best = estimated(found, self.first, weights, self.seen), best_of(found, weights)
        if not math.isfinite(error) or solved_again(found):
            return error
        return max(error, held_against(self.parts, best.values, best.scales))

    def judged(self, found: Sequence[Found], weights: Mapping[str, float]) -> list[Found]:
        """Those whose residuals can be compared: what is farther from cells that were solved again than these are from
        the truth is wrong, however small its residual, and where data are rough these are compared with nothing else.

        Where a kink goes through a cell its residual is large, however near the solution: others that smear it have
        smaller ones, and larger errors (a plucked string: 5e-2 beside 1e-4).
        """
        cells = solved_again(found)
        if not cells or self.seen.rough:
            return cells or list(found)
        error, best = estimated(cells, self.first, weights, self.seen), best_of(cells, weights)
        return [f for f in found if any(f is own for own in cells) or difference(f, best) <= error]

    def comparable(self, kind: str, values: Mapping[str, Tensor], weights: Mapping[str, float]) -> bool:
        """The same of a solution that is no stage's yet, by its values alone."""
        now = Found(-1, kind, dict.fromkeys(self.first, 0.0), values)
        return any(f is now for f in self.judged([*self.found, now], weights))

    def advanced(self, kind: str, held_out: Mapping[str, float], weights: Mapping[str, float]) -> bool:
        """Whether a network in training is to be kept: each time its residual has halved."""
        size, mine = weighted(weights, held_out) ** 0.5, [f for f in self.found if f.kind == kind]
        return math.isfinite(size) and (not mine or size < HALF * mine[-1].size(weights))

    def error_of(self, kept: Found, trained: bool, weights: Mapping[str, float]) -> float | None:
        """The estimated error of the solution that is kept; None where there is nothing to compare it with.

        Of a trained network's own path only what lies well before counts: a moment ago it had the same errors.
        """
        before = next((f for f in self.found if f.stage == kept.stage), None)
        if before is not None:  # what a trial function of its own numbers does not know
            kept = replace(kept, again=before.again, apart=before.apart, remains=before.remains)
        size = kept.size(weights)
        if trained:
            others = [f for f in self.found if f.kind != kept.kind or HALF * f.size(weights) >= size]
        else:
            others = [f for f in self.found if f.stage != kept.stage]
        error = self._estimated(self.judged([kept, *others], weights), weights)
        return error if math.isfinite(error) else None
