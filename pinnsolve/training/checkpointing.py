"""A run's checkpoint: what is written of it, and how it is taken up again to the same bits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pinnsolve.machine import checkpoint
from pinnsolve.training.run import Run

CHECKPOINT = "checkpoint.pt"


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

    def save(self, run: Run) -> None:
        """Write the whole state; a file of an earlier step is replaced in one piece."""
        checkpoint.write(self.folder / CHECKPOINT, {"identity": dict(self.identity), "state": run.stored()})

    def resume(self, run: Run) -> None:
        """Take up the state that the folder's checkpoint holds.

        Raises
        ------
        ProblemError
            If there is none, it is damaged, or it belongs to another problem or other settings.
        """
        stored = checkpoint.read(self.folder / CHECKPOINT)
        for what, remedy in (
            ("problem", "It belongs to another problem: start without --resume, or choose another --out."),
            ("settings", "Give the same options, or start without --resume."),
        ):
            checkpoint.same(
                f"the checkpoint in {self.folder} does not fit ({what})", stored["identity"].get(what, {}),
                self.identity.get(what, {}), remedy,
            )  # fmt: skip
        run.restore(stored["state"])
