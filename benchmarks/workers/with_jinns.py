"""jinns with natural gradient and float64, each problem with the settings of jinns' own notebooks."""

from time import perf_counter

began = perf_counter()

import io  # noqa: E402
from collections.abc import Mapping  # noqa: E402
from contextlib import redirect_stdout  # noqa: E402
from dataclasses import dataclass  # noqa: E402
from typing import Any  # noqa: E402

import equinox as eqx  # noqa: E402
import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import jinns  # noqa: E402
import numpy as np  # noqa: E402
from jinns.loss import PDENonStatio, PDEStatio, laplacian_rev  # noqa: E402
from jinns.validation import AbstractValidationModule  # noqa: E402

from benchmarks.workers.measure import Recorder  # noqa: E402

jax.config.update("jax_enable_x64", True)
KEY = 2  # of the notebooks; seeds count up from it
RE = 20.0
DECAY = RE / 2 - np.sqrt(RE**2 / 4 + 4 * np.pi**2)


@dataclass
class Notebook:
    """What a notebook chooses, on the statement that all packages solve."""

    name: str
    data: Any
    widths: tuple[int, ...]
    dynamic: Any
    boundary: Any
    parameters: dict[str, Any]
    steps: int
    start: Any = None
    observed: Any = None
    unknowns: tuple[str, ...] = ("u",)


class Heat(PDENonStatio):
    def equation(self, t_x: Any, u: Any, params: Any) -> Any:
        rate = jax.grad(lambda at: u(at, params).squeeze())(t_x)[0:1]
        return rate - params.eq_params.alpha * laplacian_rev(t_x, u, params, eq_type="PDENonStatio")


class Poisson(PDEStatio):
    def equation(self, x: Any, u: Any, params: Any) -> Any:
        spread = laplacian_rev(x, u, params, eq_type="PDEStatio")
        return jnp.atleast_1d(-spread - 2 * jnp.pi**2 * jnp.prod(jnp.sin(jnp.pi * x)))


class Kovasznay(PDEStatio):
    def equation(self, x: Any, u: Any, params: Any) -> Any:
        flow = lambda at: u(at, params)  # noqa: E731 (as jinns' own losses are written)
        w, first = flow(x), jax.jacfwd(flow)(x)
        second = jax.jacfwd(jax.jacfwd(flow))(x)
        carried = first[:2] @ w[:2] + first[2] - jnp.trace(second[:2], axis1=1, axis2=2) / params.eq_params.Re
        return jnp.concatenate([carried, (first[0, 0] + first[1, 1])[None]])


class Inflow(jinns.loss.BoundaryConditionAbstract):
    """Kovasznay's velocity on the whole edge."""

    def equation_u(self, inputs: Any, u: Any, params: Any) -> Any:
        return tuple(u(inputs[..., k], params)[:2] for k in range(4))

    def equation_f(self, inputs: Any, params: Any, gridify: bool = False) -> Any:
        return tuple(self._velocity(*inputs[..., k]) for k in range(4))

    @staticmethod
    def _velocity(x: Any, y: Any) -> Any:
        wake = jnp.exp(DECAY * x)
        return jnp.stack([1 - wake * jnp.cos(2 * jnp.pi * y), DECAY / (2 * jnp.pi) * wake * jnp.sin(2 * jnp.pi * y)])


def heat(key: Any) -> Notebook:
    data = jinns.data.CubicMeshPDENonStatio(
        key=key, n=2028, nb=2028, ni=2028, domain_batch_size=2028, initial_batch_size=2028, border_batch_size=507,
        dim=1, min_pts=(0,), max_pts=(1,), tmin=0, tmax=1, method="uniform",
    )  # fmt: skip
    dynamic, start = Heat(), lambda x: jnp.sin(jnp.pi * x)
    return Notebook(
        "heat_equation_ngd", data, (2, 16, 16, 1), dynamic, jinns.loss.Dirichlet(), {"alpha": jnp.array(0.4)}, 300,
        start,
    )  # fmt: skip


def burgers(key: Any) -> Notebook:
    data = jinns.data.CubicMeshPDENonStatio(
        key=key, n=900, nb=2000, ni=2000, dim=1, min_pts=(-1,), max_pts=(1,), tmin=0, tmax=1, method="uniform"
    )  # fmt: skip
    nu, start = {"nu": jnp.array(1 / (100 * jnp.pi))}, lambda x: -jnp.sin(jnp.pi * x)
    dynamic = jinns.loss.BurgersEquation(Tmax=1)
    return Notebook(
        "1D_non_stationary_Burgers", data, (2, 16, 16, 16, 1), dynamic, jinns.loss.Dirichlet(), nu, 300, start
    )  # fmt: skip


def poisson(key: Any) -> Notebook:
    data = jinns.data.CubicMeshPDEStatio(
        key=key, n=2028, nb=2028, omega_batch_size=2028, omega_border_batch_size=507, dim=2, min_pts=(0, 0),
        max_pts=(1, 1), method="uniform",
    )  # fmt: skip
    return Notebook("heat_equation_ngd", data, (2, 16, 16, 1), Poisson(), jinns.loss.Dirichlet(), {}, 300)


