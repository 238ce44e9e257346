"""The clock and the record that all workers share: training time apart from everything else."""

from __future__ import annotations

import argparse
import json
import platform
import resource
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np

FIRST, FACTOR = 0.05, 1.15  # seconds to the first look at the error, and from each to the next
Predict = Callable[[Mapping[str, np.ndarray]], Mapping[str, np.ndarray]]


class Recorder:
    """One run: what it cost to import and to set up, and the error over the seconds of training.

    The clock stands still while the error is measured. `began` is the time (s) at which the worker's first line ran.
    """

    def __init__(self, package: str, began: float, distributions: tuple[str, ...]) -> None:
        given = _arguments()
        self.problem, self.seed, self.limit, self.out = given.problem, given.seed, given.limit, given.out
        with np.load(given.truth) as stored:
            self.places = {name: stored[f"at_{name}"] for name in stored["coordinates"]}
            self.truth = {name: stored[f"of_{name}"] for name in stored["unknowns"]}
        self.curve: list[dict[str, Any]] = []
        self.record: dict[str, Any] = {
            "package": package, "problem": self.problem, "seed": self.seed, "threads": given.threads,
            "limit": self.limit, "import_seconds": perf_counter() - began, "setup_seconds": 0.0, "settings": "",
            "versions": {"python": platform.python_version(), **{name: version(name) for name in distributions}},
            "curve": self.curve,
        }  # fmt: skip
        self._trained, self._since, self._next = 0.0, 0.0, FIRST
        self._began, self._made = began, perf_counter()

    @property
    def seconds(self) -> float:
        """Training so far."""
        return self._trained + (perf_counter() - self._since if self._since else 0.0)

    @property
    def running(self) -> bool:
        return self._since > 0

    @property
    def over(self) -> bool:
        return self.seconds >= self.limit

    def start(self) -> None:
        """Set-up is over, training begins."""
        self.record["setup_seconds"] = perf_counter() - self._made
        self.resume()

    def pause(self) -> None:
        self._trained, self._since = self.seconds, 0.0

    def resume(self) -> None:
        self._since = perf_counter()

    def look(self, predict: Predict, always: bool = False) -> None:
        """Measure the error, if it is time to."""
        if not always and self.seconds < self._next:
            return
        self.pause()
        self.add(self._trained, predict(self.places))
        self._next = max(self._next, self._trained) * FACTOR
        self.resume()

    def add(self, seconds: float, found: Mapping[str, np.ndarray], least: float = 0.0, **more: Any) -> None:
        """A point of the curve, no error below `least`; kept in the file at once, for a run that dies."""
        errors = {
            unknown: max(least, float(np.linalg.norm(np.asarray(found[unknown]) - true) / np.linalg.norm(true)))
            for unknown, true in self.truth.items()
        }
        self.curve.append({"seconds": seconds, "errors": errors, **more})
        self.write("unfinished")

    def write(self, outcome: str) -> None:
        share = process_time() / (perf_counter() - self._began)  # well below the threads: the machine was not quiet
        told = {**self.record, "outcome": outcome, "peak_mib": peak_mib(), "processors": share}
        self.out.write_text(json.dumps(told) + "\n")

    def finish(self) -> None:
        self.pause()
        self.write("stopped at the limit" if self._trained >= self.limit else "ran")


def peak_mib() -> float:
    """The peak of this process' resident memory (MiB)."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would also count what the parent held when it started this process
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 1024)


def _arguments() -> argparse.Namespace:
    made = argparse.ArgumentParser()
    made.add_argument("problem")
    made.add_argument("--seed", type=int, required=True)
    made.add_argument("--threads", type=int, required=True)
    made.add_argument("--limit", type=float, required=True)
    made.add_argument("--truth", type=Path, required=True)
    made.add_argument("--out", type=Path, required=True)
    return made.parse_args()
