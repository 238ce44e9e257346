"""Makes docs/from_a_neuron_to_a_pinn.md: its text stands in from_a_neuron_to_a_pinn/text.md, with a blank for every
number, every piece of code and every output; this script runs the code, fills the blanks and draws the figures.

    python docs/from_a_neuron_to_a_pinn.py
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import nn

from pinnsolve import (
    MLP,
    SGD,
    Adam,
    Box,
    Fourier,
    LevenbergMarquardt,
    Problem,
    ProblemError,
    Settings,
    Solution,
    compare,
    d,
    dirichlet,
    exact,
    initial,
    observed,
    solve,
)
from pinnsolve.solve import prepare

PAGE = Path(__file__).with_suffix(".md")
FOLDER = Path(__file__).with_suffix("")
BLANK = re.compile(r"\[\[(\w+)(?::([^\]]+))?\]\]")  # [[name]] or [[name:.2f]]
Facts = dict[str, Any]
BLUE, RED, GREY = "#0072b2", "#d55e00", "0.45"
AND, XOR = (0, 0, 0, 1), (0, 1, 1, 0)
CORNERS = {"a": np.array([-1, -1, 1, 1]), "b": np.array([-1, 1, -1, 1])}

# ------------------------------------------------------------ one neuron, and what it cannot do


def neuron(w=(0.5, -0.3), b=0.2):
    layers = nn.Sequential(nn.Linear(2, 1), nn.Sigmoid()).double()
    with torch.no_grad():
        layers[0].weight[:] = torch.tensor([w])
        layers[0].bias[:] = b
    return layers


def truth_table(outputs):
    a, b = [-1, -1, 1, 1], [-1, 1, -1, 1]  # -1 is false, 1 is true
    data = observed(a=a, b=b, y=outputs)
    return Problem(space=Box(a=(-1, 1), b=(-1, 1)), unknowns="y", conditions=data)


def learned_by_one_neuron(outputs):
    return solve(truth_table(outputs), network=neuron(), method=SGD(rate=0.5, steps=200), weights=1.0)


def learned_with_a_hidden_layer(outputs):
    return solve(truth_table(outputs), network=MLP(width=3, depth=1), method=SGD(rate=0.1, steps=200), weights=1.0)


def one_neuron(folder: Path) -> Facts:
    y = neuron(w=(1.0, 2.0), b=-1.0)(torch.tensor([[1.0, 0.5]], dtype=torch.float64))
    return {"neuron_output": float(y.detach())}


def logic(folder: Path) -> Facts:
    solutions = {
        "AND, one neuron": (AND, learned_by_one_neuron(AND)),
        "XOR, one neuron": (XOR, learned_by_one_neuron(XOR)),
        "XOR, a hidden layer of three": (XOR, learned_with_a_hidden_layer(XOR)),
    }
    figure, axes = panels(3, 3.6)
    facts: Facts = {}
    for ax, name, (title, (truth, solution)) in zip(axes, ("and", "xor", "hidden"), solutions.items(), strict=True):
        outputs = solution.y(**CORNERS)
        facts |= {f"{name}_{k}": float(y) for k, y in enumerate(outputs)}
        _regions(ax, solution, truth)
        ax.set_title(f"{title}\n{',  '.join(f'{y:.2f}' for y in outputs)}", fontsize=10)
    save(figure, folder / "logic.png")
    return facts


def _regions(ax: Axes, solution: Solution, truth: Sequence[int]) -> None:
    """Where the output is above one half, the line between, and the four inputs."""
    fine = np.linspace(-1, 1, 201)
    values = solution.y(a=fine[None, :], b=fine[:, None])
    ax.contourf(fine, fine, values > 0.5, levels=[-0.5, 0.5, 1.5], colors=["#f6dccb", "#cfe3f1"])
    ax.contour(fine, fine, values, levels=[0.5], colors="black", linewidths=1.4)
    for a, b, true in zip(CORNERS["a"], CORNERS["b"], truth, strict=True):
        ax.plot(a, b, "o", ms=11, color=BLUE if true else RED, mec="black", clip_on=False, zorder=3)
    ax.set(xlabel="a", ylabel="b", aspect="equal", xticks=(-1, 1), yticks=(-1, 1))


# ------------------------------------------------------------ activations


def beam(u, x):
    return d(u, x, x) + 1


def beam_by_relu():
    problem = Problem(space=Box(x=(0, 1)), unknowns="u", equations=beam, conditions=dirichlet(u=0))
    return solve(problem, network=MLP(activation="relu"))


def activations(folder: Path) -> Facts:
    z = torch.linspace(-4, 4, 801, dtype=torch.float64, requires_grad=True)
    figure, axes = panels(2, 3.0)
    facts: Facts = {}
    kinds = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu}
    for (name, function), color in zip(kinds.items(), (BLUE, RED, "#009e73"), strict=True):
        y = function(z)
        (slope,) = torch.autograd.grad(y.sum(), z)
        facts[f"slope_{name}"] = float(slope.max())
        for ax, values in zip(axes, (y.detach(), slope), strict=True):
            ax.plot(z.detach(), values, color=color, label=name, lw=1.8)
    for ax, title, top in zip(axes, ("activation", "its slope"), (2.0, 1.1), strict=True):
        ax.set(title=title, xlabel="z", ylim=(-1.1 if title == "activation" else -0.05, top))
        ax.grid(color="0.9")
    axes[0].legend(frameon=False)
    save(figure, folder / "activations.png")
    facts["slope_ten"] = facts["slope_sigmoid"] ** 10
    try:
        beam_by_relu()
    except ProblemError as error:
        facts["relu_refused"] = f"{error.fault}\n  {error.remedy}"
    return facts


# ------------------------------------------------------------ gradient descent and backpropagation

METHODS = {
    "sgd": SGD(rate=0.05, momentum=0.0, steps=600),
    "momentum": SGD(rate=0.05, momentum=0.9, steps=600),
    "adam": Adam(rate=0.01, steps=600),
    "lm": LevenbergMarquardt(steps=30),
}


def sine_by(method):
    x = np.linspace(-1, 1, 40)
    data = observed(x=x, u=np.sin(np.pi * x))
    problem = Problem(space=Box(x=(-1, 1)), unknowns="u", conditions=data)
    return solve(problem, network=MLP(width=16, depth=2), method=method, weights=1.0)


def descent(folder: Path) -> Facts:
    facts: Facts = {}
    figure, (ax,) = panels(1, 3.2)
    names = ("gradient descent", "with momentum 0.9", "Adam", "Levenberg-Marquardt")
    for (key, method), name, color in zip(METHODS.items(), names, (GREY, BLUE, RED, "#009e73"), strict=True):
        training = sine_by(method).training
        assert training is not None
        facts[f"misfit_{key}"] = training.training["u of data x, u"]
        history = training.history
        ax.semilogy([k.step for k in history], [k.loss for k in history], color=color, label=name, lw=1.6)
    ax.set(xlabel="step", ylabel="loss", title="four ways down, from the same weights")
    ax.legend(frameon=False)
    ax.grid(color="0.9")
    save(figure, folder / "descent.png")
    return facts


def slopes_by_hand(w, b, v, c, x, t):
    h = np.tanh(w * x + b)
    y = v * h + c
    dy = 2 * (y - t)  # dL/dy
    dz = dy * v * (1 - h**2)  # dL/dz
    return {"w": dz * x, "b": dz, "v": dy * h, "c": dy}


def slopes_by_backpropagation(w, b, v, c, x, t):
    problem = Problem(space=Box(x=(-1, 1)), unknowns="y", conditions=observed(x=[x], y=[t]))
    network = nn.Sequential(nn.Linear(1, 1), nn.Tanh(), nn.Linear(1, 1))
    loop = prepare(problem, Settings(network=network, weights=1.0)).loop
    loop.state.trial.assign(torch.tensor([w, b, v, c], dtype=torch.float64))
    _, gradient = loop.state.points.training.loss_and_gradient(loop.state.weights)
    return dict(zip("wbvc", gradient.tolist(), strict=True))


def backpropagation(folder: Path) -> Facts:
    numbers = {"w": 0.7, "b": -0.2, "v": 1.5, "c": 0.1, "x": 0.5, "t": 1.0}
    ours, theirs = slopes_by_hand(**numbers), slopes_by_backpropagation(**numbers)
    facts: Facts = {f"hand_{k}": float(s) for k, s in ours.items()} | {f"back_{k}": s for k, s in theirs.items()}
    return facts | {"slopes_apart": float(max(abs(ours[k] - theirs[k]) for k in ours))}


# ------------------------------------------------------------ depth


def counted():
    names = [f"x{k}" for k in range(10)]
    anywhere = {name: [0.5] for name in names}
    problem = Problem(
        space=Box(**dict.fromkeys(names, (0, 1))), unknowns="u", conditions=observed(**anywhere, u=[1.0])
    )  # fmt: skip
    return solve(problem, network=MLP(width=(64, 32)), method=Adam(steps=1))


def depth(folder: Path) -> Facts:
    solution = counted()
    return {"parameters": solution.parameters_count, "summary": solution.summary()}


# ------------------------------------------------------------ overfitting

SETS = 3
WAVY = Fourier(8, 0.7)
CURES = {
    "plain": {},
    "decay": {"method": Adam(rate=0.01, steps=500, decay=0.02)},
    "dropout": {"network": MLP(width=30, depth=2, fourier=WAVY, dropout=0.2)},
    "early": {"validation": 0.25},
}


def noisy(number):
    rng = np.random.default_rng(number)
    x = np.sort(rng.uniform(-1, 1, 30))
    data = observed(x=x, u=np.sin(np.pi * x) + 0.3 * rng.standard_normal(30))
    return Problem(space=Box(x=(-1, 1)), unknowns="u", conditions=data, reference=exact(u=lambda x: np.sin(np.pi * x)))


def fitted(number, cure):
    given = {"network": MLP(width=30, depth=2, fourier=WAVY), "method": Adam(rate=0.01, steps=500), "weights": 1.0}
    return solve(noisy(number), **{**given, **CURES[cure]})


def error_of(solution: Solution) -> float:
    """The relative L2 error against the problem's exact solution."""
    reference = solution.problem.reference
    assert callable(reference)
    (error,) = compare(solution, reference(solution.problem)).errors.values()
    return error.relative_l2


