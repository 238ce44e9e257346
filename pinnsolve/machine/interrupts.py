"""Ctrl-C between steps: a step that was begun is ended, so that what is kept fits together."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType

WHOLE = {signal.SIGINT: signal.default_int_handler}  # what is remembered, where nobody else handles it already
ENDED = WHOLE | {getattr(signal, n): signal.SIG_DFL for n in ("SIGTERM", "SIGHUP") if hasattr(signal, n)}


class Deferred:
    """While it is entered, SIGINT is remembered and raised by `check`; a second one is raised at once.

    Outside the main thread, where no handler can be set, nothing changes.

    Parameters
    ----------
    ends : bool
        Whether being ended (SIGTERM, SIGHUP) is the same: for who has to end others first.
    """

    def __init__(self, ends: bool = False) -> None:
        self.waiting = self.twice = False
        self._signals = ENDED if ends else WHOLE
        self._before: dict[int, object] = {}

    def __enter__(self) -> Deferred:
        if threading.current_thread() is threading.main_thread():
            for number, usual in self._signals.items():
                if signal.getsignal(number) is usual:
                    self._before[number] = signal.signal(number, self._remember)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)  # type: ignore[arg-type]
        self._before.clear()

    def _remember(self, number: int, frame: FrameType | None) -> None:
        if self.waiting:
            self.twice = True
            raise KeyboardInterrupt
        self.waiting = True

    def check(self) -> None:
        """Raise KeyboardInterrupt, if one is waiting."""
        if self.waiting:
            self.waiting = False
            raise KeyboardInterrupt
