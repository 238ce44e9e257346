"""What is seen while training goes on: a line that moves, or one now and then where nothing can move.

Only who shows it waits for rich to be imported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager as Context
from contextlib import contextmanager, nullcontext
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from pinnsolve.errors import yes_or_no
from pinnsolve.training.history import Look

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

Told = Callable[[Look], None]


def shown(asked: Told | bool | None, budget: float) -> Context[Told | None]:
    """What `solve(progress=...)` means: a callable is told each look, True shows a line, False none; None shows one in
    a notebook and nowhere else."""
    if callable(asked):
        return nullcontext(asked)
    if asked is not None:
        yes_or_no("progress", asked)
    if asked is False or (asked is None and not _in_notebook()):
        return nullcontext(None)
    from rich.console import Console

    return line(Console(highlight=False), budget)


def _in_notebook() -> bool:
    """Whether cells of a notebook are run: IPython is there then, and has a kernel."""
    import sys

    running = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return getattr(running, "kernel", None) is not None


@contextmanager
def line(console: Console, budget: float, every: float = 15.0) -> Iterator[Told]:
    """A live line on a terminal, and in a notebook that can show one; elsewhere a line now and then.

    `every` is the seconds between two of these. Fewer fill logs; with more a run seems to hang. Chosen, not measured.
    """
    from rich.live import Live
    from rich.text import Text

    moves = console.is_terminal or (console.is_jupyter and find_spec("ipywidgets") is not None)
    if not moves:
        console.print(f"training for up to {budget:g} s ...")
        yield _now_and_then(console, budget, every)
        return
    with Live(console=console, refresh_per_second=4, transient=True) as live:
        live.update(Text("training ..."))
        yield lambda look: live.update(_drawn(look, budget))


def _now_and_then(console: Console, budget: float, every: float) -> Told:
    last = 0.0

    def tell(look: Look) -> None:
        nonlocal last
        if look.seconds - last < every or not look.held_out:
            return
        last = look.seconds
        worst = max(look.held_out, key=lambda name: look.held_out[name])
        console.print(
            f"{look.seconds:5.0f} of {budget:g} s, step {look.step} ({look.method}), largest held-out residual: "
            f"{worst} {look.held_out[worst]:.1e}",
            markup=False,
        )

    return tell


def _drawn(look: Look, budget: float) -> RenderableType:
    """Time, step, and each residual on training and on held-out points."""
    from rich.console import Group
    from rich.markup import escape
    from rich.progress_bar import ProgressBar
    from rich.table import Table

    head = Table.grid(padding=(0, 2))
    bar: Any = ProgressBar(total=budget, completed=min(look.seconds, budget), width=24)
    head.add_row(bar, f"{look.seconds:5.1f} / {budget:g} s", f"step {look.step} ({look.method})")
    residuals = Table.grid(padding=(0, 2))
    residuals.add_row("[dim]residual (rms)[/]", "[dim]training[/]", "[dim]held out[/]")
    for name, training in look.training.items():
        residuals.add_row(escape(name), f"{training:.2e}", f"{look.held_out[name]:.2e}")
    return Group(head, residuals)
