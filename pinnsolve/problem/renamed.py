"""A user's function under other names of what it asks for: the same equation of another unknown, at another number."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from pinnsolve.problem.binding import arguments


class Renamed:
    """A function whose arguments have other names.

    Parameters
    ----------
    function : callable
        The user's.
    names : mapping from name to name
        What each argument is called here; those that are not in it keep their names.
    label : str
        What its own name goes on with.

    Examples
    --------
    >>> other = Renamed(lambda u, x: u - x, {"u": "u_2"}, "")
    >>> other(u_2=3, x=1), list(arguments(other))
    (2, ['u_2', 'x'])
    """

    def __init__(self, function: Callable[..., Any], names: Mapping[str, str], label: str = "") -> None:
        self.names = {name: names.get(name, name) for name in arguments(function)}
        self.__wrapped__ = function
        self.__name__ = getattr(function, "__name__", "function") + label
        made = inspect.signature(function).parameters.values()
        self.__signature__ = inspect.Signature([p.replace(name=self.names[p.name]) for p in made])

    def __call__(self, **given: Any) -> Any:
        return self.__wrapped__(**{old: given[new] for old, new in self.names.items() if new in given})

    def told(self, text: str) -> str:
        """An expression of the function with the names that its arguments have here."""
        try:
            tree = ast.parse(text, mode="eval")
        except SyntaxError:
            return text
        for node in ast.walk(tree):
            if isinstance(node, ast.Name):
                node.id = self.names.get(node.id, node.id)
        return ast.unparse(tree)


def alike(function: Callable[..., Any], around: Callable[..., Any]) -> Callable[..., Any]:
    """A function that stands inside of another one, under the names that this one's arguments have."""
    return Renamed(function, around.names) if isinstance(around, Renamed) else function