def overfitting(folder: Path, sets: int = SETS) -> Facts:
    solutions = {cure: [fitted(number, cure) for number in range(sets)] for cure in CURES}
    facts = {f"{cure}_{k}": error_of(s) for cure, found in solutions.items() for k, s in enumerate(found)}
    early = solutions["early"][0].training
    assert early is not None
    warning = re.sub(r"(, while|; |[.] )", lambda m: m[0].replace(" ", "\n"), early.warnings[-1])  # short lines
    facts |= {"warning": warning, "kept": early.kept}
    figure, axes = panels(len(CURES), 3.0)
    titles = ("plain", "weight decay", "dropout", "early stopping")
    for ax, title, cure in zip(axes, titles, CURES, strict=True):
        _fit(ax, solutions[cure][0])
        ax.set_title(f"{title}: error {facts[f'{cure}_0']:.2f}", fontsize=10)
    save(figure, folder / "cures.png")
    figure, (ax,) = panels(1, 3.0)
    history, name = early.history, "u of data x, u"
    ax.semilogy([k.step for k in history], [k.training[name] for k in history], color=BLUE, label="training")
    ax.semilogy([k.step for k in history], [k.held_out[name] for k in history], color=RED, label="validation")
    ax.axvline(early.kept, color="black", lw=1, ls="--", label=f"kept: step {early.kept}")
    ax.set(xlabel="step", ylabel="misfit (rms)")
    ax.legend(frameon=False)
    ax.grid(color="0.9")
    save(figure, folder / "curves.png")
    return facts


