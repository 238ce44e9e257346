"""`python -m pinnsolve examples [NAME]`: the gallery, and one problem of it copied with all that it needs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from pinnsolve.errors import ProblemError, did_you_mean

ROOT = Path(__file__).resolve().parents[2]  # of a clone, or where packages are installed: both hold the two folders
PROBLEMS, REFERENCES = ROOT / "problems", ROOT / "validation"


def names() -> list[str]:
    """The problems of the gallery.

    Raises
    ------
    ProblemError
        If they were not installed.
    """
    found = sorted(p.stem for p in PROBLEMS.glob("*.py") if p.stem != "__init__")
    if not found:
        raise ProblemError("the gallery is not installed here", "Install pinnsolve from its wheel or from a clone.")
    return found


def listed() -> list[tuple[str, str]]:
    """Each problem with the first line that is said of it."""
    return [(n, (ast.get_docstring(_parsed(PROBLEMS / f"{n}.py")) or "").split("\n")[0]) for n in names()]


def copied(name: str, folder: Path) -> list[Path]:
    """Copy a problem with its reference and data; the files that were written, as seen from the folder.

    Raises
    ------
    ProblemError
        If there is no such problem, a file of another content is there already, or one cannot be written.
    """
    name = name.removesuffix(".py")
    if name not in names():
        raise ProblemError(f"the gallery has no problem '{name}'", did_you_mean(name, names()))
    source = PROBLEMS / f"{name}.py"
    wanted = {Path(source.name): source} | {p.relative_to(PROBLEMS): p for p in _data(source)}
    wanted |= {Path("validation") / p.relative_to(REFERENCES): p for p in _needed(source)}
    differ = [str(to) for to, of in wanted.items() if _other(folder / to, of)]
    if differ:
        raise ProblemError(f"{', '.join(differ)} exists already, and is another file", "Copy into an empty folder.")
    for to, of in wanted.items():
        try:
            (folder / to).parent.mkdir(parents=True, exist_ok=True)
            (folder / to).write_bytes(of.read_bytes())
        except OSError as error:
            raise ProblemError(f"{to} cannot be written: {error.strerror}", "Copy into another folder.") from None
    return sorted(wanted, key=lambda p: (len(p.parts), p))


def _other(path: Path, source: Path) -> bool:
    return path.exists() and (not path.is_file() or path.read_bytes() != source.read_bytes())


def _data(source: Path) -> set[Path]:
    """The files of `problems/data` that a file names, with their folder or without."""
    told = {n.value for n in ast.walk(_parsed(source)) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    return {p for p in (PROBLEMS / "data").iterdir() if p.is_file() and {p.name, f"data/{p.name}"} & told}


def _needed(source: Path) -> set[Path]:
    """The files of `validation` that a file imports, and those that these import."""
    found: set[Path] = set()
    waiting = [source]
    while waiting:
        for path in _imported(waiting.pop()):
            if path not in found:
                found.add(path)
                waiting.append(path)
    return found


def _imported(source: Path) -> Iterator[Path]:
    for node in ast.walk(_parsed(source)):
        modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            modules = [node.module, *(f"{node.module}.{a.name}" for a in node.names)]
        for module in modules:
            top, *rest = module.split(".")
            at = REFERENCES.joinpath(*rest)
            if top == "validation":
                yield from (p for p in (at.with_suffix(".py"), at / "__init__.py") if p.is_file())


def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))
