"""Sweeps: every row is its own run, nothing that is finished is lost or run again, and no process is left behind."""

from __future__ import annotations

import json
import re
import shutil
import signal
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from pinnsolve.__main__ import main, parser
from pinnsolve.command import sweep as module
from pinnsolve.command.exits import Exit
from pinnsolve.command.sweep_runs import OUTPUT, OWN, _handed_on
from pinnsolve.machine.processes import Command, Ended
from pinnsolve.report.sweep import DIED, FINISHED, INTERRUPTED, WAITING, Row, Sweep
from pinnsolve.report.sweep_page import sweep_figure
from pinnsolve.training.loop import Loop
from tests.test_folders import DECAY

ROOT = Path(__file__).parents[1]
Write = Callable[..., Path]
RATE = (
    ("def decay(u, t):", "def decay(u, t, k, a):"),
    ("return d(u, t) + u", "return d(u, t) + k * a * u"),
    ("u=lambda t: np.exp(-t)", "u=lambda t, k, a: np.exp(-k * a * t)"),
    ("tolerance=1e-2,", 'tolerance=1e-2, parameters={"k": 1.0, "a": 1.0},'),
)
OPTIONS = ["--sweep", "k=0.5,2", "--seeds", "2"]


@pytest.fixture
def write(write: Write) -> Write:
    """u' = -k a u, with some text replaced."""
    return lambda *changes, name="case.py": write(*RATE, *changes, text=DECAY, name=name)


class Here:
    """Runs the commands of a sweep in this process, one after the other, and notes them.

    Parameters
    ----------
    before : callable (number, arguments) -> int, optional
        What stands in for a run: its exit code; none runs it.
    """

    def __init__(self, before: Callable[[int, Sequence[str]], int | None] = lambda number, arguments: None) -> None:
        self.before, self.ran = before, list[list[str]]()

    def __call__(self, commands: Sequence[Command], jobs: int, ended: Ended) -> None:
        for number, command in enumerate(commands):
            arguments = list(command.arguments[4:])
            self.ran.append(arguments)
            code = self.before(number, arguments)
            with command.output.open("w") as output, redirect_stdout(output), redirect_stderr(output):
                code = main(arguments) if code is None else code
            ended(number, code)


@pytest.fixture
def here(unpictured: None, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Here]:
    def make(*before: Any) -> Here:
        made = Here(*before)
        monkeypatch.setattr(module, "together", made)
        return made

    return make


def told(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "sweep.json").read_text())
    return found


def states(folder: Path) -> list[str]:
    return [row["state"] for row in told(folder)["runs"]]


# ---------------------------------------------------------------- the rows


