"""The README is run, so that it stays true."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import pinnsolve
from pinnsolve.__main__ import main, parser
from pinnsolve.command.verbs import VERBS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_the_problem_file_shown_is_the_one_shipped() -> None:
    assert BLOCKS[0] == (ROOT / "problems" / "burgers.py").read_text()


def test_ci_runs_the_command_that_the_readme_tells() -> None:
    command = 'pip install -c constraints.txt -e ".[test]" && python -m pytest\n'
    assert command in README
    assert command in (ROOT / ".ci" / "run").read_text()


def test_the_python_example_runs() -> None:
    example = next(b for b in BLOCKS if "solution = solve(" in b)
    assert "budget=20" in example
    names: dict[str, object] = {}
    exec(example.replace("budget=20", "budget=0.2, points=200"), names)  # the README's own code
    assert names["solution"].parameters_count == 921  # type: ignore[attr-defined]


def test_every_option_of_the_command_that_is_named_exists(capsys: pytest.CaptureFixture[str]) -> None:
    for verb in VERBS:
        with pytest.raises(SystemExit):
            main([verb, "--help"])
    known = set(re.findall(r"--[a-z][a-z-]*", parser().format_help() + capsys.readouterr().out))
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", README))
    assert named <= known, named - known


def test_files_that_are_linked_exist() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", README):
        path, _, section = target.partition("#")
        if not (ROOT / path).exists():
            pytest.fail(f"README links to {target}, which does not exist")
        headings = re.findall(r"^#+ (.+)$", (ROOT / path).read_text(), re.M) if section else []
        assert not section or section in [re.sub(r"[^a-z0-9 -]", "", h.lower()).replace(" ", "-") for h in headings]


def test_the_file_for_assistants_stands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs" / "assistants.md").read_text()
    (source,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (tmp_path / "plate.py").write_text(source)
    assert main([str(tmp_path / "plate.py"), "--check", "--json"]) == 0
    assert '"stands": true' in capsys.readouterr().out


def test_the_page_of_the_package_needs_no_repository() -> None:
    page = (ROOT / "docs" / "package.md").read_text()
    assert all(link.startswith("https://") for link in re.findall(r"\]\(([^)]+)\)", page))
    (source,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    compile(source, "package.md", "exec")


def test_the_version_stands_once() -> None:
    assert f"version: {pinnsolve.__version__}\n" in (ROOT / "CITATION.cff").read_text()
    assert f"## {pinnsolve.__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_the_package_holds_every_file_that_its_code_reads() -> None:
    """Code comes along by itself, all else by the patterns of package-data."""
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    for package in ("pinnsolve", "problems"):
        held = {path for pattern in patterns[package] for path in (ROOT / package).glob(pattern)}
        files = {p for p in (ROOT / package).rglob("*") if p.is_file() and p.suffix not in (".py", ".pyc")}
        assert files == held
