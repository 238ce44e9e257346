"""The table and the pictures of all problems: complete, made by one command, and honest about what failed."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from pinnsolve import MLP, Adam, Settings
from validation import methods, results
from validation.__main__ import main
from validation.results import BUDGETS, HEADER, Row, measured, put, written

ROOT = Path(__file__).parents[1]
NAMES = sorted(p.stem for p in (ROOT / "problems").glob("*.py"))
TABLE, GALLERY = ROOT / "validation" / "results.md", ROOT / "docs" / "gallery.md"
COLUMNS = HEADER.splitlines()[0].count("|")
made = pytest.mark.skipif(not TABLE.exists(), reason="python -m validation has not been run yet")
shown = pytest.mark.skipif(not GALLERY.exists(), reason="the gallery is not written yet")


def rows(text: str) -> dict[str, str]:
    """The rows of a table by problem."""
    found = [line for line in text.splitlines() if line.startswith("| [")]
    return {line.split("[")[1].split("]")[0]: line for line in found}


def report(u: float | None = 1e-3, **changes: Any) -> dict[str, Any]:
    """What report.json tells, as far as the table reads it."""
    told = {
        "verdict": "pass", "tolerance": 1e-3, "errors": {"u": {"relative_l2": u}}, "seconds": 58.0,
        "peak_memory": 400 * 2**20, "method": "LevenbergMarquardt(damping=0.001)", "network": {"description": "MLP()", "parameters": 881}, "printed": "", "picture": b"PNG",
        "reference": {"name": "series", "own_error": 1e-9, "seconds": 0.125, "peak_memory": 300 * 2**20},
    }  # fmt: skip
    return told | changes


# ---------------------------------------------------------------- what stands in the repository


def test_every_problem_is_measured_and_nothing_else() -> None:
    assert sorted(BUDGETS) == NAMES
    assert all(budget > 0 for budget in BUDGETS.values())


@made
def test_the_table_has_a_row_for_every_problem() -> None:
    found = rows(TABLE.read_text())
    assert sorted(found) == NAMES
    for name, line in found.items():
        assert line.count("|") == COLUMNS, line
        assert f"(../problems/{name}.py)" in line
        assert "failed" not in line


@made
@pytest.mark.parametrize("name", NAMES)
def test_every_problem_has_a_picture(name: str) -> None:
    assert (ROOT / "docs" / "gallery" / f"{name}.png").read_bytes().startswith(b"\x89PNG")


@shown
@pytest.mark.parametrize("name", NAMES)
def test_every_problem_has_a_section_in_the_gallery(name: str) -> None:
    text = GALLERY.read_text()
    assert f"gallery/{name}.png" in text
    assert f"problems/{name}.py" in text


@shown
def test_the_gallery_shows_no_picture_that_is_missing() -> None:
    shown_there = [part.split(")")[0] for part in GALLERY.read_text().split("(gallery/")[1:]]
    assert shown_there
    assert all((ROOT / "docs" / "gallery" / name).exists() for name in shown_there)


# ---------------------------------------------------------------- the row


def test_a_row_tells_median_and_worst() -> None:
    told = [report(u, seconds=s) for u, s in ((3e-4, 50.0), (1e-4, 60.0), (9e-4, 10.0))]
    told[2]["verdict"], told[1]["peak_memory"] = "fail", 512 * 2**20
    told[1]["reference"] = told[1]["reference"] | {"own_error": 4e-8}
    text = Row("heat", 60.0, told).text
    assert "| u 3.0e-04 (9.0e-04) |" in text
    assert "| pass, pass, fail |" in text
    assert "| 50 s of 60 s |" in text
    assert "| LevenbergMarquardt, 881 parameters | series | 4e-08 | 0.12 s | 512 MiB |" in text
    assert text.startswith("| [heat](../problems/heat.py) |")
    assert text.count("|") == COLUMNS


def test_a_row_tells_every_unknown_and_the_larger_memory() -> None:
    both = {"u": {"relative_l2": 1e-3}, "p": {"relative_l2": 2e-2}}
    told = report(errors=both)
    told["reference"] = told["reference"] | {"peak_memory": 900 * 2**20}
    text = Row("cavity", 60.0, [told]).text
    assert "| u 1.0e-03 (1.0e-03), p 2.0e-02 (2.0e-02) |" in text
    assert "| 900 MiB |" in text


def test_a_row_tells_the_constants_that_were_found() -> None:
    constants = {
        "a": 1.0,
        "nu": {"value": 0.0031831, "standard_error": 4e-6},
        "k": {"value": 2.0, "standard_error": None},
    }
    text = Row("heat", 60.0, [report(parameters=constants), report(2e-3)]).text
    assert "| u 1.5e-03 (2.0e-03); first seed: nu = 0.0031831 +- 0.0000040, k = 2 +- inf |" in text


def test_an_even_number_of_seeds_and_what_is_not_finite() -> None:
    assert "u 2.0e-03 (3.0e-03)" in Row("heat", 60.0, [report(1e-3), report(3e-3)]).text
    assert "u 1.0e-03 (inf)" in Row("heat", 60.0, [report(1e-3), report(1e-3), report(None)]).text


def test_a_row_without_a_reference_is_told() -> None:
    text = Row("heat", 60.0, [report(verdict="unconfirmed", errors={}, reference=None)]).text
    assert "unconfirmed" in text and "| none |" in text
    assert text.count("|") == COLUMNS


def test_faults_stand_in_the_row() -> None:
    row = Row("heat", 60.0, [], ["seed 0 ended with code 1: no memory", "seed 1 ended with code 1: no memory"])
    assert not row.complete
    assert "failed: seed 0 ended with code 1: no memory" in row.text and "failed, failed" in row.text
    assert row.text.count("|") == COLUMNS
    some = Row("heat", 60.0, [report()], ["seed 1 ended with code 1: no memory"])
    assert not some.complete and "| pass, failed (seed 1 ended with code 1: no memory) |" in some.text


# ---------------------------------------------------------------- writing


def test_rows_of_other_problems_stay_and_the_order_is_that_of_the_gallery(tmp_path: Path) -> None:
    written({"wave": Row("wave", 60.0, [report()]), "heat": Row("heat", 60.0, [report()])}, (0,), tmp_path)
    table = tmp_path / "validation" / "results.md"
    before = rows(table.read_text())
    assert list(before) == ["heat", "wave"]
    written({"cooling": Row("cooling", 60.0, [report()]), "wave": Row("wave", 60.0, [report(5e-2)])}, (0,), tmp_path)
    after = rows(table.read_text())
    assert list(after) == ["heat", "cooling", "wave"]
    assert after["heat"] == before["heat"] and "5.0e-02" in after["wave"]
    assert {p.name for p in (tmp_path / "docs" / "gallery").iterdir()} == {"heat.png", "cooling.png", "wave.png"}


def test_the_readme_gets_the_table_and_the_example(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(
        "Before.\n<!-- measured: begin -->\nold\n<!-- measured: end -->\nBetween.\n<!-- output: begin -->\nold\n<!-- output: end -->\nAfter.\n"
    )
    written({"heat": Row("heat", 60.0, [report()])}, (0,), tmp_path)
    text = readme.read_text()
    assert "](problems/heat.py)" in text and "Before." in text and "Between." in text and "After." in text
    assert text.count("old") == 1  # the example is that of Burgers
    written({"burgers": Row("burgers", 60.0, [report(printed="verdict  pass  \nfiles")])}, (0,), tmp_path)
    assert "```text\nverdict  pass\nfiles\n```" in readme.read_text()
    assert put("no marks", "measured", "new") == "no marks"


# ---------------------------------------------------------------- the command


@pytest.fixture
def _in_another_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the problem files."""
    monkeypatch.setattr(results, "ROOT", tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def test_one_problem_is_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written({"wave": Row("wave", 60.0, [report()])}, (0,), tmp_path)
    assert main(["poisson", "--budget", "1", "--seeds", "0", "--out", str(tmp_path)]) == 0
    found = rows((tmp_path / "validation" / "results.md").read_text())
    assert list(found) == ["poisson", "wave"]
    assert "of 1 s" in found["poisson"] and found["poisson"].count("|") == COLUMNS
    assert (tmp_path / "docs" / "gallery" / "poisson.png").read_bytes().startswith(b"\x89PNG")
    assert found["poisson"].split("|")[1].strip() in capsys.readouterr().out


def test_a_run_that_is_killed_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results.sys, "executable", "/bin/false")
    row = measured({"heat": 1.0}, (0,), Console(file=io.StringIO()))["heat"]
    assert row.faults == ["seed 0 ended with code 1: nothing"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["heatt"], "there is no problem heatt; possible: heat"),
        (["heat", "--seeds", "one"], "whole numbers with commas"),
    ],
)
def test_wrong_arguments_end_with_two_and_say_what_is_possible(arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--out", str(tmp_path)])
    assert ended.value.code == 2
    assert words in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_row_of_the_methods_table_ends_by_its_cpu_time() -> None:
    line = methods.row("poisson", Adam(rate=1e-2), Settings(network=MLP(width=8, depth=2), points=300), 0.3)
    name, method, error, cpu, wall, steps = (cell.strip() for cell in line.strip("|").split("|"))
    assert (name, method) == ("poisson", "adam")
    assert error.startswith("u ")
    assert 0 < float(error.removeprefix("u ")) < 2
    assert float(cpu) <= 5
    assert float(wall) <= 30
    assert int(steps.replace(",", "")) >= 20
