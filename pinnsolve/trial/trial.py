"""The trial function: a network, wrapped so that declared conditions hold exactly."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from pinnsolve.checks.divergence import count as potentials_count
from pinnsolve.checks.parts_apart import Scaling, scaling
from pinnsolve.errors import ProblemError
from pinnsolve.geometry.across import ACROSS, BEYOND
from pinnsolve.geometry.materials import Parts
from pinnsolve.geometry.points import Points
from pinnsolve.jets.jet import Chart, Jet
from pinnsolve.jets.nested import network_by_autograd
from pinnsolve.jets.settled import settled
from pinnsolve.jets.tape import Tape
from pinnsolve.networks.dropout import adopted
from pinnsolve.networks.frozen import frozen, layers, told
from pinnsolve.networks.inputs import Inputs
from pinnsolve.networks.mlp import MLP, Network
from pinnsolve.networks.random_features import RandomFeatures, fitted
from pinnsolve.problem.binding import Fields
from pinnsolve.problem.problem import Problem
from pinnsolve.trial import flow, own_module
from pinnsolve.trial.apart import chosen, labels
from pinnsolve.trial.constants import Constants
from pinnsolve.trial.elsewhere import elsewhere_of
from pinnsolve.trial.exact import Plan, held
from pinnsolve.trial.functions import Functions
from pinnsolve.trial.lift import lift

# Points at once, where one network follows another. Larger: more memory. Smaller: more calls. Chosen, not measured.
FOLLOWED = 256
# Derivatives of frozen features that come with a row of the Jacobian. Larger: fewer points at once, less memory, more
# calls. Chosen, not measured.
TABLES = 16


@dataclass(frozen=True)
class Prepared:
    """Points with all that does not change in training: coordinates, the network's input, g and phi; their part of
    space, and on an interface the one beyond."""

    points: Points
    chart: Chart
    at: dict[str, Jet]
    inputs: Any
    lifts: dict[str, tuple[Jet, Jet] | None]
    flows: Sequence[tuple[dict[str, Jet], Jet | None]]
    functions: Mapping[str, Any] = field(default_factory=dict)
    label: Tensor | None = None
    label_beyond: Tensor | None = None
    inputs_beyond: Any = None


class Trial:
    """The unknowns of a problem as functions of its coordinates and of a network's weights.

    Parameters
    ----------
    problem : Problem
    network : Network or nn.Module
        A description such as `MLP()`, or the user's own module, from (N, D) inputs to one column for each unknown.
        A module is copied, never changed.
    made : Plan
        Which conditions are built in.
    generator : torch.Generator
        The only source of randomness.

    Raises
    ------
    ProblemError
        If a module does not take the inputs, return one column for each unknown, or treat points one by one.
    """

    balances = True  # whether weights can be balanced by its Jacobian
    complete = True  # whether it stands for a solution on the whole domain already
    doubt = 1.0  # its error over its distance from cells that are less rich
    fluxes: Mapping[str, Sequence[float]] = {}  # places along a coordinate where it goes on by fluxes, not by slopes
    missing = kind = ""  # if it does not: what is not solved; of which features its parameters are
    several: Parts | None = None  # of space, each with an output layer of its own
    scaling: Scaling | None = None  # how equations are weighed in the parts of space that materials make
    constants = Constants({}, torch.float64, torch.device("cpu"))
    functions = Functions()
    elsewhere = cached_property(elsewhere_of)  # how it is known at other points, for integrals

    def __init__(
        self, problem: Problem, network: Network | nn.Module, made: Plan, generator: torch.Generator,
        dtype: torch.dtype = torch.float64, device: torch.device | str = "cpu",
    ) -> None:  # fmt: skip
        if isinstance(network, nn.Module):  # what the user's own returns is the unknown, in its own units
            made = replace(made, sizes={})
        self.problem, self.plan, self.dtype, self.device = problem, made, dtype, torch.device(device)
        self.constants = Constants(problem.constants, dtype, self.device)
        linear = isinstance(network, RandomFeatures)
        self.potentials = potentials_count(problem)
        self.outputs = self.potentials * len(made.flows) + len(made.exact)
        self.several = None if isinstance(network, nn.Module) else problem.parts
        self.scaling = None if self.several is None else scaling(problem)
        columns = self.outputs * (1 if self.several is None else self.several.count)  # an output layer for each part
        self.written: dict[str, Any]
        periods = tuple(p.coordinate for p in problem.periodic)
        if isinstance(network, nn.Module):  # the user's own sees the coordinates, and what periods ask for
            self.inputs = Inputs(problem.domain, periods, None, generator)
            module = adopted(copy.deepcopy(network)).eval()
        elif isinstance(network, RandomFeatures):
            cores = () if self.several is None else self.several.cores
            self.inputs = Inputs(problem.domain, periods, None, generator, (), made.planes, around=True, cores=cores)
            around = self.inputs.places(made.corners)
            module = network.build(self.inputs.count, columns, generator, around, self.inputs.seen(network.count))
        else:
            self.inputs = Inputs(problem.domain, periods, network.fourier, generator, made.corners, made.planes)
            module = network.build(self.inputs.count, columns, generator)
        self.description = type(network).__name__ if isinstance(network, nn.Module) else repr(network)
        known = isinstance(network, MLP | RandomFeatures)
        self.written = {"kind": type(network).__name__, **asdict(network)} if known else {"kind": "own"}  # type: ignore[call-overload]
        self.written["dtype"] = str(dtype).removeprefix("torch.")
        self.network = module.to(device=self.device, dtype=dtype)
        self.trained = [p for p in self.network.parameters() if p.requires_grad]  # a module looks for them at each call
        self.inputs.to(self.device)
        if not known:
            own_module.check(self.network, self.inputs, self.columns_names, self.some_points())
        self.takes_jets = known or own_module.takes_jets(self.network, self.inputs, self.outputs, self.some_points())
        self.frozen = frozen(self.network) if self.takes_jets else 0
        self.functions = Functions.drawn(problem, made.functions, made.sizes, linear, generator, dtype, self.device)

    @property
    def columns_names(self) -> list[str]:
        """What each column of the network is."""
        axes = [""] if self.potentials == 1 else self.problem.space_coordinates
        kind = "stream function" if self.potentials == 1 else "vector potential"
        potentials = [f"{kind} of {', '.join(f.components)} {x}".rstrip() for f in self.plan.flows for x in axes]
        return potentials + list(self.plan.exact)

    @property
    def parameters(self) -> list[nn.Parameter]:
        """Of the network, of the unknown functions, and the unknown constants at the end."""
        return self.trained + self.functions.parameters + self.constants.parameters

    @property
    def parameters_count(self) -> int:
        return sum(p.numel() for p in self.parameters)

    def vector(self) -> Tensor:
        """All trainable parameters as one vector (P,), a copy."""
        return torch.cat([p.detach().reshape(-1) for p in self.parameters])

    @torch.no_grad()
    def assign(self, vector: Tensor) -> None:
        """Set all trainable parameters from a vector (P,)."""
        start = 0
        for p in self.parameters:
            p.copy_(vector[start : start + p.numel()].view_as(p))
            start += p.numel()

    @torch.no_grad()
    def follow(self, other: Trial, points: Points) -> None:
        """Random features: take the parameters that come closest to another trial function's network on points."""
        cut = [points[begin : begin + FOLLOWED] for begin in range(0, len(points), FOLLOWED)]
        found = fitted(((self.prepare(part).inputs.value, other.output(part)) for part in cut), len(points))
        if found is not None:
            own, theirs = self.prepare(points), other.prepare(points)
            functions = self.functions.follow(own.functions, other.functions, theirs.functions)
            self.assign(torch.cat([found, *functions, *(p.detach() for p in other.constants.parameters)]))

    @property
    def width(self) -> int:
        """Numbers in one row of the Jacobian that are not zero."""
        return self.parameters_count

    @property
    def row_size(self) -> int:
        """Numbers that one row of the Jacobian takes; where layers are frozen, with derivatives of the features."""
        return self.width * (TABLES if self.frozen else 1)

    def tensors(self) -> dict[str, Tensor]:
        """All numbers that `restore` needs, by name."""
        found = {f"network.{n}": v.detach().cpu().contiguous() for n, v in self.network.state_dict().items()}
        if self.inputs.frequencies is not None:
            found["inputs.frequencies"] = self.inputs.frequencies.cpu()
        found |= {f"functions.{n}": v for n, v in self.functions.tensors().items()}
        return found | {f"constants.{n}": raw.detach().cpu() for n, raw in self.constants.raw.items()}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Take over the numbers of a saved trial function.

        Raises
        ------
        ProblemError
            If their names or shapes are not this network's.
        """

        def part(kind: str) -> dict[str, Tensor]:
            return {n.removeprefix(f"{kind}."): v for n, v in tensors.items() if n.startswith(f"{kind}.")}

        try:
            self.network.load_state_dict(part("network"))
            self.functions.restore(part("functions"))
        except RuntimeError as error:
            fault = f"the saved weights do not fit the network: {error}"
            raise ProblemError(fault, "Pass a module of the same shape.") from None
        for name, value in part("constants").items():
            self.constants.raw[name].data.copy_(value)
        if "inputs.frequencies" in tensors:
            self.inputs.frequencies = tensors["inputs.frequencies"].to(self.device)

    def layers(self) -> list[tuple[str, str, int]]:
        """One row for each layer: name, what it is, and its number of parameters."""
        return told(self.network)

    def held(self) -> dict[str, str]:
        """By the names of all conditions: how they hold."""
        return held(self.problem, self.plan)

    # ------------------------------------------------------------ evaluation

    def prepare(self, points: Points) -> Prepared:
        """Everything on these points that training does not change."""
        points = points.to(self.dtype, self.device)
        chart, at = points.chart()
        problem, plan, chart.carries = self.problem, self.plan, self.takes_jets
        lifts = {u: lift(problem, ends, points, at) for u, ends in plan.exact.items()}
        flows = [(flow.given(problem, f, points, at), flow.vanishing(problem, f, at)) for f in plan.flows]
        here, beyond = labels(self.several, points)
        seen, functions = self._seen(chart, at, here), self.functions.seen(at, points)
        other = None if beyond is None else self._seen(chart, at, beyond)
        return Prepared(points, chart, at, seen, lifts, flows, functions, here, beyond, other)

    def reached(self, coordinates: Mapping[str, Tensor]) -> Tensor | None:
        """Where it stands for a solution already, (N,) of bools; None for everywhere."""
        return None

    def _seen(self, chart: Chart, at: Mapping[str, Jet], label: Tensor | None) -> Any:
        """What the network makes its columns of: its inputs, or what its frozen first layers make of them.

        A jet remembers what it has computed, so frozen layers are evaluated once on any points.
        """
        if not self.frozen:
            return self.inputs(at, label)
        return settled(lambda: layers(self.network, 0, self.frozen)(self.inputs(at, label)))

    def tape(self, prepared: Prepared) -> Any:
        """What listens to one evaluation and makes rows of the Jacobian; None where there is no structure to use."""
        return Tape(self.parameters) if self.takes_jets else None

    def unknowns(self, prepared: Prepared, beyond: bool = False) -> dict[str, Jet]:
        """The unknowns as fields: u = offset + scale * network, g + phi * scale * network where values are exact, and
        g + curl(phi * scale * network) where they are solenoidal; on an interface those of one side or the other."""
        if beyond and prepared.label_beyond is not None:
            prepared = replace(prepared, inputs=prepared.inputs_beyond, label=prepared.label_beyond)
        columns = chosen(self.columns(prepared), self.outputs, prepared.label)
        fields: dict[str, Jet] = {}
        for made, lifted in zip(self.plan.flows, prepared.flows, strict=True):
            scales = flow.scales(self.problem, made, self.plan.size)
            potentials = [a * scale for a, scale in zip(columns, scales, strict=False)]
            fields |= flow.velocity(self.problem, lifted, potentials, prepared.at)
            columns = columns[self.potentials :]
        for column, (name, lift_of) in zip(columns, prepared.lifts.items(), strict=True):
            mine = column * (about := self.plan.size(name)).scale
            fields[name] = mine + about.offset if lift_of is None else lift_of[0] + lift_of[1] * mine
        chart, names = prepared.chart, frozenset(prepared.chart.names)
        own = [(u, fields[u]) for u in self.problem.unknowns]
        return {u: Jet(chart, f.partial, (chart.size,), names, sums=f.sums) for u, f in own}

    def bare(self, prepared: Prepared) -> dict[str, Jet]:
        """The unknowns without g and phi: what the network alone can do."""
        nothing = [(dict.fromkeys(start, prepared.chart.numbers(0.0)), None) for start, _ in prepared.flows]
        return self.unknowns(replace(prepared, lifts=dict.fromkeys(prepared.lifts), flows=nothing))

    def fields(self, prepared: Prepared, unknowns: Mapping[str, Jet] | None = None) -> Fields:
        """All that equations and conditions may ask for; other unknowns in place of its own, where they are given."""
        own = dict(self.unknowns(prepared) if unknowns is None else unknowns)
        found = self.constants.fields(prepared.chart) | self.functions.fields(prepared.functions, own)
        if ACROSS in prepared.points.measured:
            own |= {BEYOND + u: jet for u, jet in self.unknowns(prepared, beyond=True).items()}
        return self.problem.fields(prepared.chart, prepared.at, own, prepared.points, found, self.elsewhere)

    def output(self, points: Points) -> Tensor:
        """What the network puts out at these points, (N, outputs)."""
        return torch.stack([column.value for column in self.columns(self.prepare(points))], 1)

    def columns(self, prepared: Prepared) -> list[Jet]:
        if not self.takes_jets:
            return network_by_autograd(prepared.chart, self._forward, prepared.at)
        out = (layers(self.network, self.frozen, None) if self.frozen else self.network)(prepared.inputs)
        return [out[:, k] for k in range(out.shape[1])]

    def _forward(self, at: Mapping[str, Tensor]) -> Tensor:
        return self.network(self.inputs(at))

    def some_points(self) -> Points:
        """A few points, no two alike in any coordinate."""
        return own_module.some_points(self.problem.domain, self.dtype, self.device)
