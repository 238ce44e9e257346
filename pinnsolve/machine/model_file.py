"""The file of a model: tensors, and what it takes to know to what they belong; numbers and text, no code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from pinnsolve.errors import ProblemError, file_path, why_not
from pinnsolve.machine.files import write_whole

KEY = "pinnsolve"  # under one, since the file's writer shuffles several
NAME = "model.safetensors"  # of the model in a run folder
WRITTEN = "Give what Solution.save wrote, or the folder of a run, which holds a " + NAME + "."


def write_model(path: Path, tensors: dict[str, torch.Tensor], told: Mapping[str, Any]) -> None:
    """Write it.

    Raises
    ------
    ProblemError
        If there is no such folder, or it cannot be written.
    """
    if path.is_dir():
        raise ProblemError(f"save: {path} is a folder", f'Write save("{path / NAME}").')
    try:
        write_whole(path, lambda file: save_file(tensors, file, {KEY: json.dumps(told)}))
    except OSError as error:
        raise ProblemError(f"save: {path} cannot be written: {why_not(error)}", "Give another place.") from None


def read_model(given: object) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """The tensors of a model, and what was told of it; of a file, or of a run folder.

    Raises
    ------
    ProblemError
        If it is none of ours, or is damaged.
    """
    path = file_path("Solution.load", given)
    if path.is_dir():
        if not (path / NAME).exists():
            raise ProblemError(f"the folder {path} holds no model ({NAME})", WRITTEN)
        path = path / NAME
    if not path.exists():
        raise ProblemError(f"there is no model {path}", f"The current folder is {Path.cwd()}. {WRITTEN}")
    try:
        with safe_open(str(path), framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except (SafetensorError, OSError) as error:
        raise ProblemError(f"the model {path} cannot be read, or is damaged: {error}", WRITTEN) from None
    if KEY not in metadata:
        raise ProblemError(f"the file {path} holds no solution", WRITTEN)
    return tensors, json.loads(metadata[KEY])
