"""A run's checkpoint: what is written of it, and how it is taken up again to the same bits."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from pinnsolve.errors import ProblemError
from pinnsolve.machine import checkpoint
from pinnsolve.training.history import Look, LoopState
from pinnsolve.training.stopping import Watch

if TYPE_CHECKING:
    from pinnsolve.training.loop import Loop

CHECKPOINT = "checkpoint.pt"


def save(loop: Loop) -> None:
    """Write the whole state; a file of an earlier step is replaced in one piece."""
    assert loop.folder is not None
    state = loop.state
    state.vector, state.watch, state.generator = loop.trial.vector(), asdict(loop.watch), loop.generator.get_state()
    state.points = loop.points.stored()
    state.history = [asdict(look) for look in loop.history]
    checkpoint.write(loop.folder / CHECKPOINT, {"identity": loop.identity, "state": vars(state)})


def keep(loop: Loop) -> bool:
    """Save, if it can be done; why it could not is told by `loop.unsaved`, and training goes on."""
    try:
        save(loop)
    except (OSError, ProblemError) as error:
        why = (error.strerror or str(error)) if isinstance(error, OSError) else error.fault
        loop.unsaved = f"the last checkpoint could not be written to {loop.folder}: {why}"
        return False
    loop.unsaved = ""
    return True


def resume(loop: Loop) -> None:
    """Take up the state that the folder's checkpoint holds.

    Raises
    ------
    ProblemError
        If there is none, it is damaged, or it belongs to another problem or other settings.
    """
    assert loop.folder is not None
    stored = checkpoint.read(loop.folder / CHECKPOINT)
    for what, remedy in (
        ("problem", "It belongs to another problem: start without --resume, or choose another --out."),
        ("settings", "Give the same options, or start without --resume."),
    ):
        checkpoint.same(
            f"the checkpoint in {loop.folder} does not fit ({what})", stored["identity"].get(what, {}),
            loop.identity.get(what, {}), remedy,
        )  # fmt: skip
    loop.state = LoopState(**stored["state"])
    if loop.stage.network is not loop.settings.stages[0].network:
        loop.trial = loop.reborn(loop.stage, loop.state.born)
        loop.points.take(loop.trial)
    loop.trial.assign(loop.state.vector)
    loop.weights = loop.state.weights
    loop.watch = Watch(**{**loop.state.watch, "tolerance": loop.trial.problem.tolerance})
    loop.points.restore(loop.state.points)
    loop.history = [Look(**look) for look in loop.state.history]
    loop.generator.set_state(loop.state.generator)
