"""What a training method is: how it starts, and how it makes one step. The loop belongs to `training.loop`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from pinnsolve.algebra.operations import Work, product
from pinnsolve.errors import ProblemError, whole
from pinnsolve.machine.room import UNLIMITED, Room
from pinnsolve.machine.world import ALONE, World
from pinnsolve.residuals.costs import Costs

State = dict[str, Any]


class LeastSquares(Protocol):
    """What a method asks of residuals: values, gradients, and the normal equations, each when it needs them."""

    @property
    def counts(self) -> Mapping[str, int]: ...

    @property
    def size(self) -> int: ...

    @property
    def own(self) -> int: ...

    def loss(self, weights: Mapping[str, float]) -> float: ...

    def loss_and_gradient(self, weights: Mapping[str, float]) -> tuple[float, Tensor]: ...

    def normal_equations(self, weights: Mapping[str, float]) -> tuple[float, Tensor, Tensor]: ...

    def pieces(self, weights: Mapping[str, float]) -> Iterator[tuple[Tensor, Tensor]]: ...

    def rows(self, weights: Mapping[str, float]) -> tuple[Tensor, Tensor]: ...

    def vector(self, weights: Mapping[str, float]) -> Tensor: ...

    def pulled_back(self, weights: Mapping[str, float], vector: Tensor) -> Tensor: ...


class Parametrised(Protocol):
    """Whatever has its trainable parameters, one after the other, as one vector (P,)."""

    @property
    def parameters(self) -> Sequence[Tensor]: ...

    def vector(self) -> Tensor: ...

    def assign(self, vector: Tensor) -> None: ...


@dataclass
class Objective:
    """The sum over all residuals of weight * mean(r^2), still unsquared.

    Parameters
    ----------
    model : Parametrised
        Whose parameters move.
    residuals : LeastSquares
    weights : mapping from name to float
    generator : torch.Generator
        For methods that draw their own points; on the CPU.
    drift : LeastSquares, optional
        Of a steady problem: the unknowns that are paired with its equations, with the names, weights and points of
        these; its rows belong to the first rows of the residuals.
    guess : callable () -> Trial, optional
        The best solution so far, of another network.
    costs : Costs
        Of one evaluation on these points (operations).
    first : float
        The loss that others are relative to, where that is no smaller than the first one: a guess may be good.
    values : callable () -> Tensor, optional
        Where training began at a guess: the unknowns at some places, by their sizes.
    work : Work
        Where operations are counted: each evaluation below by itself, what a method computes besides by the method.
    world : World
        The ranks that share the points. `pieces` are this rank's alone; all else is of all points.
    room : Room
        How much may be held at once.
    """

    model: Parametrised
    residuals: LeastSquares
    weights: Mapping[str, float]
    generator: torch.Generator = field(default_factory=torch.Generator)
    drift: LeastSquares | None = None
    guess: Callable[[], Any] | None = None
    costs: Costs = field(default_factory=Costs)
    first: float = 0.0
    values: Callable[[], Tensor] | None = None
    work: Work = field(default_factory=Work)
    world: World = ALONE
    room: Room = UNLIMITED

    def loss(self) -> float:
        self.work.add(self.costs.values)
        return self.residuals.loss(self.weights)

    def loss_and_gradient(self) -> tuple[float, Tensor]:
        self.work.add(self.costs.gradient)
        return self.residuals.loss_and_gradient(self.weights)

    def normal_equations(self) -> tuple[float, Tensor, Tensor]:
        self.work.add(self.costs.rows + product(self.columns, self.size, self.columns) / 2)
        return self.residuals.normal_equations(self.weights)

    def pieces(self) -> Iterator[tuple[Tensor, Tensor]]:
        """The weighted residual vector and its Jacobian, some rows at a time: those of this rank's points."""
        return self.residuals.pieces(self.weights)

    def rows(self) -> tuple[Tensor, Tensor]:
        self.work.add(self.costs.rows)
        return self.residuals.rows(self.weights)

    @property
    def columns(self) -> int:
        """The number of columns of the Jacobian, P."""
        return sum(p.numel() for p in self.model.parameters)

    @property
    def size(self) -> int:
        """The number of rows of the Jacobian."""
        return self.residuals.size

    @property
    def own(self) -> int:
        """Of these, those of this rank's points."""
        return self.residuals.own

    def total(self, mine: float) -> float:
        """The sum of a number over all ranks."""
        return float(self.world.sum(torch.tensor(mine, dtype=torch.float64)))

    def vector(self) -> Tensor:
        """The weighted residual vector (N,), whose squares sum to the loss, in the order of the rows."""
        self.work.add(self.costs.values)
        return self.residuals.vector(self.weights)

    def pulled_back(self, vector: Tensor) -> Tensor:
        """J^T v (P,) for a vector v (N,), without J."""
        self.work.add(self.costs.gradient)
        return self.residuals.pulled_back(self.weights, vector)