def test_processes_run_beside_each_other_and_leave_a_page_with_links(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    out = tmp_path / "out"
    assert main([str(write()), "--sweep", "k=0.5,2", "--jobs", "2", "--out", str(out)]) == 0, capsys.readouterr()
    page = (out / "sweep.html").read_text()
    links = [link.replace("%3D", "=") for link in re.findall(r'href="([^"]+)"', page)]
    assert links == ["k=0.5_seed=0/report.html", "k=2_seed=0/report.html"]
    assert all((out / link).is_file() for link in links) and "data:image/png" in page and "<script" not in page
    words = capsys.readouterr().out
    assert "2 of 2 runs pass" in words and "1 of 2  k = " in words
    assert "outcome" in (out / "k=2_seed=0" / OUTPUT).read_text()


def test_each_row_is_its_own_run(
    write: Write, tmp_path: Path, here: Callable[..., Here], capsys: pytest.CaptureFixture[str]
) -> None:
    out, runs = tmp_path / "out", here()
    assert main([str(write()), *OPTIONS, "--set", "a=0.5", "--seed", "3", "--out", str(out)]) == 0
    rows = told(out)["runs"]
    assert [(row["parameters"], row["seed"]) for row in rows] == [
        ({"k": k}, seed) for k in (0.5, 2.0) for seed in (3, 4)
    ]
    for row in rows:
        report = json.loads((out / row["folder"] / "report.json").read_text())
        assert report["parameters"] == {"k": row["parameters"]["k"], "a": 0.5} and report["seed"] == row["seed"]
        assert report["errors"] == row["errors"] and report["verdict"] == row["verdict"] == "pass"
        assert report["estimated_error"] == row["estimate"] and report["seconds"] == row["seconds"]
    assert len({row["errors"]["u"]["relative_l2"] for row in rows}) == 4
    shown = capsys.readouterr().out
    for row in rows:
        error = max(row["errors"]["u"]["relative_l2"], row["errors"]["u"]["relative_to_variation"])
        assert re.search(rf"{row['parameters']['k']:g}\W+{row['seed']}\W+{error:.1e}", shown), shown
    assert len(runs.ran) == 4
    assert main([str(write()), *OPTIONS, "--set", "a=0.5", "--seed", "3", "--out", str(out), "--resume"]) == 0
    assert len(runs.ran) == 4, "all were finished"


def test_a_product_of_several_parameters() -> None:
    sweep = Sweep("case", {"k": (1.0, 2.0), "a": (0.1, 1e-7)}, range(2), {}, "")
    assert len(sweep.rows) == len({row.folder for row in sweep.rows}) == 8
    assert sweep.rows[5].folder == "k=2_a=0.1_seed=1" and str(sweep.rows[3]) == "k = 1, a = 1e-07, seed 1"
    assert sweep_figure(sweep) is None and not sweep.passed


def test_another_run_s_report_is_never_taken_for_a_row_s_own(
    write: Write, tmp_path: Path, here: Callable[..., Here], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mutant, which does not look what a report was made with, shows the numbers of another value."""
    out, runs = tmp_path / "out", here()
    given = [str(write()), "--sweep", "k=0.5,2", "--out", str(out)]
    assert main(given) == 0
    before = told(out)["runs"]
    for old, new in (("k=0.5_seed=0", "aside"), ("k=2_seed=0", "k=0.5_seed=0"), ("aside", "k=2_seed=0")):
        shutil.move(out / old, out / new)
    assert main([*given, "--resume"]) == 1
    rows = told(out)["runs"]
    assert [(row["state"], row["errors"]) for row in rows] == [(DIED, {})] * 2
    assert "the report of another run (k = 2.0)" in rows[0]["why"]
    assert len(runs.ran) == 2, "nothing is run over what is another run's"
    monkeypatch.setattr(Row, "_other", lambda row, report: "")
    assert main([*given, "--resume"]) == 0
    assert [row["errors"] for row in told(out)["runs"]] == [row["errors"] for row in before[::-1]]


def test_without_a_reference_the_estimate_stands_in_the_picture(
    write: Write, tmp_path: Path, here: Callable[..., Here], capsys: pytest.CaptureFixture[str]
) -> None:
    here()
    assert main([str(write()), "--seeds", "2", "--no-reference", "--out", str(tmp_path / "out")]) == 1
    assert "0 of 2 runs pass; 2 unconfirmed" in capsys.readouterr().out
    rows = [Row({}, row["seed"]).read(tmp_path / "out") for row in told(tmp_path / "out")["runs"]]
    assert all(row.error is None and row.errors == {} and row.estimate for row in rows)
    figure = sweep_figure(Sweep("case", {}, range(2), {}, "", rows))
    assert figure is not None
    dots = [line.get_ydata()[0] for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert dots == [row.estimate for row in rows]
    assert all(line.get_markerfacecolor() == "white" for line in figure.axes[0].lines if line.get_marker() == "o")


# ---------------------------------------------------------------- what goes wrong with one run


def test_a_run_that_dies_is_a_row_and_is_run_again(
    write: Write, tmp_path: Path, here: Callable[..., Here], capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    ends = {0: -signal.SIGKILL, 1: None, 2: OSError(12, "Cannot allocate memory"), 3: None}
    here(lambda number, arguments: ends[number])
    broken = ("return d(u, t) + k * a * u", "return d(u, t) + k * a * u if float(a) < 0 else d(u, t) + {}['k']")
    path = write()
    given = [str(path), *OPTIONS, "--out", str(out)]
    assert main(given) == 1
    assert states(out) == [DIED, FINISHED, DIED, FINISHED]
    whys = [row["why"] for row in told(out)["runs"]]
    assert "killed (SIGKILL), as the system does where memory runs out" in whys[0]
    assert "could not be started: Cannot allocate memory" in whys[2]
    words = " ".join(capsys.readouterr().out.split())
    assert "2 of 4 runs pass; 2 died" in words and f"go on python -m pinnsolve {' '.join(given)} --resume" in words
    assert "could not be started" in (out / "sweep.html").read_text()
    runs = here()
    assert main([*given, "--resume"]) == 0 and len(runs.ran) == 2
    assert states(out) == [FINISHED] * 4
    assert main([str(write(broken)), "--seeds", "2", "--out", str(tmp_path / "other")]) == 2, (
        "told before anything runs"
    )


@pytest.mark.parametrize(
    ("said", "code", "why"),
    [
        ("warning one\nerror: case.py, line 8: KeyError: 'k'\n  Write k.\n", 2, "case.py, line 8: KeyError: 'k'"),
        ("error: a fault of pinnsolve's own: ZeroDivisionError\n", 3, "a fault of pinnsolve's own: ZeroDivisionError"),
        ("/usr/bin/python: No module named pinnsolve\n", 1, "it left no report: it ended with exit code 1: /usr/bin/python: No module named pinnsolve"),
        ("", 139, "it ended with exit code 139: it said nothing"),
        ("", -signal.SIGSEGV, "it was killed (SIGSEGV)"),
        ("", -99, "it was killed (signal 99)"),
    ],
)  # fmt: skip
def test_why_a_run_died(said: str, code: int, why: str, tmp_path: Path) -> None:
    row = Row({"k": 2.0}, 0)
    (tmp_path / row.folder).mkdir()
    (tmp_path / row.folder / OUTPUT).write_text(said)
    found = module.after(row, tmp_path, code)
    assert (found.state, found.why) == (DIED, why)


@pytest.mark.parametrize(
    "report", ["", "[]", "{}", '{"parameters": 3, "seed": 0}', '{"seed": 0, "parameters": {"k": 2.0}}']
)
def test_a_damaged_report_is_no_result(report: str, tmp_path: Path) -> None:
    row = Row({"k": 2.0}, 0)
    (tmp_path / row.folder).mkdir()
    (tmp_path / row.folder / "report.json").write_text(report)
    assert row.read(tmp_path).state == DIED and "cannot be read" in row.read(tmp_path).why


# ---------------------------------------------------------------- interrupted and resumed


def test_what_was_interrupted_goes_on_from_its_checkpoint_to_the_same_bits(
    write: Write, tmp_path: Path, here: Callable[..., Here], monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    path, out, made = str(write(("tolerance=1e-2", "tolerance=1e-9"))), tmp_path / "out", Loop._step
    given = [path, *OPTIONS, "--out", str(out)]

    def step(self: Loop) -> Any:
        if self.state.step == 4:
            raise KeyboardInterrupt
        return made(self)

    def interrupted(number: int, arguments: Sequence[str]) -> None:
        if number == 1:
            monkeypatch.setattr(Loop, "_step", step)
        if number == 2:
            raise KeyboardInterrupt

    here(interrupted)
    assert main(given) == Exit.INTERRUPTED
    monkeypatch.setattr(Loop, "_step", made)
    assert states(out) == [FINISHED, INTERRUPTED, WAITING, WAITING]
    words = " ".join(capsys.readouterr().out.split())
    assert "not run yet" in words and "--resume" in words and "what is finished is kept" in words
    runs = here()
    assert main([*given, "--resume"]) == 1, "such a tolerance is missed"
    assert [arguments[-1] for arguments in runs.ran] == ["--resume", "--overwrite", "--overwrite"]
    assert "resumed at step 4" in (out / "k=0.5_seed=1" / OUTPUT).read_text()
    assert states(out) == [FINISHED] * 4
    assert main([path, "--set", "k=0.5", "--seed", "1", "--out", str(tmp_path / "whole")]) == 1
    cut, whole = (folder / "model.safetensors" for folder in (out / "k=0.5_seed=1", tmp_path / "whole"))
    assert cut.read_bytes() == whole.read_bytes()


def test_a_damaged_checkpoint_is_begun_anew(write: Write, tmp_path: Path, here: Callable[..., Here]) -> None:
    out = tmp_path / "out"
    here(lambda number, arguments: Exit.INTERRUPTED)
    given = [str(write()), "--seeds", "1", "--out", str(out)]
    assert main(given) == 1 and states(out) == [INTERRUPTED]
    (out / "seed=0" / "checkpoint.pt").write_bytes(b"damaged")
    runs = here()
    assert main([*given, "--resume"]) == 0 and runs.ran[0][-1] == "--overwrite"


def test_folders_of_others_are_refused(
    write: Write, tmp_path: Path, here: Callable[..., Here], capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    path, out = str(write()), tmp_path / "out"
    runs = here(lambda number, arguments: Exit.INTERRUPTED)
    assert main([path, *OPTIONS, "--out", "out"]) == 1
    before = (out / "sweep.json").read_bytes()
    for options, words in (
        (OPTIONS, "holds an earlier run (sweep.json)"),
        ([], "holds an earlier run (sweep.json)"),
        (["--sweep", "k=0.5,3", "--seeds", "2", "--resume"], "(values): k was '0.5, 2' there and is '0.5, 3' here"),
        (["--sweep", "k=0.5,2", "--seeds", "3", "--resume"], "seeds was '0 to 1' there and is '0 to 2' here"),
        ([*OPTIONS, "--set", "a=2", "--resume"], "(problem): parameter a was '1.0' there and is '2.0' here"),
        ([*OPTIONS, "--budget", "3", "--resume"], "--budget was None there and is '3' here"),
    ):
        assert main([path, *options, "--out", "out"]) == 2
        assert words in " ".join(capsys.readouterr().err.split())
    other = str(write(("k * a * u", "a * k * k * u"), name="other.py"))
    assert main([other, *OPTIONS, "--out", "out", "--resume"]) == 2
    assert "another sweep (problem): equation decay" in capsys.readouterr().err
    assert (out / "sweep.json").read_bytes() == before and len(runs.ran) == 4
    Path("plain").mkdir()
    assert main([path, *OPTIONS, "--out", "plain", "--resume"]) == 2 and "holds no sweep" in capsys.readouterr().err
    (out / "k=2_seed=0" / "report.json").write_text("old")
    assert main([path, "--seeds", "1", "--out", "out", "--overwrite"]) == 1
    assert sorted(f.name for f in out.iterdir()) == ["seed=0", "sweep.html", "sweep.json"], (
        "nothing of the old one is left"
    )
    for options, folder in (([], "case-sweep"), ([], "case-sweep-2"), (["--resume"], "case-sweep-2")):
        assert main([path, *OPTIONS, *options]) == 1
        assert f"runs/{folder}: sweep.html" in capsys.readouterr().out


# ---------------------------------------------------------------- what is refused


REFUSED = {
    "no such parameter": (["--sweep", "K=1,2"], "there is no parameter 'K' did you mean 'k'?"),
    "no number": (["--sweep", "k=1,two"], "'two' is no number"),
    "no values": (["--sweep", "k="], "'' is no number"),
    "infinite": (["--sweep", "k=1,inf"], "'inf' is no number"),
    "twice the same": (["--sweep", "k=1,1.0"], "a value stands there twice"),
    "twice": (["--sweep", "k=1", "--sweep", "k=2"], "'k' is swept twice"),
    "and --set": (["--sweep", "k=1,2", "--set", "k=3"], "--set and --sweep both give k"),
    "and --continue": (["--sweep", "k=1,2", "--continue", "k=1,2"], "--continue and --sweep both give k"),
    "and --ensemble": (["--seeds", "2", "--ensemble", "3"], "--ensemble and --seeds both take several seeds"),
    "and --check": (["--sweep", "k=1,2", "--check"], "--check looks at one problem"),
    "no seeds": (["--seeds", "0"], "is no whole number from 1 up"),
    "seeds in words": (["--seeds", "two"], "is no whole number from 1 up"),
    "jobs alone": (["--jobs", "2"], "--jobs goes with --sweep"),
    "no jobs": (["--seeds", "2", "--jobs", "0"], "is no whole number from 1 up"),
    "an option of its runs": (["--seeds", "2", "--figures", "v"], "there is no unknown 'v'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_wrong_options_are_told_before_anything_runs(
    case: str, write: Write, tmp_path: Path, here: Callable[..., Here], capsys: pytest.CaptureFixture[str]
) -> None:
    options, words = REFUSED[case]
    runs = here()
    assert main([str(write()), *options, "--out", str(tmp_path / "out")]) == 2
    assert words in " ".join(capsys.readouterr().err.split())
    assert not runs.ran and not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        (('"k": 1.0', '"k": (0.5, 2.0)'), OPTIONS, "'k' is a range, and one run solves for all of its values"),
        (("u=1)]", "u=1), initial(u=2)]"), ["--seeds", "2"], "twice"),
        (
            ("k * a * u", "k * a * u / max(k - 2, 0)"),
            ["--sweep", "k=1,4"],
            "at k = 1: equation 'decay' raised ZeroDivisionError",
        ),
        (('"k": 1.0', '"k": table(t=[0, 1], k=[1, 1], of="t")'), OPTIONS, "'k' is no number"),
    ],
)
def test_what_cannot_be_swept(
    change: tuple[str, str], options: list[str], words: str, write: Write, tmp_path: Path, here: Callable[..., Here],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    here()
    assert main([str(write(change)), *options, "--out", str(tmp_path / "out")]) == 2
    assert words in " ".join(capsys.readouterr().err.split())


def test_every_option_is_the_sweep_s_own_or_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is added later is handed on by itself."""
    arguments = parser().parse_args(
        ["f.py", "--budget=5", "--tolerance=1e-3", "--method=lm", "--steps=3", "--set=a=-1", "--set=b=2", "--seed=1",
         "--ensemble=2", "--device=cpu", "--dtype=float32", "--figures=u", "--no-reference", "--debug", "--sweep=k=1",
         "--seeds=2", "--jobs=1", "--out=o", "--resume"]
    )  # fmt: skip
    again = parser().parse_args(["f.py", *_handed_on(arguments)])
    for name, value in vars(arguments).items():
        assert (getattr(again, name) == value) == (name not in OWN or name == "file" or value in ([], False, None)), (
            name
        )
