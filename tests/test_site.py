"""The pages of docs/ are true: their code runs, their links lead somewhere, and the site is built of them strictly."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

import pinnsolve
from pinnsolve.__main__ import main

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
RUN = ["coming_from", "dimensions", "extending", "index", "inverse", "shapes", "verdict"]
BLOCK = re.compile(r"(<!-- not run: .*? -->\n)?```python\n(.*?)```", re.DOTALL)
NOTEBOOKS = sorted((DOCS / "notebooks").glob("*.ipynb"))


def text(page: str) -> str:
    return (DOCS / f"{page}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", RUN)
def test_the_code_of_a_page_runs(page: str) -> None:
    """One block after the other, as a reader would type them; code of other packages is compiled alone."""
    names: dict[str, object] = {}
    for other, code in BLOCK.findall(text(page)):
        compiled = compile(code, f"{page}.md", "exec")
        if not other:
            with warnings.catch_warnings():
                how_well = "ignore" if page == "extending" else "error"  # a method of one's own is shown, not praised
                warnings.simplefilter(how_well, pinnsolve.NotConverged)
                exec(compiled, names)


def test_the_first_ten_minutes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new", "my_problem.py"]) == 0
    assert main(["my_problem.py", "--check"]) == 0
    page, told = text("ten_minutes"), capsys.readouterr().out
    (shown,) = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    assert shown in told and "the problem can be solved as it stands" in told
    losing, in_python = (code for _, code in BLOCK.findall(page))
    written = Path("my_problem.py").read_text()
    changed = re.sub(r"def heat\(.*?\n\n", losing + "\n", written, flags=re.DOTALL).replace(
        '{"k": 0.3}', '{"k": 0.3, "h": 2.0}'
    )
    slips = {
        changed.replace(', "h": 2.0', ""): "equation 'heat' asks for 'h', which does not exist",
        re.sub(r"\n +neumann.*", "", changed): "T has no condition on the face x=0, although the equations hold T_xx",
        written.replace("- k * d", "+ k * d"): "time runs the wrong way in 'heat' for T",
        written.replace("cos(pi * x / 2)),", "1 + cos(pi * x / 2)),"): "initial T and dirichlet T on face(x=1) contradict each other at x=1, t=0: jump 1",
    }  # fmt: skip
    for slip, words in slips.items():
        Path("slip.py").write_text(slip)
        main(["slip.py", "--check"])
        out = capsys.readouterr()
        assert words in page and words in " ".join((out.out + out.err).split())
    Path("my_problem.py").write_text(changed)
    monkeypatch.setattr("pinnsolve.Solution.report", lambda solution, folder: None)  # drawn in tests/report
    exec(in_python, {})
    assert "verdict" not in capsys.readouterr().err


def test_links_lead_to_files() -> None:
    pages = [ROOT / "CONTRIBUTING.md", *DOCS.glob("*.md")]
    links = re.compile(r"\]\(([\w./-]+)(?:#[\w-]+)?\)")
    missing = [(p.name, link) for p in pages for link in links.findall(p.read_text()) if not (p.parent / link).exists()]
    assert not missing


def test_the_api_page_has_every_public_name() -> None:
    told = re.findall(r"^::: ([\w.]+)$", text("api"), re.MULTILINE)
    assert sorted(name.rpartition(".")[2] for name in told) == sorted(pinnsolve.__all__)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebooks_are_kept_without_outputs(path: Path) -> None:
    """They are run when the site is built (docs/site/notebooks.py)."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert code and all(not cell["outputs"] and cell["execution_count"] is None for cell in code)
    for cell in code:
        compile("".join(cell["source"]), path.name, "exec")


def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    """Which is the check of all links and anchors, too."""
    if any(importlib.util.find_spec(name) is None for name in ("mkdocs", "material", "mkdocstrings", "nbclient")):
        pytest.skip('the site needs what pip install -e ".[docs]" brings')
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=False, env=os.environ | {"NOTEBOOKS": "skip"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "<math" in (tmp_path / "verdict.html").read_text()
    assert "cole_hopf" in (tmp_path / "repository/problems/burgers.py.html").read_text()
    assert (tmp_path / "notebooks/first_steps.html").exists()
    api = (tmp_path / "api.html").read_text()
    assert "doc-function" in api and "doc-module" not in api, "a module of that name stands in place of a function"
