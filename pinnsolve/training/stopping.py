"""When to stop: what the losses on the training points and on the held-out points say together."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from pinnsolve.errors import Outcome


@dataclass(frozen=True)
class Patience:
    """How long a method is given. Chosen, but where a measurement is named.

    Parameters
    ----------
    converged : float
        Of the tolerance: a relative residual, no error; on the gallery the error was 0.02 to 30 times it. Larger: a run
        ends before its error is small enough. Smaller: time for nothing.
    looks : int
        Without a better held-out loss, or `share` of all looks. Fewer: a plateau is taken for the end.
    share : float
        Of all looks so far: what took long to reach is waited for longer.
    improved : float
        Of the last held-out loss that was called better: what is above is no improvement. Larger: a creeping run never
        ends.
    overfitted : float
        Held-out over training residual (rms). Smaller: runs on few points are ended that still gain.
    stuck : int
        Steps in a row that find no way down. Fewer: one bad set of points ends a run.
    """

    converged: float = 0.01
    looks: int = 100
    share: float = 0.3
    improved: float = 0.98
    overfitted: float = 10.0
    stuck: int = 3


PATIENCE = Patience()


@dataclass
class Watch:
    """Follows the losses from look to look.

    Parameters
    ----------
    first : float
        The held-out loss before training.
    tolerance : float
    best : float
        The lowest held-out loss.
    mark : float
        The held-out loss that was last called an improvement.
    looks, since : int
        Looks so far, and since the last improvement.
    stuck : int
        Steps in a row that found no way down.
    """

    first: float
    tolerance: float
    best: float = inf
    mark: float = inf
    held_out: float = inf
    training: float = inf
    looks: int = 0
    since: int = 0
    stuck: int = 0

    @classmethod
    def begin(cls, first: float, tolerance: float) -> Watch:
        return cls(first, tolerance)

    @property
    def fraction(self) -> float:
        """The held-out residual (rms) over the first one, where it last improved."""
        return min(1.0, (self.mark / self.first) ** 0.5) if self.first > 0 else 0.0

    def anew(self) -> None:
        """Forget the patience, not the best: another method begins."""
        self.looks = self.since = self.stuck = 0

    def better(self, held_out: float, training: float) -> bool:
        """Take note of both losses; true if the held-out one is the lowest so far."""
        self.looks += 1
        self.since += 1
        self.held_out, self.training = held_out, training
        if held_out < PATIENCE.improved * self.mark:
            self.mark, self.since = held_out, 0
        if held_out < self.best:
            self.best = held_out
            return True
        return False

    def verdict(self, training: dict[str, float], held_out: dict[str, float]) -> Outcome | None:
        """An outcome, if the losses say that it is time."""
        worst = max(held_out, key=lambda n: held_out[n] / (training[n] + 1e-300))
        seen = f"'{worst}' is {training[worst]:.1e} on the training points and {held_out[worst]:.1e} on held-out ones"
        if self.held_out <= (PATIENCE.converged * self.tolerance) ** 2 * self.first:
            fraction = (self.held_out / self.first) ** 0.5 if self.first > 0 else 0.0
            return Outcome("converged", f"the held-out residual fell to {fraction:.1e} of what it was")
        stuck = self.stuck >= PATIENCE.stuck
        overfitted = self.held_out > PATIENCE.overfitted**2 * self.training
        if overfitted and (stuck or self.since >= PATIENCE.looks // 5):
            return Outcome("overfitting", seen, "draw more points, let them be redrawn, or lower the width")
        if stuck or self.since >= max(PATIENCE.looks, PATIENCE.share * self.looks):
            why = "no step lowers the loss" if stuck else f"no better for {self.since} looks"
            return Outcome("plateau", f"{why}; {seen}", "try a wider network, more points or another method")
        return None
