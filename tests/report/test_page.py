"""The report page: complete, self-contained, and safe against what a problem file says."""

from __future__ import annotations

import base64
import dataclasses
import json
from html.parser import HTMLParser
from pathlib import Path

import pytest
import torch

from pinnsolve import MLP, Box, LevenbergMarquardt, Problem, d, exact, initial, neumann, solve
from pinnsolve.report.page import write_page
from pinnsolve.report.record import Report
from pinnsolve.verdict.compare import compare

EVIL = '<script src="//evil.example/x.js">alert(1)</script><img src=x onerror=alert(1)>'


class Seen(HTMLParser):
    """All tags with their attributes, and all text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def run() -> Report:
    def diffusion(u, x, t, kappa):
        return d(u, t) - kappa * d(u, x, x)

    problem = Problem(
        space=Box(x=(0, 1)), time=(0, 1), unknowns="u", equations=diffusion, parameters={"kappa": 0.25},
        conditions=[initial(u=lambda x: x**2), neumann(u=lambda x: 2 * x)],
        reference=exact(u=lambda x, t: x**2 + 0.5 * t),
    )  # fmt: skip
    small = MLP(width=6, depth=2)
    solution = solve(problem, network=small, method=LevenbergMarquardt(steps=3), points=64, held_out=64)
    comparison = compare(solution, problem.reference(problem))
    return Report(
        "diffusion", "A problem.\n\n    u_t = kappa u_xx", solution, comparison, ["mind the gap"], 2**28, 2**27
    )


def seen(run: Report, folder: Path) -> Seen:
    """The page without its picture, which is fast."""
    write_page(run, folder / "report.html", b"no picture")
    return Seen((folder / "report.html").read_text(encoding="utf-8"))


def test_page_has_everything(run: Report, tmp_path: Path) -> None:
    page = seen(run, tmp_path)
    training, settings = run.training, run.solution.settings
    wanted = [
        "diffusion", run.comparison.verdict.capitalize(), run.comparison.reason[1:], "mind the gap", "exact solution",
        f"{run.comparison.errors['u'].relative_l2:.1e}", f"{run.comparison.errors['u'].max:.1e}", "256 MiB", "128 MiB",
        *training.training, *(f"{v:.1e}" for v in training.held_out.values()), *run.solution.conditions,
        "exact", "weighted", "u_t = kappa u_xx", "kappa", "0.25", settings["method"], settings["network"],
        str(run.solution.parameters_count), run.solution.summary(), "float64", "cpu", torch.__version__,
        str(training.outcome)[1:],
    ]  # fmt: skip
    for part in wanted:
        assert part in page.text, part
    assert {"exact", "weighted"} <= set(run.solution.conditions.values())


def test_page_is_one_file_without_scripts(run: Report, tmp_path: Path) -> None:
    write_page(run, tmp_path / "report.html", b"\x89PNG")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    page = Seen(text)
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]
    assert "http:" not in text
    assert "https:" not in text
    assert "url(" not in text
    assert "@import" not in text
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"script", "link", "iframe", "object", "embed", "base", "form"}
    sources = [a["src"] for _, a in page.tags if "src" in a]
    assert len(sources) == 1
    assert str(sources[0]).startswith("data:image/png;base64,")
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    links = [str(attributes["href"]) for _, attributes in page.tags if "href" in attributes]
    assert len(links) == 2 and all(link.startswith("data:") for link in links), "downloads that the page brings along"
    told = json.loads(base64.b64decode(links[0].partition("base64,")[2]))
    assert told["problem"] == run.name and told["equations"] and told["date"]
    assert ("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}) in page.tags


def test_what_the_user_wrote_is_escaped(run: Report, tmp_path: Path) -> None:
    reference = dataclasses.replace(run.comparison.reference, name=EVIL)  # type: ignore[type-var]
    comparison = dataclasses.replace(run.comparison, reason=EVIL, reference=reference)
    evil = dataclasses.replace(
        run, name=EVIL, description=EVIL, warnings=[EVIL], reference_note=EVIL, comparison=comparison
    )
    page = seen(evil, tmp_path)
    assert not [tag for tag, _ in page.tags if tag == "script"]
    assert len([tag for tag, _ in page.tags if tag == "img"]) == 1
    assert page.text.count(EVIL) >= 6


def test_page_without_reference(run: Report, tmp_path: Path) -> None:
    alone = dataclasses.replace(run, comparison=compare(run.solution, None), reference_note="switched off with None")
    page = seen(alone, tmp_path)
    assert "Unconfirmed" in page.text
    assert "Switched off with None." in page.text
    assert "Not known: there is no reference" in page.text
    assert "diffusion" in page.text


def test_errors_that_are_not_finite_are_said_to_be_so(run: Report, tmp_path: Path) -> None:
    error = dataclasses.replace(run.comparison.errors["u"], relative_l2=float("nan"))
    comparison = dataclasses.replace(run.comparison, verdict="fail", errors={"u": error})
    page = seen(dataclasses.replace(run, comparison=comparison), tmp_path)
    assert "not finite" in page.text
