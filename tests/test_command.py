"""The command: exit codes, messages that name file, line, fault and remedy, and the run folder."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import meshio
import pytest

from pinnsolve.__main__ import main, parser
from pinnsolve.problem_file import load
from pinnsolve.settings import Settings
from pinnsolve.solution import Solution
from pinnsolve.solve import prepare

ROOT = Path(__file__).parents[1]
Write = Callable[..., Path]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, int]:
    """One run of the small problem: its file, its folder, its exit code."""
    from tests.conftest import SMALL

    folder = tmp_path_factory.mktemp("finished")
    path = folder / "case.py"
    path.write_text('"""Heat in a rod."""\n' + SMALL)
    return path, folder / "out", main([str(path), "--out", str(folder / "out")])


def test_a_pass_is_exit_code_zero_and_all_files_are_there(finished: tuple[Path, Path, int]) -> None:
    _, out, code = finished
    assert code == 0
    names = ["report.json", "report.html", "solution.png", "history.csv", "solution.vtu", "model.safetensors"]
    assert all((out / n).stat().st_size > 0 for n in names)


def test_the_contract_of_report_json(finished: tuple[Path, Path, int]) -> None:
    report = json.loads((finished[1] / "report.json").read_text())
    assert report["problem"] == "case" and report["verdict"] == "pass" and report["tolerance"] == 1e-2
    assert set(report["errors"]["u"]) >= {"relative_l2", "max"} and report["errors"]["u"]["relative_l2"] < 1e-2
    assert set(report["reference"]) >= {"name", "own_error", "seconds"}
    assert set(report["residuals"]["heat"]) == {"training", "held_out"}
    assert report["parameters"] == {"alpha": 0.1} and report["seed"] == 0
    assert report["device"] == "cpu" and report["dtype"] == "float64"
    for key in ("outcome", "seconds", "method", "network", "points", "versions"):
        assert report[key], key


def test_history_is_the_history(finished: tuple[Path, Path, int]) -> None:
    with (finished[1] / "history.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    steps = json.loads((finished[1] / "report.json").read_text())["steps"]
    assert [int(r["step"]) for r in rows] == list(range(steps + 1))
    assert float(rows[-1]["heat (held out)"]) < 0.1 * float(rows[0]["heat (held out)"])


def test_vtu_and_model_open(finished: tuple[Path, Path, int]) -> None:
    path, out, _ = finished
    mesh = meshio.read(out / "solution.vtu")
    assert {"u", "u_reference", "u_error"} <= set(mesh.point_data)
    assert Solution.load(out / "model.safetensors", load(path).problem).u(x=0.5, t=0.0) == pytest.approx(1.0)


EXACT = "exact(u=lambda x, t, alpha: np.exp(-alpha * np.pi**2 * t) * np.sin(np.pi * x))"


@pytest.mark.usefixtures("unpictured")
def test_a_problem_without_a_reference_is_solved_by_differences(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(write((f"    reference={EXACT},\n", "")))
    assert main([file, "--out", str(tmp_path / "run")]) == 0
    reference = json.loads((tmp_path / "run" / "report.json").read_text())["reference"]
    assert reference["automatic"] and reference["own_error"] <= 1e-3 / 10 and "nodes" in reference["about"]
    told = " ".join(capsys.readouterr().out.split())
    assert "confirms the solver, not the modelling" in told
    assert "confirms the solver, not the modelling" in (tmp_path / "run" / "report.html").read_text()


@pytest.mark.usefixtures("unpictured")
def test_fail_and_unconfirmed_are_exit_code_one(write: Write, tmp_path: Path) -> None:
    short = ("steps=15", "steps=1")
    for change, options, verdict in (
        (short, [], "fail"),
        (short, ["--no-reference"], "unconfirmed"),
        ((EXACT, "None"), ["--steps", "1"], "unconfirmed"),
    ):  # fmt: skip
        out = tmp_path / verdict
        assert main([str(write(change)), "--out", str(out), "--overwrite", *options]) == 1
        assert json.loads((out / "report.json").read_text())["verdict"] == verdict


HEAT = "    return d(u, t) - alpha * d(u, x, x)"
BAD_FILES: dict[str, tuple[tuple[str, str], int | None, str]] = {
    # what is replaced, the line that the message must name, words of fault and remedy
    "no problem": (("problem = Problem(", "case = dict("), None, "declares no problem"),
    "two problems": (("settings = ", "second = problem.replaced(tolerance=1)\nsettings = "), None, "2 problems"),
    "syntax": ((HEAT, "    return d(u, t) - * 2"), 8, "invalid syntax"),
    "exception": (("from torch import sin", "from torch import sin\n1 / 0"), 4, "ZeroDivisionError"),
    "exception in an equation": ((HEAT, "    return d(u, t) - {}['k']"), 8, "KeyError"),
    "missing import": (("from torch import sin", "from torhc import sin"), 3, "No module named 'torhc'"),
    "argument": (("def heat(u, x, t, alpha)", "def heat(u, x, t, alhpa)"), 7, "did you mean 'alpha'?"),
    "shape (N, 1)": ((HEAT, "    return (d(u, t) - alpha * d(u, x, x))[:, None]"), 7, "(61, 1) for 61 points"),
    "shape (N, N)": ((HEAT, "    return d(u, t) * d(u, x)[:, None]"), 8, "(61, 1)"),
    "constant": ((HEAT, "    return 0.0"), 7, "number 0.0"),
    "no unknown in it": ((HEAT, "    return x - t"), 7, "does not involve any unknown"),
    "nan": ((HEAT, "    return d(u, t) - sin(x).sqrt() if False else d(u, t) - (x - 2)**0.5"), None, "'heat' is nan at x="),
    "no equation for an unknown": (('unknowns="u"', 'unknowns=("u", "v")'), None, "no equation mentions the unknown 'v'"),
    "no condition": (("[initial(u=lambda x: sin(pi * x)), dirichlet(u=0)]", "[]"), None, "no condition mentions"),
    "face": (("dirichlet(u=0)", "dirichlet(u=0, on=face(x=2))"), None, "face(x=0), face(x=1)"),
    "face of no coordinate": (("dirichlet(u=0)", "dirichlet(u=0, on=face(y=0))"), None, "no coordinate 'y'"),
    "backwards": (("time=(0, 1)", "time=(1, 0)"), None, "time = (1, 0) runs backwards"),
    "empty box": (("Box(x=(0, 1))", "Box(x=(1, 1))"), None, "is empty"),
    "zero derivative": ((HEAT, "    return d(u, t) - alpha * d(x, t)"), 8, "zero everywhere"),
    "numpy": ((HEAT, "    return d(u, t) - np.sin(u)"), 8, "write torch.sin"),
    "reference": (("np.exp(-alpha", "np.missing(-alpha"), None, "has no attribute 'missing'"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_FILES)
def test_bad_files(case: str, write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change, line, words = BAD_FILES[case]
    path = write(change)
    assert main([str(path), "--out", str(tmp_path / "out")]) == 2
    told = " ".join(capsys.readouterr().err.split())
    assert words in told, told
    assert "Traceback" not in told
    if line is not None:
        assert f"case.py, line {line}:" in told
    assert not (tmp_path / "out" / "report.json").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--method", "ml"], "did you mean 'lm'?"),
        (["--device", "cuda:7"], "the device 'cuda:7' cannot be used here"),
        (["--set", "alhpa=1"], "did you mean 'alpha'?"),
        (["--set", "alpha=x"], "'x' is no number"),
        (["--dtype", "float16"], "float64"),
        (["--budget", "-1"], "budget=-1.0 is not a positive number"),
        (["--tolerance", "0"], "tolerance=0.0 is not a positive number"),
        (["--out", "/proc/nowhere"], "cannot be written"),
        (["--figures", "u,w"], "no unknown 'w'"),
        (["--resume"], "there is no checkpoint"),
    ],
)
def test_bad_options(
    options: list[str], words: str, write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(write()), "--out", str(tmp_path / "out"), *options]) == 2
    assert words in " ".join(capsys.readouterr().err.split())


@pytest.mark.usefixtures("unpictured")
def test_a_run_that_nobody_reads_any_more_goes_on_to_its_files(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`python -m pinnsolve file.py | head -1`: rich ends the process at the first line after that."""
    path = write()
    ends = os.pipe()
    os.close(ends[0])
    with os.fdopen(ends[1], "w") as closed:
        monkeypatch.setattr(sys, "stdout", closed)
        assert main([str(path), "--out", str(tmp_path / "run")]) == 0
    assert json.loads((tmp_path / "run" / "report.json").read_text())["verdict"] == "pass"


