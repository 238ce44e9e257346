"""Ctrl-C between steps: a step that was begun is ended, so that what is kept fits together."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType


class Deferred:
    """While it is entered, SIGINT is remembered and raised by `check`; a second one is raised at once.

    Outside the main thread, where no handler can be set, nothing changes.
    """

    def __init__(self) -> None:
        self.waiting = self.twice = False
        self._before: signal.Handlers | int | None = None

    def __enter__(self) -> Deferred:
        main = threading.current_thread() is threading.main_thread()
        if main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._before = signal.signal(signal.SIGINT, self._remember)  # type: ignore[assignment]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

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
