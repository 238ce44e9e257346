"""Commands beside each other: each is told of once, has its cores, and none outlives an interrupt."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pinnsolve.machine.processes import Command, _shared_out, together

ROOT = Path(__file__).parents[1]


def python(code: str, folder: Path, name: str) -> Command:
    return Command([sys.executable, "-c", code], folder / f"{name}.txt")


def test_commands_beside_each_other(tmp_path: Path) -> None:
    codes: dict[int, int | OSError] = {}
    slow = "import time; time.sleep(0.4); print('slow')"
    commands = [
        python(slow, tmp_path, "a"),
        python(slow, tmp_path, "b"),
        python("import os; os.kill(os.getpid(), 9)", tmp_path, "c"),
        python("import os, sys; print(os.environ['OMP_NUM_THREADS']); sys.exit(3)", tmp_path, "d"),
        Command(["/nowhere/python"], tmp_path / "e.txt"),
    ]
    began = time.monotonic()
    together(commands, 4, lambda number, code: codes.update({number: code}))
    assert time.monotonic() - began < 0.8 + 5, "a hang, not a speed, is what this line catches"
    assert [codes[k] for k in range(4)] == [0, 0, -signal.SIGKILL, 3] and isinstance(codes[4], OSError)
    assert (tmp_path / "a.txt").read_text() == "slow\n" and (tmp_path / "d.txt").read_text() == "1\n"


@pytest.mark.parametrize("cores", [1, 2, 5, 8])
@pytest.mark.parametrize("jobs", [1, 2, 3, 8])
def test_all_cores_are_shared_out(cores: int, jobs: int) -> None:
    shares = _shared_out(list(range(cores)), jobs)
    assert len(shares) == jobs and all(shares) and {core for share in shares for core in share} == set(range(cores))
    if jobs <= cores:
        assert sum(map(len, shares)) == cores and max(map(len, shares)) <= min(map(len, shares)) + 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("stubborn", [True, False])
def test_no_process_is_left_behind(number: signal.Signals, stubborn: bool, tmp_path: Path) -> None:
    ignore = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n" * stubborn
    child = f"{ignore}import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    parent = f"""
import sys
from pathlib import Path
from pinnsolve.machine import processes
processes.RULES = processes.Rules(grace=0.3)
commands = [processes.Command([sys.executable, "-c", {child!r}], Path({str(tmp_path)!r}) / name) for name in "abc"]
try:
    processes.together(commands, 2, lambda number, code: print(number, code, flush=True))
except KeyboardInterrupt:
    print("interrupted")
"""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True, env=env) as process:
        wait = time.monotonic() + 30
        while not all((tmp_path / name).exists() and (tmp_path / name).read_text() for name in "ab"):
            assert time.monotonic() < wait and process.poll() is None
            time.sleep(0.02)
        process.send_signal(number)
        said = process.communicate(timeout=30)[0].split("\n")
    assert said[-2] == "interrupted" and not (tmp_path / "c").exists()
    assert len(said) == 4 and (not stubborn or all(f"{-signal.SIGINT}" in line for line in said[:2]))
    for name in "ab":
        with pytest.raises(ProcessLookupError):
            os.kill(int((tmp_path / name).read_text().split()[0]), 0)
