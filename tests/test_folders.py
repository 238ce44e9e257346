"""Nothing is lost in a run's folder, and what cannot be written takes nothing from what is shown."""

from __future__ import annotations

import json
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pinnsolve import ProblemError
from pinnsolve.__main__ import main
from pinnsolve.command.folder import _free
from pinnsolve.machine.lock import LOCK, _born, held
from pinnsolve.training.loop import Loop
from tests.test_faults import OWN, told

pytestmark = pytest.mark.usefixtures("unpictured")
Write = Callable[..., Path]
SHORT = ("steps=15", "steps=1")
DECAY = """
import numpy as np
from pinnsolve import *

def decay(u, t):
    return d(u, t) + u

problem = Problem(
    time=(0, 1), unknowns="u", equations=decay, conditions=[initial(u=1)], tolerance=1e-2,
    reference=exact(u=lambda t: np.exp(-t)),
)
settings = Settings(network=MLP(width=6, depth=1), points=100, budget=30, method=LevenbergMarquardt(steps=15))
"""


@pytest.fixture
def write(write: Write) -> Write:
    """The cheapest problem there is, with some text replaced."""
    return lambda *changes: write(*changes, text=DECAY)


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_finished_run_is_not_overwritten(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    path, out = str(write(SHORT)), tmp_path / "out"
    first = main([path, "--out", str(out)])
    before = contents(out)
    assert LOCK not in before and "report.json" in before and "checkpoint.pt" in before
    for options in ([], ["--ensemble", "2"], ["--seed", "3"]):
        capsys.readouterr()
        assert main([path, "--out", str(out), *options]) == 2
        words = told(capsys.readouterr().err)
        assert "holds an earlier run" in words and "--resume" in words and "--overwrite" in words
        assert contents(out) == before
    assert main([path, "--out", str(out), "--resume", "--overwrite"]) == 2
    assert main([path, "--out", str(out), "--overwrite", "--set", "alpha=1"]) == 2
    assert contents(out) == before, "a mistake costs nothing"
    assert main([path, "--out", str(out), "--resume"]) == first
    assert main([path, "--out", str(out), "--overwrite", "--seed", "3"]) in (0, 1)
    assert json.loads((out / "report.json").read_text())["seed"] == 3


def test_without_a_folder_the_last_run_is_overwritten(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = str(write(SHORT))
    name = Path(path).stem
    for options, folders in (
        (["--overwrite"], [name]),
        ([], [name, f"{name}-2"]),
        (["--overwrite"], [name, f"{name}-2"]),
    ):
        assert main([path, "--seed", str(len(folders)), *options]) in (0, 1)
        assert sorted(f.name for f in Path("runs").iterdir()) == folders
    seeds = [json.loads((Path("runs") / f / "report.json").read_text())["seed"] for f in folders]
    assert seeds == [1, 2]
    assert main([path, "--seed", "3", "--overwrite"]) in (0, 1)
    assert json.loads((Path("runs") / f"{name}-2" / "report.json").read_text())["seed"] == 3


def test_an_ensemble_is_not_overwritten(write: Write, tmp_path: Path) -> None:
    path, out = str(write(SHORT)), tmp_path / "out"
    many = ["--ensemble", "2"]
    assert main([path, "--out", str(out), *many]) in (0, 1)
    assert main([path, "--out", str(out), *many]) == main([path, "--out", str(out)]) == 2
    (out / "report.json").unlink()
    assert main([path, "--out", str(out), *many]) == 2, "its members' checkpoints are left"
    assert main([path, "--out", str(out), "--overwrite"]) in (0, 1)
    assert not list(out.glob("seed-*/checkpoint.pt")) and not list(out.glob("model-*.safetensors"))
    assert main([path, "--out", str(out), *many, "--resume"]) == 2, "there are no members any more"


def test_a_run_that_is_going_on_is_left_alone(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    out = tmp_path / "out"
    out.mkdir()
    code = "import sys, time; from pathlib import Path; from pinnsolve.machine.lock import held\n"
    code += "with held(Path(sys.argv[1])):\n print('held', flush=True)\n time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code, str(out)], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        for options in ([], ["--resume"], ["--overwrite"]):
            assert main([str(write(SHORT)), "--out", str(out), *options]) == 2
            assert f"a run is going on in {out} (process {other.pid} on" in told(capsys.readouterr().err)
        other.send_signal(signal.SIGKILL)
        while _born(other.pid) != "":  # it has ended, and nobody has waited for it yet
            pass
        with held(out):
            assert json.loads((out / LOCK).read_text())["process"] != other.pid
    assert not (out / LOCK).exists()


@pytest.mark.parametrize("left", ["", "no json", "[1]", '{"process": 0}', '{"process": 1, "machine": "elsewhere"}'])
def test_locks_of_others(left: str, tmp_path: Path) -> None:
    (tmp_path / LOCK).write_text(left)
    if left in ("", '{"process": 1, "machine": "elsewhere"}'):  # just made, or where nobody can look
        with pytest.raises(ProblemError, match=f"remove {tmp_path / LOCK}"), held(tmp_path):
            pass
    else:
        with held(tmp_path):
            pass


def test_two_runs_that_start_together_get_two_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert [_free("case").name for _ in range(3)] == ["case", "case-2", "case-3"]


# ---------------------------------------------------------------- what cannot be written


def all_is_shown(code: int, out: str) -> str:
    words = " ".join(out.split())
    assert code == 0 and "outcome converged" in words and "verdict pass" in words and "relative L2 error" in words, (
        words
    )
    return words


def vanishing(monkeypatch: pytest.MonkeyPatch, folder: Path, step: int) -> None:
    """Take the folder away after some steps."""
    made = Loop._step

    def step_and_vanish(self: Loop):  # type: ignore[no-untyped-def]
        if self.state.step == step:
            shutil.rmtree(folder)
        return made(self)

    monkeypatch.setattr(Loop, "_step", step_and_vanish)


def test_a_folder_that_vanishes_while_training(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    vanishing(monkeypatch, out, 3)
    path = write(("budget=30", "budget=30, checkpoint_every=0.001"))
    words = all_is_shown(main([str(path), "--out", str(out)]), capsys.readouterr().out)
    assert "none could be written" in words and "report.json could not be written: No such file" in words
    assert words.count("the last checkpoint could not be written") == 1


def test_an_ensembles_folder_that_vanishes(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    made = Loop.run

    def run(self, progress):  # type: ignore[no-untyped-def]
        shutil.rmtree(out, ignore_errors=True)
        return made(self, progress)

    monkeypatch.setattr(Loop, "run", run)
    words = all_is_shown(main([str(write()), "--ensemble", "2", "--out", str(out)]), capsys.readouterr().out)
    assert "model.safetensors could not be written" in words and "the last checkpoint could not be written" in words


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """What is longer fails as on a full disk: the system refuses to write on."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk(write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    path = write(("budget=30", "budget=30, checkpoint_every=0.001"))
    with files_of_at_most(12_000):
        code = main([str(path), "--out", str(out)])
    words = all_is_shown(code, capsys.readouterr().out)
    assert "solution.png could not be written: File too large" in words and "checkpoint could not be written" in words
    report = json.loads((out / "report.json").read_text())
    assert "solution.png could not be written: File too large" in report["warnings"]
    assert {file.name for file in out.iterdir()} >= {"report.json", "history.csv"} and not list(out.glob(".part-*"))


def test_no_room_for_anything(write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    path = str(write())
    with files_of_at_most(0):
        code = main([path, "--out", str(out)])
    assert "none could be written" in all_is_shown(code, capsys.readouterr().out)
    assert not list(out.iterdir())


def test_a_state_that_no_file_can_hold(write: Write, tmp_path: Path) -> None:
    own = OWN.replace("return {}", "return {'f': lambda: 1}").replace(
        "BODY", "return {**state, 'loss': objective.loss()}"
    )
    assert main([str(write((DECAY.strip().splitlines()[-1], own))), "--out", str(tmp_path / "out")]) == 1
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert any("state cannot be kept" in warning for warning in report["warnings"])


def test_a_reference_that_fails_after_training(write: Write, tmp_path: Path) -> None:
    path = write(("np.exp(-t)", "(1 / 0 if np.size(t) > 1000 else np.exp(-t))"), SHORT)
    assert main([str(path), "--out", str(tmp_path / "out")]) == 1
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["verdict"] == "unconfirmed" and report["residuals"]["decay"]["held_out"] > 0
    assert "ZeroDivisionError" in (tmp_path / "out" / "report.html").read_text()
