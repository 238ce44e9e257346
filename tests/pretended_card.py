"""A card that is pretended: tensors are on the CPU, and it is kept account of which of them would be on a card.

What is made with the device of the run is on the card, and what comes of it; what is made without a device, or came from
the host, is not. To compute with both is what a card refuses, and so is an index from the host, and a draw there with a
generator of the host.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

CARD = torch.device("cpu:0")  # the CPU by another name
HOST = torch.device("cpu")
# What may see both: copies from one to the other, and what looks at neither's numbers.
MAY = {"copy_", "to", "cpu", "type_as", "__set__", "_has_compatible_shallow_copy_type"}

TOGETHER = {"stack", "cat", "vstack", "hstack", "block_diag"}  # these ask numbers, too, to be at one place


class PretendedCard(TorchFunctionMode):
    """While it is entered, all that would fail on a card is noted.

    Attributes
    ----------
    found : dict from place to what happened there
    """

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._parameter, self._depth = nn.Parameter.__new__, 0

    def __enter__(self) -> Self:
        def made(cls: type, data: Any = None, requires_grad: bool = True) -> Any:  # what it is made of is not asked
            parameter = self._parameter(cls, data, requires_grad)
            put(parameter, where(data) if isinstance(data, Tensor) else None)
            return parameter

        if not self._depth:
            nn.Parameter.__new__ = made  # type: ignore[method-assign, assignment]
        self._depth += 1
        return super().__enter__()

    def __exit__(self, *given: Any) -> None:
        self._depth -= 1
        if not self._depth:
            nn.Parameter.__new__ = self._parameter  # type: ignore[method-assign]
        super().__exit__(*given)

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:  # fmt: skip
        kwargs = kwargs or {}
        name = getattr(func, "__name__", str(func))
        if getattr(func, "__self__", None) is Tensor.device and args:
            return CARD if where(args[0]) == "card" else func(*args, **kwargs)
        given = list(tensors([args, kwargs]))
        if own := next((t for t in types if not issubclass(t, Tensor)), None):  # fields: what they do is seen, too
            with self:
                return own.__torch_function__(func, types, args, kwargs)
        made = func(*args, **kwargs)
        places = {where(t) or "host" for t in given if t.dim() > 0 or where(t) == "card" or name in TOGETHER}
        if len(places) > 1 and name not in MAY:  # a number of the host may meet tensors on the card, not the reverse
            self._note(f"{name} of tensors on the card and on the host")
        if name == "linalg_lstsq" and "card" in places and kwargs.get("driver") not in (None, "gels"):
            self._note(f"{name} on the card by a driver that it does not have")
        if name in ("numpy", "__array__") and "card" in places:
            self._note(f"{name} of a tensor on the card")
        place = self._place(name, args, kwargs, given)
        if place == "card" and kwargs.get("generator") is not None and not given:
            self._note(f"{name} on the card by a generator of the host")
        if made is (args[0] if args else None) and isinstance(made, Tensor) and where(made) != place:
            made = made.view_as(made)  # a copy between devices is another tensor; here it would be the same
        if name == "__set__" and len(given) == 2:  # of .data
            put(given[0], where(given[1]))
        for tensor in tensors(made):
            put(tensor, place)
        return made

    def _place(self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any], given: Sequence[Tensor]) -> str | None:
        asked = kwargs.get("device")
        if name == "to":
            asked = asked or next((a for a in args[1:] if isinstance(a, torch.device | str)), None)
            other = next((a for a in args[1:] if isinstance(a, Tensor)), None)
            if other is not None:
                return where(other)
        if name in ("cpu", "from_numpy"):
            return "host"
        if asked is not None:
            return "card" if torch.device(asked) == CARD else "host"
        if not given:
            return "host"
        if name.startswith("new_") or name.endswith("_like"):
            return where(given[0])
        places = [where(t) for t in given]
        return "card" if "card" in places else "host" if "host" in places else None

    def _note(self, what: str) -> None:
        here = [f for f in traceback.extract_stack() if "/pinnsolve/" in f.filename]
        if here:
            last = here[-1]
            place = f"{last.filename.rpartition('/pinnsolve/')[2]}:{last.lineno}"
            self.found.setdefault(place, f"{what}: {last.line}")


def where(tensor: Tensor) -> str | None:
    """Where a tensor would be; None where that is not known."""
    return getattr(tensor, "_pretended", None)


def put(tensor: Tensor, place: str | None) -> None:
    if place is not None:
        tensor._pretended = place  # type: ignore[attr-defined]


def tensors(values: Any) -> Iterator[Tensor]:
    """All tensors in lists, tuples and dicts."""
    if isinstance(values, Tensor):
        yield values
    elif isinstance(values, list | tuple):
        for value in values:
            yield from tensors(value)
    elif isinstance(values, dict):
        yield from tensors(list(values.values()))
