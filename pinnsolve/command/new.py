"""`python -m pinnsolve new my_problem.py`: a commented problem file that runs as it is."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from pinnsolve.errors import ProblemError, did_you_mean

SUFFIX = ".py.txt"  # no Python files of the package: nothing imports or checks them


def kinds() -> list[str]:
    """What there is a file of."""
    folder = files("pinnsolve.command") / "templates"
    return sorted(p.name.removesuffix(SUFFIX) for p in folder.iterdir() if p.name.endswith(SUFFIX))


def write_new(path: Path, kind: str) -> str:
    """Write the file of a kind; what to say of it.

    Raises
    ------
    ProblemError
        If there is no such kind, the file exists already, or it cannot be written.
    """
    if kind not in kinds():
        raise ProblemError(f"--kind {kind}: there is no such kind of problem", did_you_mean(kind, kinds()))
    if path.suffix != ".py" or not path.stem.isidentifier():
        raise ProblemError(f"'{path.name}' is no name of a problem file", "Write a name like my_problem.py.")
    written: list[Path] = []
    for suffix, text in _parts(kind).items():
        target = path.with_suffix(suffix)
        try:
            with target.open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            _take_back(written)
            raise ProblemError(f"{target} exists already, and is left as it is", "Give another name.") from None
        except OSError as error:
            _take_back(written)
            raise ProblemError(f"{target} cannot be written: {error.strerror}", "Give another place.") from None
        written.append(target)
    files_told = f"{written[0]} is written" if len(written) == 1 else f"{' and '.join(map(str, written))} are written"
    return f"{files_told}; run it by: python -m pinnsolve {path}"


def _parts(kind: str) -> dict[str, str]:
    """The files of a kind by their endings: the problem file, and what it reads (a mesh)."""
    folder, end = files("pinnsolve.command") / "templates", ".txt"
    names = [kind + SUFFIX, *sorted(p.name for p in folder.iterdir() if p.name.startswith(f"{kind}."))]
    return {Path(n.removesuffix(end)).suffix: (folder / n).read_text(encoding="utf-8") for n in names}


def _take_back(written: list[Path]) -> None:
    for path in written:
        path.unlink()
