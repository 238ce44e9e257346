"""What must hold of the code as a whole."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "pinnsolve"
# The tower: a room may import from rooms above it in this list, and from itself.
TOWER = [
    "errors", "calls", "algebra", "machine", "data", "jets", "geometry", "reference", "problem", "checks", "networks", "trial",
    "residuals", "integrated", "inverse", "cells", "march", "steady", "line", "methods", "settings", "problem_file", "training", "showing", "solution", "classical", "verdict", "modes", "continuation", "solve", "overview", "ensembles", "report",
    "command", "__main__",
]  # fmt: skip
RANK = {name: rank for rank, name in enumerate(TOWER)}
FILES = sorted(PACKAGE.rglob("*.py"))


def part(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0].removesuffix(".py")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def nodes(path: Path) -> list[ast.AST]:
    """Everything in a file, gone through once for all tests."""
    return list(ast.walk(tree(path)))


def imported(path: Path) -> set[str]:
    """The parts of pinnsolve that a file imports, at its top or later."""
    found = set()
    for node in nodes(path):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pinnsolve."):
            found.add(str(node.module).split(".")[1])
    return found


@pytest.mark.parametrize("room", TOWER)
def test_imports_point_up(room: str) -> None:
    for path in FILES:
        if part(path) == room and path != PACKAGE / "__init__.py":
            for name in imported(path):
                assert RANK[name] <= RANK[room], f"{path.name} imports {name}, which stands below it"


def module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def files_imported(path: Path, known: set[str]) -> set[str]:
    """The files of the package that a file imports: at its top, later, or for types alone."""
    found: set[str] = set()
    for node in nodes(path):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            inside = [f"{node.module}.{a.name}" for a in node.names]
            names = [name if name in known else str(node.module) for name in inside]
        found |= {name for name in names if name in known}
    return found


def test_no_two_files_import_each_other() -> None:
    """There is no circle in the graph of imports; what is left when files without imports are taken away, again and
    again, is one."""
    known = {module(p) for p in FILES}
    left = {module(p): files_imported(p, known) for p in FILES}
    while free := [name for name, needs in left.items() if not needs & left.keys()]:
        for name in free:
            del left[name]
    assert not left, f"in or above a circle: {sorted(left)}"


@pytest.mark.parametrize("room", TOWER)
def test_files_and_functions_fit_in_the_head(room: str) -> None:
    for path in (p for p in FILES if part(p) == room):
        text = path.read_text()
        assert len(text.splitlines()) <= 300, path
        for node in nodes(path):
            if isinstance(node, ast.FunctionDef):
                body = (node.end_lineno or 0) - node.body[0].lineno
                doc = ast.get_docstring(node)
                assert body - len((doc or "").splitlines()) <= 50, f"{path}: {node.name}"


def test_networks_know_no_problem() -> None:
    for path in (PACKAGE / "networks").glob("*.py"):
        assert imported(path) <= {"errors", "calls", "algebra", "jets", "geometry", "networks"}, path


def test_only_one_file_names_time_and_only_geometry_reads_the_bounds_of_a_box() -> None:
    for path in FILES:
        for node in nodes(path):
            if isinstance(node, ast.Constant) and node.value == "t":
                assert path == PACKAGE / "data" / "axes.py", f"{path}, line {node.lineno}"
            if isinstance(node, ast.Attribute) and node.attr == "bounds" and part(path) != "geometry":
                assert path == PACKAGE / "problem" / "unknown.py", f"{path}, line {node.lineno}"  # those of a constant


def has_numbers(node: ast.expr) -> bool:
    """Whether an expression is a number, computes with numbers, or is a tuple that holds some."""
    inside: list[ast.expr] = []
    if isinstance(node, ast.Tuple):
        inside = node.elts
    elif isinstance(node, ast.UnaryOp):
        inside = [node.operand]
    elif isinstance(node, ast.BinOp):
        inside = [node.left, node.right]
    return (isinstance(node, ast.Constant) and isinstance(node.value, int | float)) or any(map(has_numbers, inside))


def constants(path: Path) -> list[tuple[str, int]]:
    """The names in capitals at the top of a file that stand for numbers, and their lines."""
    found = []
    for node in tree(path).body:
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            continue
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            names = target.elts if isinstance(target, ast.Tuple) else [target]
            together = isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
            values = node.value.elts if together and isinstance(node.value, ast.Tuple) else [node.value] * len(names)
            pairs = [(n.id, v) for n, v in zip(names, values, strict=True) if isinstance(n, ast.Name)]
            found += [(name, node.lineno) for name, value in pairs if name.isupper() and has_numbers(value)]
    return found


def test_numbers_that_decide_are_few_and_each_says_what_it_trades() -> None:
    """What belongs to one class or one room is a record with documented fields; the rest stands alone, with its why."""
    found = [(path, *constant) for path in FILES for constant in constants(path)]
    assert 0 < len(found) < 60, f"{len(found)} constants: {[name for _, name, _ in found]}"
    for path, name, line in found:
        lines = path.read_text().splitlines()
        assert "  # " in lines[line - 1] or lines[line - 2].startswith("# "), f"{path}: {name} does not say why"


def python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stderr == ""
    return done.stdout


def test_import_and_a_check_are_silent_change_nothing_and_load_nothing_that_only_some_runs_need() -> None:
    """In one process; functions are not hidden by the modules of their name."""
    code = """