def test_a_missing_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "absent.py")]) == 2
    assert "does not exist" in capsys.readouterr().err


def test_check_stops_before_training(write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(("sin(pi * x)), dirichlet(u=0)", "sin(pi * x)), dirichlet(u=1, on=face(x=0))"))
    assert main([str(path), "--check", "--out", str(tmp_path / "out")]) == 0
    told = capsys.readouterr().out
    assert "u_xx" in told and "contradict each other at x=0, t=0: jump 1" in " ".join(told.split())
    assert "no condition on the face x=1" in " ".join(told.split())
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("unpictured")
def test_warnings_stay_in_the_report(write: Write, tmp_path: Path) -> None:
    path = write(("dirichlet(u=0)", "dirichlet(u=0, on=face(x=0))"), ("steps=15", "steps=1"))
    main([str(path), "--out", str(tmp_path / "out")])
    warnings = json.loads((tmp_path / "out" / "report.json").read_text())["warnings"]
    assert any("no condition on the face x=1" in w for w in warnings)
    assert "no condition on the face x=1" in (tmp_path / "out" / "report.html").read_text()


@pytest.mark.usefixtures("unpictured")
def test_options_reach_the_run(write: Write, tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = [
        "--set",
        "alpha=0.2",
        "--seed",
        "3",
        "--method",
        "adam,lm",
        "--steps",
        "2",
        "--budget",
        "1",
        "--tolerance",
        "0.5",
    ]
    main([str(write()), "--out", str(out), *options])
    report = json.loads((out / "report.json").read_text())
    assert report["parameters"] == {"alpha": 0.2} and report["seed"] == 3 and report["tolerance"] == 0.5
    assert "Adam" in report["method"] or "LevenbergMarquardt" in report["method"], "what made the answer"
    history = (out / "history.csv").read_text()
    assert "Adam" in history.splitlines()[1] or "adam" in history.splitlines()[1]


@pytest.mark.usefixtures("unpictured")
def test_a_run_never_stands_beside_the_results_of_an_earlier_one(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = write(("steps=15", "steps=1"))
    main([str(path)])
    main([str(path)])
    assert {p.name for p in (tmp_path / "runs").iterdir()} == {"case", "case-2"}
    main([str(path), "--resume"])
    assert {p.name for p in (tmp_path / "runs").iterdir()} == {"case", "case-2"}


def test_help_answers_at_once() -> None:
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "pinnsolve", "--help"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ,
        check=True,
    )
    assert "--budget" in done.stdout
    assert "torch" not in done.stderr, "the help must not wait for torch"
    assert time.perf_counter() - started < 30  # a hang, not a speed, is what this line catches
    assert parser().prog == "python -m pinnsolve"


def test_a_file_that_was_changed_within_a_second_is_read_anew(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    path = write()
    now = path.stat().st_mtime
    assert load(path).settings.budget == 30
    write(("budget=30", "budget=20"))
    os.utime(path, (now, now))
    assert load(path).settings.budget == 20
    assert not (path.parent / "__pycache__").exists()


def test_the_check_is_quick(write: Write) -> None:
    file = load(write())
    ready = prepare(file.problem, Settings())
    assert len(ready.loop.state.points.training.chunks) >= 1