@runtime_checkable
class Counted(Protocol):
    """A method that says beforehand what its next step costs, so that none is begun that does not fit in the budget;
    of any other it is taken to cost what its last one did."""

    def operations(self, objective: Objective, state: State) -> float:
        """Of the next step, counted from shapes, in those of a dense factorisation."""
        ...


@runtime_checkable
class Held(Protocol):
    """A method that says beforehand what its step holds, so that none is begun for which there is no memory.

    Attributes
    ----------
    by_rows : bool
        Whether it makes rows of the Jacobian, and not gradients alone.
    """

    @property
    def by_rows(self) -> bool: ...

    def held(self, rows: int, columns: int, squares: float, room: Room) -> float:
        """Numbers beside what evaluates a Jacobian with so many rows and columns; `squares` is m^2 + n^2 of all weight
        matrices (m, n)."""
        ...


@runtime_checkable
class Method(Protocol):
    """A training method.

    Attributes
    ----------
    name : str
        What the command and the report call it.
    steps : int or None
        After how many steps it ends, whatever the budget.
    cycle : int
        Steps between two looks at the held-out residual, the history and the stopping rules.
    redraws : bool
        Whether its collocation points may change from step to step.
    """

    @property
    def name(self) -> str: ...

    @property
    def steps(self) -> int | None: ...

    @property
    def cycle(self) -> int: ...

    @property
    def redraws(self) -> bool: ...

    def init(self, objective: Objective) -> State:
        """The state before the first step: numbers, strings and tensors alone, so that a checkpoint can hold it."""
        ...

    def step(self, objective: Objective, state: State) -> State:
        """One step: moves the model's parameters and returns the next state, whose "loss" is the loss it found.

        A state with "stuck" set says that the method found no way down, one with "done" that it has come to its end;
        without them it goes on. One that draws points of its own tells under "points" how many it used in each region.
        """
        ...


def begun(method: Method, objective: Objective) -> State:
    """The method's first state, with what a state must have."""
    return _whole(method, "init", _called(method, "init", objective), {"loss": math.nan})


def stepped(method: Method, objective: Objective, state: State) -> State:
    """The state after one step, with what a state must have.

    Raises
    ------
    ProblemError
        If a user's own method raises, or returns no mapping with a number under "loss".
    """
    return _whole(method, "step", _called(method, "step", objective, state), {})


def _called(method: Method, what: str, *given: Any) -> Any:
    if type(method).__module__.split(".")[0] == __name__.split(".")[0]:
        return getattr(method, what)(*given)  # a fault of ours shall not be called the user's
    try:
        return getattr(method, what)(*given)
    except ProblemError:
        raise
    except (Exception, SystemExit) as error:
        raise ProblemError(f"the method '{method.name}' raised {type(error).__name__}: {error}").with_traceback(
            error.__traceback__
        ) from error


def _whole(method: Method, what: str, state: Any, usual: State) -> State:
    if not isinstance(state, Mapping):
        raise ProblemError(
            f"{what} of the method '{method.name}' returned {type(state).__name__}, and no state",
            'Return a dict whose "loss" is the loss that it found: {"loss": loss}.',
        )
    state = {**usual, "stuck": False, "done": False, **state}
    try:
        state["loss"] = float(state["loss"])
    except (KeyError, TypeError, ValueError, RuntimeError):
        found = repr(state["loss"]) if "loss" in state else "missing"
        raise ProblemError(
            f"{what} of the method '{method.name}' returned a state whose \"loss\" is {found}",
            'Return a dict whose "loss" is a number, the loss that it found: {"loss": loss}.',
        ) from None
    return state


def check_method(method: Any, given: Any, known: Mapping[str, Callable[..., Any]]) -> None:
    """Refuse what is no training method, naming what it lacks.

    Raises
    ------
    ProblemError
        If an attribute or a function is missing, or not what it should be.
    """
    lacks = [name for name in ("name", "steps", "cycle", "redraws", "init", "step") if not hasattr(method, name)]
    if isinstance(method, type) or len(lacks) == 6:
        made = method if isinstance(method, type) else known.get(method) if isinstance(method, str) else None
        called = getattr(made, "__name__", "LevenbergMarquardt")
        raise ProblemError(f"method={given!r} is no training method", f"Write method={called}(), or a list of methods.")
    if lacks:
        raise ProblemError(
            f"the method {type(method).__name__} has no {', '.join(lacks)}",
            "A method has a name, steps (or None), cycle (1), redraws (True), init(objective) and "
            "step(objective, state).",
        )
    whole(f"{type(method).__name__}: steps", method.steps)
    if method.cycle is None:
        raise ProblemError(f"{type(method).__name__}: cycle=None is no number of steps", "Write cycle = 1.")
    whole(f"{type(method).__name__}: cycle", method.cycle)
