"""DeepXDE on PyTorch, each problem with the network, points and optimisers of DeepXDE's own documented example."""

from time import perf_counter

began = perf_counter()

from collections.abc import Callable, Mapping  # noqa: E402
from dataclasses import dataclass, field  # noqa: E402
from math import pi  # noqa: E402
from typing import Any  # noqa: E402

import deepxde as dde  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from deepxde.optimizers import LBFGS_options, set_NNCG_options  # noqa: E402

from benchmarks.workers.measure import Recorder  # noqa: E402

BETWEEN_LOOKS = 100  # of L-BFGS' iterations, in place of the 1,000 after which DeepXDE looks at its loss
NNCG_STEPS = 1000  # as in its example of Burgers' equation, with this rank and damping
RE = 20.0
DECAY = RE / 2 - np.sqrt(RE**2 / 4 + 4 * pi**2)


@dataclass
class Example:
    """What an example of DeepXDE's documentation chooses, on the statement that all packages solve."""

    example: str
    data: Any
    width: int
    depth: int
    initializer: str
    adam: int
    unknowns: tuple[str, ...] = ("u",)
    transform: Callable[[Any, Any], Any] | None = None
    coordinates: tuple[str, ...] = field(default=("x", "t"))


def _everywhere(_: Any, on_boundary: bool) -> bool:
    return on_boundary


def _rod(low: float, high: float) -> Any:
    return dde.geometry.GeometryXTime(dde.geometry.Interval(low, high), dde.geometry.TimeDomain(0, 1))


def _zero_ends(domain: Any, start: Callable[[Any], Any]) -> list[Any]:
    first = dde.icbc.IC(domain, lambda z: start(z[:, 0:1]), lambda _, on_initial: on_initial)
    return [dde.icbc.DirichletBC(domain, lambda z: 0, _everywhere), first]


def heat() -> Example:
    def residual(z: Any, u: Any) -> Any:
        return dde.grad.jacobian(u, z, j=1) - 0.4 * dde.grad.hessian(u, z)

    domain = _rod(0, 1)
    conditions = _zero_ends(domain, lambda x: np.sin(pi * x))
    data = dde.data.TimePDE(domain, residual, conditions, num_domain=2540, num_boundary=80, num_initial=160)
    return Example("heat", data, 20, 3, "Glorot normal", 20_000)


def burgers() -> Example:
    def residual(z: Any, u: Any) -> Any:
        slope = dde.grad.jacobian(u, z, j=0)
        return dde.grad.jacobian(u, z, j=1) + u * slope - 0.01 / pi * dde.grad.hessian(u, z)

    domain = _rod(-1, 1)
    conditions = _zero_ends(domain, lambda x: -np.sin(pi * x))
    data = dde.data.TimePDE(domain, residual, conditions, num_domain=2540, num_boundary=80, num_initial=160)
    return Example("Burgers", data, 20, 3, "Glorot normal", 15_000)


def allen_cahn() -> Example:
    """The example's transform keeps the ends at -1; the statement is periodic, so its conditions stand for that."""

    def residual(z: Any, u: Any) -> Any:
        return dde.grad.jacobian(u, z, j=1) - 1e-4 * dde.grad.hessian(u, z) - 5 * (u - u**3)

    def transform(z: Any, u: Any) -> Any:
        x, t = z[:, 0:1], z[:, 1:2]
        return x**2 * torch.cos(pi * x) + t * (1 - x**2) * u

    data = dde.data.TimePDE(_rod(-1, 1), residual, [], num_domain=8000, num_boundary=400, num_initial=800)
    return Example("Allen_Cahn", data, 20, 3, "Glorot normal", 40_000, transform=transform)


def poisson() -> Example:
    def residual(z: Any, u: Any) -> Any:
        load = 2 * pi**2 * torch.sin(pi * z[:, 0:1]) * torch.sin(pi * z[:, 1:2])
        return -dde.grad.hessian(u, z, i=0, j=0) - dde.grad.hessian(u, z, i=1, j=1) - load

    square = dde.geometry.Rectangle([0, 0], [1, 1])
    edge = dde.icbc.DirichletBC(square, lambda z: 0, _everywhere)
    data = dde.data.PDE(square, residual, edge, num_domain=1200, num_boundary=120)
    return Example("Poisson_Lshape", data, 50, 4, "Glorot uniform", 50_000, coordinates=("x", "y"))


def _navier_stokes(re: float) -> Callable[[Any, Any], list[Any]]:
    def residual(z: Any, w: Any) -> list[Any]:
        u, v = w[:, 0:1], w[:, 1:2]
        u_x, u_y, v_x, v_y = (dde.grad.jacobian(w, z, i=i, j=j) for i in (0, 1) for j in (0, 1))
        spread = [sum(dde.grad.hessian(w, z, component=i, i=j, j=j) for j in (0, 1)) / re for i in (0, 1)]
        push = [dde.grad.jacobian(w, z, i=2, j=j) for j in (0, 1)]
        return [u * u_x + v * u_y + push[0] - spread[0], u * v_x + v * v_y + push[1] - spread[1], u_x + v_y]

    return residual


