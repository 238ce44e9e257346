"""`new` writes files that run; `examples` lists the gallery and copies a problem with all that it needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from pinnsolve import compare, solve
from pinnsolve.__main__ import main
from pinnsolve.command.examples import copied, names
from pinnsolve.command.new import kinds
from pinnsolve.problem_file import load

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("kind", kinds())
def test_a_new_file_is_solved_as_it_is(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    assert main(["new", str(path), "--kind", kind]) == 0
    file = load(path)
    solution = solve(file.problem, settings=file.settings, budget=30)
    error = solution.estimate
    if callable(file.problem.reference):
        error = max(e.relative_l2 for e in compare(solution, file.problem.reference(file.problem)).errors.values())
    assert error is not None and error < file.problem.tolerance


def test_what_cannot_be_written_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.py").write_text("my own")
    for given, told in (
        (["mine.py"], "exists already"), (["other.py", "--kind", "od"], "did you mean 'ode'"),
        (["my-own.py"], "no name of a problem file"), (["nowhere/mine.py"], "cannot be written"),
    ):  # fmt: skip
        assert main(["new", str(tmp_path / given[0]), *given[1:]]) == 2
        assert told in capsys.readouterr().err
    assert (tmp_path / "mine.py").read_text() == "my own"


@pytest.mark.parametrize("name", names())
def test_a_copied_problem_needs_nothing_else(name: str, tmp_path: Path) -> None:
    """With neither a clone nor installed `validation` at hand; the statement is read, not solved."""
    files = copied(name, tmp_path)
    assert files[0] == Path(f"{name}.py")
    text = (tmp_path / f"{name}.py").read_text()
    modules = {p for p in files if p.parts[0] == "validation"}
    assert bool(modules) == ("from validation" in text)
    assert (Path("data") in [p.parent for p in files]) == ("data/" in text or '/ "data"' in text)
    for module in modules:
        source = (tmp_path / module).read_text()
        inside = [line.split()[1].split(".")[1] for line in source.splitlines() if line.startswith("from validation.")]
        assert all(Path("validation", f"{m}.py") in modules for m in inside)


def test_the_gallery_is_listed_and_copied_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["examples"]) == 0 and "burgers" in capsys.readouterr().out
    assert main(["examples", "wav"]) == 2 and "did you mean 'wave'" in capsys.readouterr().err
    assert main(["examples", "heat"]) == main(["examples", "heat"]) == 0, "the same files may be copied again"
    (tmp_path / "heat.py").write_text("my own")
    assert main(["examples", "heat"]) == 2 and "another file" in capsys.readouterr().err


def test_a_file_of_the_gallery_runs_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([str(ROOT / "problems" / "heat.py"), "--check"]) == 0
