"""Checkpoints: a run's whole state in one file, which is whole or not there, and executes nothing when read."""

from __future__ import annotations

import hashlib
import io
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from pinnsolve.errors import ProblemError
from pinnsolve.machine.files import write_whole

MAGIC = b"pinnsolve checkpoint 1\n"
DIGEST = hashlib.sha256().digest_size


def write(path: Path, state: Mapping[str, Any]) -> None:
    """Write a state of numbers, strings, tensors, lists and dicts, under a checksum.

    Raises
    ------
    ProblemError
        If it holds anything that cannot be written, as a state of a user's own method may.
    OSError
        If the file cannot be written.
    """
    buffer = io.BytesIO()
    try:
        torch.save(dict(state), buffer)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise ProblemError(
            f"the state cannot be kept: {error}", "A method's state holds numbers, strings and tensors alone."
        ) from None
    payload = buffer.getvalue()
    write_whole(path, lambda file: file.write_bytes(MAGIC + hashlib.sha256(payload).digest() + payload))


def read(path: Path) -> dict[str, Any]:
    """Read a state back.

    Raises
    ------
    ProblemError
        If there is no such file, or it is not what was written.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise ProblemError(
            f"there is no checkpoint {path}", "Start without --resume, or name the run's folder with --out."
        ) from None
    except OSError as error:
        raise ProblemError(f"the checkpoint {path} cannot be read: {error.strerror}") from None
    head, payload = content[: len(MAGIC) + DIGEST], content[len(MAGIC) + DIGEST :]
    if head != MAGIC + hashlib.sha256(payload).digest():
        raise ProblemError(f"the checkpoint {path} is damaged", "Start without --resume; the run begins anew.")
    try:
        return torch.load(io.BytesIO(payload), weights_only=True)
    except pickle.UnpicklingError:
        raise ProblemError(
            f"the checkpoint {path} holds more than numbers, strings and tensors, and is not read",
            "A state of a user's own method put it there. Start without --resume.",
        ) from None


def same(what: str, stored: Mapping[str, Any], present: Mapping[str, Any], remedy: str) -> None:
    """Refuse what was stored under other circumstances, naming the first that differs."""
    for name in [*present, *(n for n in stored if n not in present)]:
        if stored.get(name) != present.get(name):
            raise ProblemError(
                f"{what}: {name} was {stored.get(name)!r} there and is {present.get(name)!r} here", remedy
            )