def _flow(example: str, square: Any, re: float, conditions: list[Any]) -> Example:
    still = dde.icbc.PointSetBC(np.zeros((1, 2)), np.zeros((1, 1)), component=2)
    data = dde.data.PDE(square, _navier_stokes(re), [*conditions, still], num_domain=2601, num_boundary=400)
    return Example(
        example, data, 50, 4, "Glorot normal", 30_000, unknowns=("u", "v", "p"), coordinates=("x", "y")
    )  # fmt: skip


def kovasznay() -> Example:
    square = dde.geometry.Rectangle([-0.5, -0.5], [1, 1.5])

    def u(z: Any) -> Any:
        return 1 - np.exp(DECAY * z[:, 0:1]) * np.cos(2 * pi * z[:, 1:2])

    def v(z: Any) -> Any:
        return DECAY / (2 * pi) * np.exp(DECAY * z[:, 0:1]) * np.sin(2 * pi * z[:, 1:2])

    conditions = [dde.icbc.DirichletBC(square, f, _everywhere, component=k) for k, f in enumerate((u, v))]
    return _flow("Kovasznay_flow", square, RE, conditions)


def cavity() -> Example:
    square = dde.geometry.Rectangle([0, 0], [1, 1])

    def lid(z: Any) -> Any:
        return np.isclose(z[:, 1:2], 1).astype(float)

    along = dde.icbc.DirichletBC(square, lid, _everywhere, component=0)
    across = dde.icbc.DirichletBC(square, lambda z: 0, _everywhere, component=1)
    return _flow("Kovasznay_flow", square, 100.0, [along, across])


EXAMPLES = {f.__name__: f for f in (heat, poisson, burgers, allen_cahn, kovasznay, cavity)}


class Look(dde.callbacks.Callback):
    """Looks at the error after a step, when it is time to, and ends the training at the limit."""

    def __init__(self, recorder: Recorder, predict: Callable[[Mapping[str, Any]], dict[str, Any]]) -> None:
        super().__init__()
        self.recorder, self.predict = recorder, predict

    def on_batch_end(self) -> None:
        self.recorder.look(self.predict)
        self.model.stop_training = self.recorder.over


def main() -> None:
    recorder = Recorder("deepxde", began, ("deepxde", "torch", "numpy"))
    dde.config.set_random_seed(recorder.seed)
    LBFGS_options["iter_per_step"] = BETWEEN_LOOKS
    LBFGS_options["fun_per_step"] = BETWEEN_LOOKS * LBFGS_options["maxfun"] // LBFGS_options["maxiter"]
    chosen = EXAMPLES[recorder.problem]()
    net = dde.nn.FNN([2] + [chosen.width] * chosen.depth + [len(chosen.unknowns)], "tanh", chosen.initializer)
    if chosen.transform is not None:
        net.apply_output_transform(chosen.transform)
    model = dde.Model(chosen.data, net)
    recorder.record["settings"] = _words(chosen)

    def predict(places: Mapping[str, Any]) -> dict[str, Any]:
        found = model.predict(np.stack([places[c] for c in chosen.coordinates], axis=1))
        return {unknown: found[:, k].astype(float) for k, unknown in enumerate(chosen.unknowns)}

    look = Look(recorder, predict)
    model.compile("adam", lr=1e-3)
    _keep_tests_off_the_clock(model, recorder)
    recorder.start()
    model.train(iterations=chosen.adam, callbacks=[look])
    if not recorder.over:
        model.compile("L-BFGS")
        model.train(callbacks=[look])
    if not recorder.over:
        set_NNCG_options(rank=50, mu=1e-1)
        model.compile("NNCG")
        model.train(iterations=NNCG_STEPS, display_every=NNCG_STEPS, callbacks=[look])
    recorder.look(predict, always=True)
    recorder.finish()


def _keep_tests_off_the_clock(model: Any, recorder: Recorder) -> None:
    """What DeepXDE evaluates to display losses is no training."""
    test = model._test

    def timeless(*given: Any, **named: Any) -> None:
        running = recorder.running
        recorder.pause()
        test(*given, **named)
        if running:
            recorder.resume()

    model._test = timeless


def _words(chosen: Example) -> str:
    counts = ", ".join(f"{getattr(chosen.data, f'num_{kind}', 0) or 0:,} {kind}" for kind in ("domain", "boundary"))
    sizes = "-".join(map(str, [2] + [chosen.width] * chosen.depth + [len(chosen.unknowns)]))
    return (
        f"as in its example {chosen.example}: tanh {sizes}, {counts} points, {chosen.adam:,} steps of Adam at 1e-3, "
        "then L-BFGS, then NNCG of rank 50, float32"
    )


if __name__ == "__main__":
    main()
