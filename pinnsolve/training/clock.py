"""The clocks of a run: seconds of training, which end it, and operations, by which it chooses."""

from __future__ import annotations

from dataclasses import dataclass, field

from pinnsolve.algebra.operations import SPEED, Work

BEGIN = "beginning"  # of a stage, beside the methods' steps


@dataclass
class Clock:
    """Seconds and operations so far, and how long operations take here.

    Parameters
    ----------
    seconds : float
        Of training, over all resumed parts.
    work : Work
        The operations counted so far.
    last : dict from method to float
        The operations of the last step of each method.
    heaviest : dict from method to (operations, seconds)
        The step of each method with the most operations: the best measure of how fast such steps are on this machine,
        since small steps spend their time on other things.
    """

    seconds: float = 0.0
    work: Work = field(default_factory=Work)
    last: dict[str, float] = field(default_factory=dict)
    heaviest: dict[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def operations(self) -> float:
        return self.work.operations

    def made(self, method: str, operations: float, seconds: float) -> None:
        """Take note of a step."""
        self.last[method] = operations
        if operations >= self.heaviest.get(method, (0.0, 0.0))[0]:
            self.heaviest[method] = operations, seconds

    def beginning(self, times: float) -> float:
        """Seconds until the first step of a stage that takes so many times as long to begin as the last one."""
        return self.expected(BEGIN, self.last[BEGIN] * times) if BEGIN in self.last else 0.0

    def expected(self, method: str, operations: float, kind: str = "") -> float:
        """Seconds that so many operations of a method will take, by what its steps took here; before its first one,
        by the heaviest step of any method, of a kind if there were some, and before any by the nominal speed."""
        others = [heavy for name, heavy in self.heaviest.items() if name != BEGIN]  # it loads modules, too
        others = [heavy for name, heavy in self.heaviest.items() if kind and name.startswith(kind)] or others
        heaviest = self.heaviest.get(method) or max(others, default=(SPEED, 1.0))
        return operations / _speed(*heaviest)


def _speed(operations: float, seconds: float) -> float:
    """Operations a second."""
    return operations / max(seconds, 1e-9) if operations > 0 else SPEED