def _fit(ax: Axes, solution: Solution) -> None:
    fine = np.linspace(-1, 1, 401)
    (data,) = solution.problem.observations
    ax.plot(fine, solution.u(x=fine), color=BLUE, lw=1.8)
    ax.plot(fine, np.sin(np.pi * fine), color="black", lw=1, ls="--")
    ax.plot(data.points.coordinates["x"], data.points.measured["u"], "o", ms=3.5, color=RED)
    ax.set(xlabel="x", ylim=(-2.2, 2.2))


# ------------------------------------------------------------ the first PINN


def decay(u, t):
    return d(u, t) + u


def cooling(equations, conditions):
    return Problem(
        time=(0, 4), unknowns="u", equations=equations, conditions=conditions,
        reference=exact(u=lambda t: np.exp(-t)),
    )  # fmt: skip


def first_pinns():
    t = np.linspace(0, 1, 6)
    data = observed(t=t, u=np.exp(-t) + 0.02 * np.random.default_rng(0).standard_normal(6))
    options = {"network": MLP(width=10, depth=2), "method": LevenbergMarquardt(steps=40), "points": 100}
    return {
        "data": solve(cooling((), data), **options, weights=1.0),
        "pinn": solve(cooling(decay, data), **options, weights=1.0),  # weights: the lambda of the loss
        "start": solve(cooling(decay, initial(u=1)), **options),
    }


