"""A run's checkpoint: what is written of it, and how it is taken up again to the same bits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from pinnsolve.algebra.operations import Work
from pinnsolve.errors import ProblemError
from pinnsolve.machine import checkpoint
from pinnsolve.training.best import Best
from pinnsolve.training.broken_off import BrokenOff
from pinnsolve.training.clock import Clock
from pinnsolve.training.found import Found
from pinnsolve.training.history import History
from pinnsolve.training.results import Ended
from pinnsolve.training.run import Run
from pinnsolve.training.stopping import Watch

CHECKPOINT = "checkpoint.pt"
LAYOUT = {kind.__name__: [f.name for f in fields(kind)] for kind in (Best, BrokenOff, Clock, Ended, Found, Watch, Work)}


@dataclass(frozen=True)
class Checkpoint:
    """Where a run is saved.

    Parameters
    ----------
    folder : Path
    identity : mapping
        What a run must have in common with the one that was saved, to take it up: by "problem" and "settings".
    """

    folder: Path
    identity: Mapping[str, Mapping[str, str]]

    def save(self, state: Mapping[str, Any]) -> None:
        """Write a whole state, as `as_stored` makes it; a file of an earlier step is replaced in one piece."""
        checkpoint.write(self.folder / CHECKPOINT, {"identity": dict(self.identity), "layout": LAYOUT, "state": state})

    def resume(self, run: Run) -> None:
        """Take up the state that the folder's checkpoint holds.

        Raises
        ------
        ProblemError
            If there is none, it is damaged, or it belongs to another problem, other settings or another version.
        """
        restored(run, run.points.world.told(self._read))

    def _read(self) -> Mapping[str, Any]:
        """The stored state, of the same problem and settings; how many processes made it is no matter."""
        stored = checkpoint.read(self.folder / CHECKPOINT)
        for what, remedy in (
            ("problem", "It belongs to another problem: start without --resume, or choose another --out."),
            ("settings", "Give the same options, or start without --resume."),
        ):
            checkpoint.same(
                f"the checkpoint in {self.folder} does not fit ({what})", stored["identity"].get(what, {}),
                self.identity.get(what, {}), remedy,
            )  # fmt: skip
        if stored.get("layout") != LAYOUT:
            raise ProblemError(
                f"the checkpoint in {self.folder} was written by another version of pinnsolve, whose runs hold other "
                "things", "Go on with that version, or start without --resume.",
            )  # fmt: skip
        state: Mapping[str, Any] = stored["state"]
        return state


def as_stored(run: Run) -> dict[str, Any]:
    """All of it as numbers, strings and tensors."""
    return {
        "step": run.step, "number": run.number, "stage_step": run.stage_step, "stage_began": run.stage_began,
        "method_state": run.method_state, "weights": run.weights, "choice": run.choice, "again": run.again,
        "sizes": run.sizes, "first": run.first, "changed": {str(k): c for k, c in run.changed.items()},
        "born": run.born, "vector": run.trial.vector(), "generator": run.generator.get_state(),
        "points": run.points.stored(), "watch": asdict(run.watch), "history": run.history.stored(),
        "clock": asdict(run.clock), "best": None if run.best is None else vars(run.best),
        "ended": [asdict(e) for e in run.ended], "found": [vars(f) for f in run.found],
        "broken": [vars(b) for b in run.broken],
    }  # fmt: skip


def restored(run: Run, stored: Mapping[str, Any]) -> None:
    """Take over what `as_stored` gave."""
    names = (
        "step", "stage_step", "stage_began", "method_state", "weights", "choice", "again", "born", "sizes", "first",
    )  # fmt: skip
    for name in names:
        setattr(run, name, stored[name])
    run.changed = {int(k): c for k, c in stored["changed"].items()}
    network, run.number = run.stage.network, stored["number"]
    if run.stage.network is network:
        run.trial.assign(stored["vector"])
    else:
        run.trial = run.reborn(run.number, run.born, stored["vector"])
        run.points.take(run.trial)
    run.points.restore(stored["points"])
    run.watch = Watch(**{**stored["watch"], "tolerance": run.tolerance})
    run.history = History.restored(stored["history"])
    run.clock = Clock(**{**stored["clock"], "work": Work(**stored["clock"]["work"])})
    run.best = None if stored["best"] is None else Best(**stored["best"])
    run.ended = [Ended.restored(e) for e in stored["ended"]]
    run.found, run.broken = [Found(**f) for f in stored["found"]], [BrokenOff(**b) for b in stored["broken"]]
    run.generator.set_state(stored["generator"])