import random, sys, warnings, numpy, torch
before = (torch.get_default_dtype(), torch.get_num_threads(), torch.is_grad_enabled(), list(warnings.filters),
          random.getstate(), str(numpy.random.get_state()), torch.get_rng_state().tolist(), numpy.get_printoptions())
import pinnsolve
from pinnsolve import *
after = (torch.get_default_dtype(), torch.get_num_threads(), torch.is_grad_enabled(), list(warnings.filters),
         random.getstate(), str(numpy.random.get_state()), torch.get_rng_state().tolist(), numpy.get_printoptions())
names = ["default dtype", "threads", "grad", "filters", "random", "numpy random", "torch random", "print options"]
changed = [n for n, a, b in zip(names, before, after) if a != b]
assert not changed, changed
late = ["scipy.optimize", "scipy.integrate", "matplotlib", "meshio", "rich", "jinja2"]
loaded = [name for name in late if name in sys.modules]
assert not loaded, loaded

import pinnsolve.command.run
from pinnsolve import compare, ensemble, solve
assert all(map(callable, (solve, compare, ensemble)))
from pinnsolve.__main__ import main
main(["problems/heat.py", "--check"])
late = ["scipy.optimize", "scipy.integrate", "matplotlib", "meshio", "jinja2", "sympy"]
print(*[name for name in late if name in sys.modules])
"""
    assert python(code).splitlines()[-1] == ""


def test_importing_the_package_does_not_wait_for_torch() -> None:
    assert python("import sys, pinnsolve; print('torch' in sys.modules)") == "False\n"


def test_references_in_validation_know_nothing_of_the_network() -> None:
    runners = {
        "__init__",
        "__main__",
        "automatic",
        "results",
        "never_false_pass",
        "starved",
        "methods",
        "estimates",
        "features",
        "calibration",
        "cases",
        "wanted",
        "blind",
        "poorer",
        "browser",
        "marched",
        "shocks",
        "spreading",
        "carried",
        "smoothing",
        "stability_planes",
        "hidden_layers",
        "spaces",
        "spaces_in_time",
        "unknowns",
        "stability_shapes",
        "stability_spaces",
    }  # which run the network; all others are references
    references = [path for path in sorted((ROOT / "validation").glob("*.py")) if path.stem not in runners]
    assert len(references) >= 20
    for path in references:
        for node in nodes(path):
            modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                modules = [str(node.module)]
                if str(node.module).startswith("pinnsolve"):
                    assert {a.name for a in node.names} == {"Reference"}, path
            assert not any(m.split(".")[0] in ("torch", "problems") for m in modules), path
