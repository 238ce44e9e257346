"""How a problem is to be solved: everything with a default, nothing global."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, Literal, get_args

import torch
from torch import nn

from pinnsolve.calls import worded_class
from pinnsolve.errors import ProblemError, did_you_mean, is_number, positive, whole
from pinnsolve.geometry.cube import SAMPLERS, Sampler
from pinnsolve.geometry.sampling import Redraw
from pinnsolve.machine.device import usable_device
from pinnsolve.machine.room import Room, read
from pinnsolve.methods import (
    FIRST_ORDER,
    OWN_POINTS,
    Enriching,
    LevenbergMarquardt,
    Marching,
    Method,
    Newton,
    Vanishing,
)
from pinnsolve.methods.by_name import METHODS, described_method, named_methods
from pinnsolve.methods.protocol import check_method
from pinnsolve.networks import MLP, LocalFeatures, Network, RandomFeatures
from pinnsolve.networks.described import described_network
from pinnsolve.networks.dropout import drops
from pinnsolve.networks.hidden_layer import HIDDEN
from pinnsolve.problem.path import columns_of

DTYPES = {"float64": torch.float64, "float32": torch.float32}
Balance = Literal["balanced"]
# Random features, round after round. More rounds: later, at a lower error. `validation.features`, "counts".
FEATURES = (50, 100, 200, 400, 800, 1600)
# Their kinds. Fewer: the range that is needed may be missing, up to five decades. More: longer rounds ("kinds"). The
# last is for many periods along one coordinate: y'' + y = 0 over ten takes 1 s in place of 60 (tests/test_training.py).
# In two coordinates it is not tried: 1600 features would not cover it.
LAYERS = (
    ("sine", (2.0, 4.0)), ("sine", (1.0, 2.0)), ("sine", (4.0, 8.0)), ("sine", (8.0, 16.0)), ("tanh", (0.5, 2.0)),
    ("sine", (16.0, 64.0)),
)  # fmt: skip
# Collocation points of trained networks. Larger: slower steps. Smaller: they alone are fitted. Chosen, not measured.
POINTS = 4000


@dataclass(frozen=True)
class Stage:
    """A network and the method that trains it."""

    network: Network | LocalFeatures | nn.Module
    method: Method

    def sharing(self, activation: str) -> Stage:
        """The same, where it has cells, with such a hidden layer."""
        cells = self.network
        if not isinstance(cells, LocalFeatures):
            return self
        return replace(self, network=replace(cells, activation=activation))


AUTOMATIC = (
    *(Stage(RandomFeatures(count, scale, layer), Newton()) for count in FEATURES for layer, scale in LAYERS),
    *(
        stage
        # degrees in space and time, a step's tolerance in that of the problem, and the least of it:
        # `python -m validation.marched`
        for degree, stages, share, least in ((11, 5, 1e-2, 1e-5), (13, 7, 1e-3, 1e-7), (13, 7, 1e-5, 1e-11))
        for stage in (
            Stage(LocalFeatures(degree=degree, stages=stages), Marching(share=share, least=least)),
            Stage(LocalFeatures(degree=degree + 2, stages=stages + 2), Enriching(share=share, least=least)),
        )
    ),
    Stage(LocalFeatures(degree=17, stages=11), Enriching()),  # once more, where that will do
    Stage(LocalFeatures(degree=9, stages=3), Vanishing()),  # fronts are no wider than what was added
    Stage(MLP(), LevenbergMarquardt()),
)


@worded_class
@dataclass(frozen=True, kw_only=True)
class Settings:
    """How to solve a problem.

    Parameters
    ----------
    method : Method, name, or sequence of them, optional
        A name is one of the command's, "lm", "adam", ..., or several, "adam,lm"; it stands for that method as it is.
        A sequence runs one after the other; each but the last ends by its own `steps`, or with its share of the budget
        (in operations).
        Without method and network the choice is automatic: Marching over cells where these fit, Newton's method on
        random features, more and more of them while that pays (`pinnsolve.training.strategy`), then Levenberg-Marquardt
        on all weights of an MLP. Otherwise it is Newton's method for random features, Marching for local ones, and
        Levenberg-Marquardt for any other network.
    network : MLP, RandomFeatures, LocalFeatures or nn.Module, optional
        An MLP, or what Newton's method or Marching go with, unless the choice is automatic.
    cells : "legendre", "sine" or "tanh"
        The hidden layer that cells share, where the choice is automatic: Legendre polynomials, or random features along
        a line and in a plane. With a network it is said there: `LocalFeatures(activation="sine")`.
    budget : float
        Seconds of training. A step that does not fit in what is left of them is not begun; which steps these are is
        chosen by counted operations, so that a loaded machine makes fewer, never others.
    points : int, optional
        Collocation points inside the domain; by default 4,000, and for random features as many as make twice as many
        equations as there are trained numbers.
    condition_points : int
        Points on each region where conditions are weighted residuals.
    held_out : int
        Points inside the domain that training never sees.
    validation : float, optional
        The share of every set of measurements that training never sees; what is kept is the network that fits those
        best (early stopping). By default zero, and a fifth in an automatic fit to data alone of unknown noise.
    sampler : "sobol", "latin" or "uniform"
    redraw : Redraw or None
        None keeps the first points.
    weights : "balanced", float, or mapping from residual name to float
        A number is the lambda of L = L_data + lambda ||N(u)||^2: it multiplies the equations, conditions keep one.
        "balanced" gives every residual the same sensitivity to the weights of the network at the start.
    seed : int
    device : str
    dtype : torch.dtype
        torch.float64 or torch.float32, or their names, "float32".
    memory : str, optional
        What training may take, each process by itself, in words: "2 GB"; on a GPU that of the GPU. Rows are folded
        and points evaluated in chunks that fit, and as many cells are made as there is room for. What cannot be done in
        it is refused before it is begun; without it what is larger than all of the machine's memory.
    checkpoint_every : float
        Seconds between two checkpoints.
    continuation : mapping from parameter to numbers, optional
        The problem is solved for these values, one after the other, each solution the guess of the next; the last one
        is wanted, whatever the problem says: `{"Re": (100, 400, 1000)}`. Several parameters move together.
    """

    method: Method | str | Sequence[Method | str] | None = None
    network: Network | LocalFeatures | nn.Module | None = None
    cells: str = "legendre"
    budget: float = 60.0
    points: int | None = None
    condition_points: int = 400
    held_out: int = 2000
    validation: float | None = None
    sampler: Sampler = "sobol"
    redraw: Redraw | None = field(default_factory=Redraw)
    weights: float | Mapping[str, float] | Balance = "balanced"
    seed: int = 0
    device: str = "cpu"
    dtype: torch.dtype = torch.float64
    memory: str | None = None
    checkpoint_every: float = 5.0
    continuation: Mapping[str, Sequence[float]] | None = None

    def __post_init__(self) -> None:
        for name in ("points", "condition_points", "held_out"):
            whole(f"Settings: {name}", getattr(self, name))
        positive("Settings: budget", self.budget)
        positive("Settings: checkpoint_every", self.checkpoint_every)
        self._check_redraw_and_device()
        if self.validation is not None and not (is_number(self.validation) and 0 <= self.validation < 1):
            raise ProblemError(f"Settings: validation={self.validation!r} is no share", "Write validation=0.2.")
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or self.seed < 0:
            raise ProblemError(f"Settings: seed={self.seed!r} is no whole number from zero up", "Write seed=0.")
        if not isinstance(self.sampler, str) or self.sampler not in SAMPLERS:
            raise ProblemError(f"there is no sampler '{self.sampler}'", did_you_mean(str(self.sampler), SAMPLERS))
        object.__setattr__(self, "dtype", DTYPES.get(str(self.dtype), self.dtype))
        if not isinstance(self.dtype, torch.dtype) or self.dtype not in DTYPES.values():
            raise ProblemError(f"dtype={self.dtype!r} is not supported", f"Possible: {', '.join(DTYPES)}.")
        object.__setattr__(self, "method", named_methods(self.method))
        for method in self.methods or (None,):
            check_method(method, self.method, METHODS)
        if self.network is not None and not isinstance(self.network, Network | LocalFeatures | nn.Module):
            raise ProblemError(f"network={self.network!r} is no network", "Write network=MLP(), or pass an nn.Module.")
        local = {isinstance(m, Marching) for m in self.methods}
        if sum(isinstance(m, Marching) for m in self.methods) > 1:
            raise ProblemError("Marching stands twice in a sequence", "Write one Marching, with the lower bound.")
        if len(local) > 1 or (self.network is not None and local != {isinstance(self.network, LocalFeatures)}):
            raise ProblemError(
                f"method={self.method!r} does not go with network={self.network!r}",
                "LocalFeatures are trained by Marching alone, and Marching trains nothing else.",
            )
        if self.continuation is not None:
            object.__setattr__(self, "continuation", columns_of(self.continuation))
        self.room  # noqa: B018  (which refuses what is no memory)
        self._check_cells(local)
        self._check_dropout()
        self._check_weights()
        self._check_unread()
        usable_device(self.device)

    def _check_redraw_and_device(self) -> None:
        if not isinstance(self.redraw, Redraw | None):
            raise ProblemError(
                f"Settings: redraw={self.redraw!r:.60} says nothing",
                "Write Redraw(every=5), or None for no new points.",
            )
        if not isinstance(self.device, str | torch.device):
            raise ProblemError(f"Settings: device={self.device!r:.60} is no name", 'Write device="cpu".')

    @property
    def automatic(self) -> bool:
        return self.method is None and self.network is None

    @cached_property
    def room(self) -> Room:
        """What each thing that is held at once may take of the memory."""
        return Room.of(read("memory", self.memory), self.device)

    @property
    def methods(self) -> tuple[Method, ...]:
        if self.method is None:
            if isinstance(self.network, LocalFeatures):
                return (Marching(),)
            return (Newton() if isinstance(self.network, RandomFeatures) else LevenbergMarquardt(),)
        several = isinstance(self.method, Sequence) and not isinstance(self.method, str)
        return tuple(self.method) if several else (self.method,)  # type: ignore[return-value, arg-type]

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """What is trained by what, one after the other; a network in several stages goes on from its weights."""
        if self.automatic:
            return tuple(stage.sharing(self.cells) for stage in AUTOMATIC)
        network = self.network
        if network is None and all(isinstance(m, Marching) for m in self.methods):
            network = LocalFeatures(activation=self.cells)
        elif network is None:
            network = RandomFeatures() if all(isinstance(m, Newton) for m in self.methods) else MLP()
        return tuple(Stage(network, method) for method in self.methods)

    def _check_cells(self, local: set[bool]) -> None:
        if not isinstance(self.cells, str) or self.cells not in HIDDEN:
            raise ProblemError(
                f"Settings: there is no layer cells={self.cells!r}", did_you_mean(str(self.cells), HIDDEN)
            )
        if self.cells != "legendre" and not (self.network is None and (self.automatic or local == {True})):
            raise ProblemError(
                f"Settings: cells={self.cells!r} does nothing beside a method or network that is asked for",
                f"Leave method and network out, or write network=LocalFeatures(activation={self.cells!r}).",
            )

    def _check_dropout(self) -> None:
        for method in self.methods:
            if drops(self.network) and not isinstance(method, FIRST_ORDER):
                raise ProblemError(
                    f"dropout does not go with {type(method).__name__}: it compares losses of one function, and each "
                    "mask makes another one",
                    "Write method=Adam() (or SGD, SOAP), or a network without dropout.",
                )

    def _check_weights(self) -> None:
        given: list[Any] = list(self.weights.values()) if isinstance(self.weights, Mapping) else [self.weights]
        if isinstance(self.weights, str) and self.weights in get_args(Balance):
            return
        for weight in given:
            positive("Settings: weights", weight)

    def unread(self, method: Method) -> list[str]:
        """What was set and a method does not read; what is at its default was not set."""
        usual = {f.name: f.default for f in fields(self)}
        cells = ("points", "condition_points", "sampler", "validation", "weights")
        own = cells if isinstance(method, OWN_POINTS) else ()
        found = [name for name in own if getattr(self, name) != usual[name]]
        return found + ["redraw"] * (self.redraw not in (None, Redraw()) and not method.redraws)

    def _check_unread(self) -> None:
        """Refuse what was set and none of these methods reads; what is chosen later warns."""
        if self.automatic:
            return
        for name in self.unread(self.methods[0]):
            if all(name in self.unread(m) for m in self.methods):
                names = ", ".join(dict.fromkeys(type(m).__name__ for m in self.methods))
                why = "which solves each cell on points of its own"
                why = "whose points stay as they were drawn" if name == "redraw" else why
                raise ProblemError(
                    f"Settings: {name}={getattr(self, name)!r} does nothing with {names}, {why}",
                    f"Leave {name} out, or write method=LevenbergMarquardt() (or Adam, SSBroyden, ...), network=MLP().",
                )

    def described(self) -> dict[str, Any]:
        """What decides the bits of a run, as plain values: a checkpoint is compared by it."""
        redraw = None if self.redraw is None else repr(self.redraw)
        weights = dict(self.weights) if isinstance(self.weights, Mapping) else self.weights
        asked = {n: value for n in ("memory", "continuation") if (value := getattr(self, n)) is not None}
        asked |= {"cells": self.cells} if self.cells != "legendre" else {}
        return {
            "method": "automatic" if self.automatic else ", ".join(map(described_method, self.methods)),
            "network": "automatic" if self.automatic else described_network(self.stages[0].network),
            "points": self.points,
            "condition_points": self.condition_points, "held_out": self.held_out, "sampler": self.sampler,
            "validation": self.validation,
            "redraw": redraw, "weights": str(weights), "seed": self.seed, "device": self.device,
            "dtype": str(self.dtype).removeprefix("torch."), **asked,
        }  # fmt: skip
