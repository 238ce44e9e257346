"""A problem as its user wrote it: the expressions of its functions, from their source."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pinnsolve.problem.binding import arguments
from pinnsolve.problem.equation import Equation, What
from pinnsolve.problem.mixed import Mixed
from pinnsolve.problem.renamed import Renamed

LEFT: dict[What, str] = {"value": "{u}", "rate": "d({u}, {t})", "normal derivative": "d({u}, n)"}
Function = ast.FunctionDef | ast.Lambda


def expression(function: Callable[..., Any]) -> str:
    """What a function returns, as it stands in its source; its name and arguments where that cannot be read.

    >>> from pinnsolve import d
    >>> expression(lambda u, x: 2 * d(u, x)  - 1)
    '2 * d(u, x) - 1'
    """
    if isinstance(function, Renamed):
        return function.told(expression(function.__wrapped__))
    if isinstance(function, Mixed):
        return expression(function.__wrapped__)
    code = getattr(function, "__code__", None)
    called = getattr(function, "__name__", type(function).__name__)
    if code is None:
        return called
    source = "".join(linecache.getlines(code.co_filename))
    node = _node(source, code)
    told = _returned(source, node) if node is not None else ""
    return told or f"{called.replace('<lambda>', 'a function of ')}({', '.join(arguments(function))})"


def _node(source: str, code: Any) -> Function | None:
    """The function of this code in the tree of its file; of several lambdas on a line, the one around it."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return None
    found: list[Function] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name:
            begins = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            found += [node] * (begins == code.co_firstlineno)
        elif isinstance(node, ast.Lambda) and code.co_name == "<lambda>" and node.lineno == code.co_firstlineno:
            found += [node] * ([a.arg for a in node.args.args] == list(code.co_varnames[: code.co_argcount]))
    places = {(line, column) for line, _, column, _ in code.co_positions() if line and column}
    within = [n for n in found if isinstance(n, ast.FunctionDef) or all(_holds(n.body, p) for p in places)]
    return within[0] if within else None


def _holds(node: ast.expr, place: tuple[int, int]) -> bool:
    return (node.lineno, node.col_offset) <= place <= (node.end_lineno or 0, node.end_col_offset or 0)


def _returned(source: str, node: Function) -> str:
    """The expression that is returned, and what stands before it; empty where there is more than assignments."""
    if isinstance(node, ast.Lambda):
        return _segment(source, node.body)
    said = [s for s in node.body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
    *before, last = said or [node.body[-1]]
    if not isinstance(last, ast.Return) or last.value is None or not all(isinstance(s, ast.Assign) for s in before):
        return ""
    where = f", where {', '.join(_segment(source, s) for s in before)}" * bool(before)
    return _segment(source, last.value) + where


def _segment(source: str, node: ast.AST) -> str:
    """A part of the source in one line, without comments."""
    text = ast.get_source_segment(source, node) or ast.unparse(node)
    return ast.unparse(node) if "#" in text or "\n" in text else " ".join(text.split())


def equation_text(equation: Equation, time: str | None = None) -> str:
    """An equation or a condition as one reads it: "d(u, t) - nu * d(u, x, x) = 0", "u = sin(pi * x)"."""
    function, prescribes = equation.function, equation.prescribes
    if written := getattr(function, "written", ""):
        return str(written)
    if prescribes is None or (function is not None and prescribes.unknown in arguments(function)):
        if function is None:
            return equation.name
        told, _, where = expression(function).partition(", where ")
        return f"{told} = 0" + f", where {where}" * bool(where)
    left = LEFT[prescribes.what].format(u=prescribes.unknown, t=time)
    right = expression(function) if function is not None else f"{prescribes.number:.6g}"
    return f"{left} = {right}"


def lines(entries: Iterable[tuple[str, str]]) -> list[str]:
    """Names and what they are in two columns."""
    entries = list(entries)
    width = max((len(name) for name, _ in entries), default=0)
    return [f"  {name:<{width}}  {told}" for name, told in entries]


def problem_text(
    over: str, unknowns: Sequence[str], equations: Mapping[str, str], conditions: Mapping[str, str],
    others: Mapping[str, str],
) -> str:  # fmt: skip
    """A whole problem: what is sought and where, its equations, its conditions, and all else."""
    told = [f"Problem for {', '.join(unknowns)} over {over}"]
    for title, entries in (("equations", equations), ("conditions", conditions)):
        told += [f"{title}:", *lines(entries.items())] if entries else []
    return "\n".join([*told, *(f"{name}: {what}" for name, what in others.items())])
