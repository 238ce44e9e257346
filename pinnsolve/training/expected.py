"""What a run is expected to hold in memory, and what is refused before it begins because there is none for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from pinnsolve.algebra.operations import LARGEST
from pinnsolve.errors import ProblemError
from pinnsolve.machine.room import SHARES, Room, in_words
from pinnsolve.methods.protocol import Held, Method
from pinnsolve.methods.soap import sides
from pinnsolve.networks import RandomFeatures
from pinnsolve.residuals import Site
from pinnsolve.residuals.chunks import RULES as AT_ONCE
from pinnsolve.residuals.chunks import Chunks
from pinnsolve.settings import POINTS, Settings
from pinnsolve.trial.of_cells import OfCells
from pinnsolve.trial.trial import Trial


@dataclass(frozen=True)
class Rules:
    """What is counted beside the matrices of a method. Measured by `python -m benchmarks.memory`.

    Parameters
    ----------
    passes : float
        Times the numbers that are evaluated at once: their derivatives, the rows, and what is needed on the way.
    point : int
        Numbers of a point and of each of its residuals, that stay whatever is prepared.
    neuron : float
        Numbers of each neuron at a point where a network is evaluated with second derivatives and their gradients (an
        MLP 1400 wide at 400 points: 36 to 60).
    """

    passes: float = 4.0
    point: int = 10
    neuron: float = 50.0


RULES = Rules()


def expected(trial: Trial, places: Sequence[Site], method: Method, settings: Settings) -> float:
    """Bytes that a process with nothing but this run in it has at its peak, as far as shapes tell."""
    if isinstance(trial, OfCells):
        cells = settings.room.cells
        return _base(settings) + (cells if cells is not None else SHARES.least)
    return _with(trial.parameters_count, trial, places, method, settings)


def _base(settings: Settings) -> float:
    """Bytes that an empty process takes."""
    return SHARES.base if settings.device == "cpu" else 0.0


def _with(columns: int, trial: Trial, places: Sequence[Site], method: Method, settings: Settings) -> float:
    """Bytes of a network of so many trained numbers."""
    room, rows, points = settings.room, 0, 0
    for count, site in zip(_points(places, settings, columns, method), places, strict=True):
        rows, points = rows + count * len(site.terms), points + count
    about = Chunks.numbers * len(trial.problem.coordinates) * len(trial.problem.unknowns)
    stays = min(room.prepared, 8.0 * points * about) + 8.0 * (points * RULES.point + rows)
    fewest = (
        AT_ONCE.least if isinstance(method, Held) and method.by_rows else AT_ONCE.fewest
    )  # weights are balanced by rows
    at_once, less = RULES.passes * max(room.entries, fewest * columns), columns / max(1, trial.parameters_count)
    if not trial.frozen:
        seen = min(points, max(AT_ONCE.least, room.wide / max(columns, 1) ** 0.5))
        at_once = max(at_once, RULES.neuron * seen * less**0.5 * _neurons(trial))
    # with fewer trained numbers matrices are smaller, too
    numbers = method.held(rows, columns, less * _squares(trial), room) if isinstance(method, Held) else 0.0
    return _base(settings) + stays + 8.0 * (at_once + numbers)


def _neurons(trial: Trial) -> int:
    """Outputs of all layers."""
    return sum(p.shape[0] for p in trial.parameters if p.dim() == 2)


def _squares(trial: Trial) -> float:
    """m^2 + n^2 of all weight matrices (m, n)."""
    return float(sum(n**2 for p in trial.parameters for n in sides(p.shape)))


def _points(places: Sequence[Site], settings: Settings, columns: int, method: Method) -> list[int]:
    """How many points there are in each region, as `training.collocation` draws them."""
    inside = settings.points or (POINTS if method.redraws else 2 * columns)
    elsewhere = settings.condition_points if method.redraws else max(settings.condition_points, inside // 4)
    return [
        len(site.points) if site.points is not None else inside if site.name == "interior" else elsewhere
        for site in places
    ]


def check_memory(trial: Trial, places: Sequence[Site], settings: Settings) -> None:
    """Refuse a method whose matrices do not fit.

    Raises
    ------
    ProblemError
        Which says what it takes, and what would fit.
    """
    most, columns = settings.room.most, trial.parameters_count
    for method in settings.methods:
        needs = partial(_with, trial=trial, places=places, method=method, settings=settings)
        if not isinstance(method, Held) or (needed := needs(columns)) <= most:
            continue
        asked = f"memory is {settings.memory}" if settings.memory is not None else f"this machine has {in_words(most)}"
        raise ProblemError(
            f"{type(method).__name__} on {columns:,} trained numbers takes about {in_words(needed)}, and {asked}",
            f"{_fitting(trial, settings, _largest(needs, most, columns))}, or write memory={_above(needed)!r} on a "
            f"machine that has it{_other(method)}.",
        )


def _fitting(trial: Trial, settings: Settings, fits: int) -> str:
    """What would fit, as it is written."""
    if fits < 1:
        return "Its points alone take more: write fewer of them (points=...)"
    network = settings.stages[0].network
    if isinstance(network, RandomFeatures):
        return f"RandomFeatures({max(1, fits * network.count // trial.parameters_count)}) would fit"
    return f"A network of {fits:,} trained numbers would fit"


def _other(method: Method) -> str:
    if method.name == "soap":
        return "; or method=Adam(), which keeps no matrices beside them"
    if method.name in ("lm", "ssbroyden"):
        return "; or method=SPRING() or SOAP(), which keep no matrix over all of them"
    return ""


def _above(needed: float) -> str:
    """A round number of bytes above what is needed."""
    unit = 1e9 if needed >= 1e9 else 1e8
    return in_words(unit * (int(needed / unit) + 1))


def _largest(needs: Callable[[int], float], most: float, columns: int) -> int:
    """The most trained numbers that fit into so many bytes, to two digits; zero for none."""
    low, high = 0, columns
    while high - low > max(1, low // 100):
        middle = (low + high) // 2
        low, high = (middle, high) if needs(middle) <= most else (low, middle)
    return low


def most_features(room: Room) -> int:
    """Trained numbers of random features that an automatic run goes up to: two triangles, and as much besides."""
    if room.limit is None:
        return LARGEST
    return min(LARGEST, int((room.front / 2) ** 0.5))
