"""Reading a user's problem file, and telling them where a mistake stands."""

from __future__ import annotations

import linecache
import sys
import traceback
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import module_from_spec
from pathlib import Path
from types import CodeType, ModuleType, TracebackType
from typing import Any, TypeVar

from pinnsolve.errors import ProblemError
from pinnsolve.problem.problem import Problem
from pinnsolve.settings import Settings

Thing = TypeVar("Thing")


@dataclass(frozen=True)
class ProblemFile:
    """What a problem file declares."""

    path: Path
    description: str
    problem: Problem
    settings: Settings

    @property
    def name(self) -> str:
        return self.path.stem


def load(path: Path) -> ProblemFile:
    """Run a problem file and take its problem, and its settings if it has any.

    Raises
    ------
    ProblemError
        If the file is missing, does not run, or holds no problem or several.
    """
    module = _run(path)
    problems = _instances(module, Problem)
    if not problems:
        _check_named(module, "problem", Problem, 'Problem(unknowns="u", ...)')
        raise ProblemError(f"{path} declares no problem", "Write problem = Problem(...) at the top level of the file.")
    if len(problems) > 1:
        raise ProblemError(f"{path} declares {len(problems)} problems: {', '.join(problems)}", "Keep one in a file.")
    settings = _instances(module, Settings)
    if not settings:
        _check_named(module, "settings", Settings, "Settings(budget=20)")
    if len(settings) > 1:
        raise ProblemError(f"{path} declares {len(settings)} settings: {', '.join(settings)}", "Keep one in a file.")
    ((_, problem),) = problems.items()
    return ProblemFile(path, (module.__doc__ or "").strip(), problem, next(iter(settings.values()), Settings()))


def declared(given: Problem | str | Path, settings: Settings | None) -> tuple[Problem, Settings | None]:
    """A problem as it is, or that of a file; a file's settings where there are no others.

    Raises
    ------
    ProblemError
        If it is neither, or the file is at fault; with file and line.
    """
    if settings is not None and not isinstance(settings, Settings):
        raise ProblemError(f"settings={settings!r:.60} are no Settings", "Write settings=Settings(budget=20).")
    if isinstance(given, Problem):
        return given, settings
    if not isinstance(given, str | Path):
        raise ProblemError(
            f"{given!r} is neither a problem nor the path of a problem file",
            'Write solve(problem), or solve("my_problem.py").',
        )
    try:
        file = load(Path(given))
    except ProblemError as error:
        raise ProblemError(told(error, Path(given))).with_traceback(error.__traceback__) from None
    return file.problem, settings or file.settings


class AsItStands(SourceFileLoader):
    """A file that is read each time: what was once compiled passes for it where length and second of writing agree."""

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_data(self.path), self.path)


def _run(path: Path) -> ModuleType:
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        near = sorted(p.name for p in path.parent.glob("*.py")) if path.parent.is_dir() else []
        raise ProblemError(f"the problem file {path} {what}", f"Possible there: {', '.join(near)}" if near else "")
    for folder in (str(path.resolve().parent), str(Path.cwd())):
        if folder not in sys.path:
            sys.path.insert(0, folder)
    name = f"pinnsolve_problem_{path.stem}"
    if path.suffix != ".py":
        raise ProblemError(f"{path} is no Python file", "Its name must end in .py.")
    source = AsItStands(name, str(path.resolve()))
    module = module_from_spec(ModuleSpec(name, source, origin=source.path))
    module.__file__, sys.modules[name] = source.path, module
    try:
        source.exec_module(module)
    except ProblemError:
        raise
    except SyntaxError as error:
        place = (error.filename or str(path), error.lineno or 1)
        raise ProblemError(f"{error.msg}", "Python cannot read this line.", place) from None
    except (Exception, SystemExit) as error:
        raise ProblemError(f"{type(error).__name__}: {error}").with_traceback(error.__traceback__) from None
    return module


def _check_named(module: ModuleType, name: str, kind: type, example: str) -> None:
    """What has our name and is something else would be passed over without a word."""
    value = getattr(module, name, None)
    if not (value is kind or isinstance(value, dict | list | tuple | str | int | float)):
        return  # a module, a function: the user's own affair
    if isinstance(value, dict) and all(isinstance(k, str) and k.isidentifier() for k in value) and value:
        shown = {k: repr(v) if isinstance(v, int | float | str) else "..." for k, v in value.items()}
        example = f"{kind.__name__}({', '.join(f'{k}={v}' for k, v in shown.items())})"
    what = "a class" if isinstance(value, type) else f"a {type(value).__name__}"
    raise ProblemError(f"{name} is {what}, and no {kind.__name__}", f"Write {name} = {example}.")


def _instances(module: ModuleType, kind: type[Thing]) -> dict[str, Thing]:
    """The distinct objects of a kind at the module's top level, by their first name."""
    found: dict[str, Thing] = {}
    for name, value in vars(module).items():
        if isinstance(value, kind) and not any(value is other for other in found.values()):
            found[name] = value
    return found


def told(error: ProblemError, path: Path) -> str:
    """The message for the user: file, line, the line itself, the fault, the remedy."""
    place = error.where or _deepest(error.__traceback__, path)
    if place is None:
        return str(error)
    file, number = place
    shown = path if Path(file).resolve() == path.resolve() else Path(file)
    line = linecache.getline(file, number).strip()
    return "\n".join(
        [f"{shown}, line {number}: {error.fault}"]
        + [f"    {line}"] * bool(line)
        + [f"  {error.remedy}"] * bool(error.remedy)
    )


def in_parts(error: ProblemError, path: Path) -> dict[str, Any]:
    """The same for programs: fault, remedy, file and line (None where it is no line of a file)."""
    file, line = error.where or _deepest(error.__traceback__, path) or (None, None)
    return {"fault": error.fault, "remedy": error.remedy, "file": file, "line": line}


def of_the_user(error: Exception, path: Path) -> ProblemError | None:
    """The error in words, if it arose in the problem file (or in what that called) and not in what the file was called
    by: a network, a method or a reference of the user's own."""
    package = Path(__file__).parent
    files = [Path(f.filename).resolve() for f in traceback.extract_tb(error.__traceback__)]
    ours = [f for f in files if f == path.resolve() or f.is_relative_to(package)]
    if not ours or ours[-1] != path.resolve():
        return None
    return ProblemError(f"{type(error).__name__}: {error}").with_traceback(error.__traceback__)


def _deepest(trace: TracebackType | None, path: Path) -> tuple[str, int] | None:
    """The innermost line of the user's file on the way to the error."""
    own = [f for f in traceback.extract_tb(trace) if Path(f.filename).resolve() == path.resolve()]
    return (own[-1].filename, own[-1].lineno or 1) if own else None