def pinn(folder: Path) -> Facts:
    solutions = first_pinns()
    facts = {f"pinn_{name}": error_of(solution) for name, solution in solutions.items()}
    figure, (left, right) = panels(2, 3.2)
    t = np.linspace(0, 4, 401)
    (data,) = solutions["data"].problem.observations
    for name, label, color in (("data", "data alone", GREY), ("pinn", "data and equation", BLUE)):
        left.plot(t, solutions[name].u(t=t), color=color, lw=3, label=label)
    left.plot(t, np.exp(-t), "k--", lw=1, label="exact")
    left.plot(data.points.coordinates["t"], data.points.measured["u"], "o", ms=4.5, color=RED, label="data")
    left.set(xlabel="t", ylabel="u", ylim=(-0.6, 1.3))
    left.legend(frameon=False, fontsize=9)
    for name, label, color in (("pinn", "data and equation", BLUE), ("start", "equation and u(0) = 1", "#009e73")):
        right.semilogy(t, np.abs(solutions[name].u(t=t) - np.exp(-t)) + 1e-12, color=color, label=label)
    right.set(xlabel="t", ylabel="|u - exact|", ylim=(1e-9, 1))
    right.legend(frameon=False, fontsize=9)
    save(figure, folder / "pinn.png")
    return facts


# ------------------------------------------------------------ the page

SECTIONS: list[Callable[[Path], Facts]] = [
    one_neuron, logic, activations, descent, backpropagation, depth, overfitting, pinn,
]  # fmt: skip
SHOWN: list[Callable[..., Any]] = [
    neuron, truth_table, learned_by_one_neuron, learned_with_a_hidden_layer, sine_by, slopes_by_hand,
    slopes_by_backpropagation, counted, noisy, fitted, decay, cooling, first_pinns,
]  # fmt: skip


def panels(count: int, height: float) -> tuple[Figure, list[Axes]]:
    """A figure with panels side by side."""
    figure = Figure(figsize=(11 if count > 1 else 7, height), dpi=100, layout="constrained")
    return figure, list(figure.subplots(1, count, squeeze=False)[0])


def save(figure: Figure, path: Path) -> None:
    figure.savefig(path, metadata={"Software": None})  # no version in it: the same picture is the same file


def filled(text: str, facts: Facts) -> str:
    """The text with every blank filled; a name without a fact is an error."""

    def fill(blank: re.Match[str]) -> str:
        name, spec = blank.groups()
        return format(facts[name], spec or "")

    return BLANK.sub(fill, text)


def code() -> Facts:
    """The source of what the page shows."""
    cures = re.search(r"^WAVY.*?^}$", Path(__file__).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert cures is not None
    shown = {f.__name__: inspect.getsource(f) for f in SHOWN} | {"cures": cures[0]}
    return {f"code_{name}": source.replace("  # fmt: skip", "").rstrip() for name, source in shown.items()}


def main() -> None:
    """Run everything and write the page."""
    facts = code()
    for section in SECTIONS:
        facts |= section(FOLDER)
    PAGE.write_text(filled((FOLDER / "text.md").read_text(encoding="utf-8"), facts), encoding="utf-8")


if __name__ == "__main__":
    main()