def kovasznay(key: Any) -> Notebook:
    data = jinns.data.CubicMeshPDEStatio(
        key=key, n=10_000, nb=10_000, omega_batch_size=256, omega_border_batch_size=64, dim=2, min_pts=(-0.5, -0.5),
        max_pts=(1, 1.5), method="uniform",
    )  # fmt: skip
    still = jinns.data.DataGeneratorObservations(
        key=key, obs_batch_size=1, observed_pinn_in=jnp.zeros((1, 2)), observed_values=jnp.zeros((1, 1))
    )
    return Notebook(
        "2D_Navier_Stokes_PipeFlow_ngd", data, (2, 25, 25, 25, 3), Kovasznay(), Inflow(), {"Re": jnp.array(RE)}, 1000,
        observed=still, unknowns=("u", "v", "p"),
    )  # fmt: skip


NOTEBOOKS = {f.__name__: f for f in (heat, poisson, burgers, kovasznay)}


class Look(AbstractValidationModule):
    """Hands the parameters to the recorder after every step, and ends the training at the limit."""

    recorder: Any = eqx.field(kw_only=True, static=True)
    predict: Any = eqx.field(kw_only=True, static=True)
    call_every: int = eqx.field(kw_only=True, default=1)

    def __call__(self, params: Any) -> Any:
        def told(leaves: Any) -> Any:
            self.recorder.look(lambda places: self.predict(leaves, places))
            return np.bool_(self.recorder.over)

        leaves = jax.tree.leaves(params.nn_params)
        over = jax.experimental.io_callback(told, jax.ShapeDtypeStruct((), bool), leaves, ordered=True)
        return self, over, jnp.array(0.0), False


class Compiled(io.StringIO):
    """Starts the clock when jinns says that compilation is over."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self.recorder = recorder

    def write(self, text: str) -> int:
        if "Compilation took" in text:
            self.recorder.start()
        return super().write(text)


def main() -> None:
    recorder = Recorder("jinns", began, ("jinns", "jax", "numpy"))
    key, born = jax.random.split(jax.random.PRNGKey(KEY + recorder.seed))
    chosen = NOTEBOOKS[recorder.problem](key)
    timed = chosen.start is not None
    layers: list[Any] = []
    for inner, outer in zip(chosen.widths, chosen.widths[1:], strict=False):
        layers += [(eqx.nn.Linear, inner, outer), (jax.nn.tanh,)]
    kind = "PDENonStatio" if timed else "PDEStatio"
    net, weights = jinns.nn.PINN_MLP.create(key=born, eqx_list=tuple(layers[:-1]), eq_type=kind)
    params = jinns.parameters.Params(nn_params=weights, eq_params=chosen.parameters)
    recorder.record["settings"] = (
        f"as in its notebook {chosen.name}: tanh {'-'.join(map(str, chosen.widths))}, {chosen.data.n:,} fixed uniform "
        f"points inside, {chosen.steps} steps of vanilla_ngd(), float64"
    )

    def predict(leaves: Any, places: Mapping[str, Any]) -> dict[str, Any]:
        order = ("t", "x") if timed else ("x", "y")
        h = np.stack([places[c] for c in order], axis=1)
        pairs = list(zip(leaves[::2], leaves[1::2], strict=True))
        for k, (w, b) in enumerate(pairs):
            h = h @ np.asarray(w).T + np.asarray(b)
            h = h if k + 1 == len(pairs) else np.tanh(h)
        return {unknown: h[:, k] for k, unknown in enumerate(chosen.unknowns)}

    with redirect_stdout(Compiled(recorder)):
        found = jinns.solve(
            init_params=params, data=chosen.data, loss=_loss(chosen, net, params), n_iter=chosen.steps,
            optimizer=jinns.optimizers.vanilla_ngd(), obs_data=chosen.observed, print_loss_every=chosen.steps // 10,
            validation=Look(recorder=recorder, predict=predict),
        )[0]  # fmt: skip
    recorder.look(lambda places: predict(jax.tree.leaves(found.nn_params), places), always=True)
    recorder.finish()


def _loss(chosen: Notebook, net: Any, params: Any) -> Any:
    """All terms with weight one, as in the notebooks."""
    common = {"u": net, "dynamic_loss": chosen.dynamic, "boundary_condition": chosen.boundary, "params": params}
    terms = {"dyn_loss": 1.0, "boundary_loss": 1.0}
    if chosen.start is not None:
        weights = jinns.loss.LossWeightsPDENonStatio(**terms, initial_condition=1.0)
        return jinns.loss.LossPDENonStatio(**common, loss_weights=weights, initial_condition_fun=chosen.start)
    if chosen.observed is not None:
        weights = jinns.loss.LossWeightsPDEStatio(**terms, observations=1.0)
        return jinns.loss.LossPDEStatio(**common, loss_weights=weights, obs_slice=jnp.s_[2:3])
    return jinns.loss.LossPDEStatio(**common, loss_weights=jinns.loss.LossWeightsPDEStatio(**terms))


if __name__ == "__main__":
    main()
