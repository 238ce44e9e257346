"""Divergence-free velocities: no divergence for any network, exact conditions, what is met, what is refused, what is found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, cos, exp, nn, sin

from pinnsolve import (
    MLP,
    Box,
    LevenbergMarquardt,
    Problem,
    ProblemError,
    Solution,
    compare,
    d,
    dirichlet,
    div,
    exact,
    face,
    faces,
    initial,
    laplace,
    neumann,
    periodic,
    point,
    solenoidal,
    solve,
)  # fmt: skip
from pinnsolve.checks.check import check
from pinnsolve.checks.divergence import met_by_construction
from pinnsolve.problem.manufactured import manufactured
from pinnsolve.trial.flow import scales
from pinnsolve.trial.trial import Trial
from tests.core.common import built, nested, random, residuals_of
from tests.core.test_exact import misfit, on_slab
from tests.core.test_residuals import dense, largest

ROUNDING = 1e-12  # sums and differences of some tens of derivatives that cancel
PLANE, CUBE = Box(x=(0, 2), y=(-1, 1)), Box(x=(0, 1), y=(0, 1), z=(0, 1))
POINT = dirichlet(p=0, on=point(x=0, y=0))
pi = torch.pi


def x_momentum(u, v, p, x, y, nu):
    return u * d(u, x) + v * d(u, y) + d(p, x) - nu * laplace(u, x, y)


def y_momentum(u, v, p, x, y, nu):
    return u * d(v, x) + v * d(v, y) + d(p, y) - nu * laplace(v, x, y)


def x_momentum_t(u, v, p, x, y, t, nu):
    return d(u, t) + x_momentum(u, v, p, x, y, nu)


def y_momentum_t(u, v, p, x, y, t, nu):
    return d(v, t) + y_momentum(u, v, p, x, y, nu)


def stokes_x(u, p, x, y, z):
    return d(p, x) - laplace(u, x, y, z)


def stokes_y(v, p, x, y, z):
    return d(p, y) - laplace(v, x, y, z)


def stokes_z(w, p, x, y, z):
    return d(p, z) - laplace(w, x, y, z)


def plane(*conditions: Any, equations: Any = (), names: tuple[str, ...] = ("u", "v"), **changes: Any) -> Problem:
    """A steady flow in a plane; equations come on top of those of momentum."""
    declared = {
        "space": PLANE, "unknowns": ("u", "v", "p"), "equations": [x_momentum, y_momentum, *equations],
        "parameters": {"nu": 0.05}, "conditions": [*([solenoidal(*names)] if names else []), POINT, *conditions],
    }  # fmt: skip
    return Problem(**{**declared, **changes})


def moving(*conditions: Any, equations: Any = (), **changes: Any) -> Problem:
    """An unsteady flow in a plane."""
    return plane(*conditions, equations=(), **{"time": (0.5, 2), **changes}).replaced(
        equations=[x_momentum_t, y_momentum_t, *equations]
    )


def cube(*conditions: Any) -> Problem:
    """A slow flow in a cube."""
    return Problem(
        space=CUBE,
        unknowns=("u", "v", "w", "p"),
        equations=[stokes_x, stokes_y, stokes_z],
        conditions=[solenoidal("u", "v", "w"), dirichlet(p=0, on=point(x=0, y=0, z=0)), *conditions],
    )


AT_REST = dirichlet(u=0, v=0)
SOFT = dirichlet(u=lambda x: (x * (2 - x)) ** 2, v=0, on=face(y=1))  # a lid without a jump
OTHERS = dirichlet(u=0, v=0, on=faces("x") | face(y=-1))
# psi = sin(pi x) cos(2 pi y), and one that vanishes twice on all walls
WAVES = initial(u=lambda x, y: -2 * pi * sin(pi * x) * sin(2 * pi * y), v=lambda x, y: -pi * cos(pi * x) * cos(2 * pi * y))  # fmt: skip
EDDY = initial(
    u=lambda x, y: (x * (2 - x)) ** 2 * 4 * y * (y**2 - 1),
    v=lambda x, y: -2 * x * (2 - x) * (2 - 2 * x) * (y**2 - 1) ** 2,
)
FLOWS = {
    "steady": plane(neumann(u=0, v=0)),
    "box at rest": plane(AT_REST),
    "soft lid": plane(SOFT, OTHERS),
    "channel": plane(dirichlet(u=lambda y: 1 - y**2, v=0, on=faces("x")), dirichlet(u=0, v=0, on=faces("y"))),
    "slip": plane(dirichlet(u=0, on=faces("x")), dirichlet(v=0, on=faces("y"))),
    "periodic": plane(periodic("x"), dirichlet(u=0, v=0, on=faces("y"))),
    "unsteady": moving(WAVES),
    "unsteady, at rest": moving(EDDY, AT_REST),
    "unsteady, doubly periodic": moving(periodic("x", "y"), WAVES),
    "cube": cube(neumann(u=0, v=0, w=0)),
    "cube at rest": cube(dirichlet(u=0, v=0, w=0)),
    "cube, some walls": cube(dirichlet(u=0, v=0, w=0, on=faces("x")), dirichlet(w=0, on=face(z=1)), periodic("y")),
}


def mish(inputs: int, outputs: int) -> nn.Module:
    """A user's own module; an activation without a Taylor rule."""
    return nn.Sequential(nn.Linear(inputs, 7), nn.Tanh(), nn.Linear(7, 5), nn.Mish(), nn.Linear(5, outputs))


def normed(inputs: int, outputs: int) -> nn.Module:
    """A user's own module that takes no jets."""
    return nn.Sequential(nn.Linear(inputs, 6), nn.Tanh(), nn.LayerNorm(6), nn.Linear(6, outputs))


def shaken(problem: Problem, network: Any = None, seed: int = 0) -> Trial:
    """A trial function whose network is random and large."""
    if callable(network):
        outputs = 4 if len(problem.space_coordinates) == 3 else 2
        network = network(len(problem.coordinates) + len(problem.periodic), outputs)
    trial = built(problem, network or MLP(8, 2), seed)
    trial.assign(random(trial.parameters_count, seed=seed + 5, low=-1.5, high=1.5))
    return trial


def divergence(trial: Trial) -> float:
    """The largest divergence, relative to the largest of the gradients that it is made of."""
    at = trial.fields(trial.prepare(on_slab(trial.problem, {}, 40)))
    (flow,) = trial.problem.solenoidal
    parts = [
        d(at[c], at[x]).value.detach() for c, x in zip(flow.components, trial.problem.space_coordinates, strict=True)
    ]
    assert min(float(p.abs().max()) for p in parts) > 1e-3  # something cancels
    return float(torch.stack(parts).sum(0).abs().max() / torch.stack(parts).abs().max())


# ---------------------------------------------------------------- no divergence


OWN = ("soft lid", "unsteady, doubly periodic", "cube, some walls")  # what a network of one's own is tried on
NETWORKS = [(name, None) for name in FLOWS] + [(name, own) for name in OWN for own in (mish, normed)]


@pytest.mark.parametrize(("name", "network"), NETWORKS)
@pytest.mark.usefixtures("unasked")
def test_no_network_has_a_divergence(name: str, network: Any) -> None:
    trial = shaken(FLOWS[name], network)
    assert trial.takes_jets is (network is not normed)
    assert divergence(trial) <= ROUNDING


def test_without_the_declaration_it_has_one() -> None:
    trial = shaken(plane(AT_REST, names=()))
    at = trial.fields(trial.prepare(on_slab(trial.problem, {})))
    assert float(div((at["u"], at["v"]), at["x"], at["y"]).value.detach().abs().max()) > 0.1


def bump(x: Tensor, y: Tensor) -> Tensor:
    return (x * (2 - x)) ** 2 * (1 - y**2) ** 2


@pytest.mark.parametrize("alpha", [(0, 0), (1, 0), (1, 1), (0, 2)])
def test_components_are_derivatives_of_the_stream_function(alpha: tuple[int, int]) -> None:
    """psi written again, phi included, and differentiated by nested autograd: third derivatives of a bump of size one."""
    trial = shaken(FLOWS["box at rest"])
    points = on_slab(trial.problem, {})
    at = trial.unknowns(trial.prepare(points))

    def psi(x: Tensor, y: Tensor) -> Tensor:
        (scale,) = scales(trial.problem, trial.plan.flows[0], trial.plan.size)
        return bump(x, y) * scale * trial.network(torch.stack([x - 1, y], -1))[:, 0]

    leaves = list(points.coordinates.values())
    i, k = alpha
    for have, true in ((at["u"], nested(psi, leaves, (i, k + 1))), (at["v"], -nested(psi, leaves, (i + 1, k)))):
        assert float((have.dense(alpha).detach() - true).abs().max()) <= 1e-12 * float(true.abs().max())
        assert float((have.dense(alpha).detach() + true).abs().max()) > 0.1


@pytest.mark.parametrize("alpha", [(0, 0, 0), (0, 1, 1)])
def test_components_are_the_curl_of_the_vector_potential(alpha: tuple[int, int, int]) -> None:
    trial = shaken(FLOWS["cube"])
    points = on_slab(trial.problem, {})
    at = trial.unknowns(trial.prepare(points))
    leaves = list(points.coordinates.values())

    def derivative(component: int, axis: int) -> Tensor:
        potential = lambda x, y, z: trial.network(torch.stack([2 * x - 1, 2 * y - 1, 2 * z - 1], -1))[:, component]  # noqa: E731
        a = list(alpha)
        a[axis] += 1
        return nested(potential, leaves, tuple(a))

    for n, name in enumerate("uvw"):
        j, k = (n + 1) % 3, (n + 2) % 3
        true = derivative(k, j) - derivative(j, k)
        assert float((at[name].dense(alpha).detach() - true).abs().max()) <= 1e-12 * float(true.abs().max())


# ---------------------------------------------------------------- exact conditions


def exact_and_weighted(problem: Problem) -> tuple[set[str], set[str]]:
    """Names of the pieces that are exact, verified on a random network, and of those that are weighted."""
    trial = shaken(problem)
    found: tuple[set[str], set[str]] = set(), set()
    for c in problem.conditions:
        for slab in problem.pieces(c):
            weighted = (c, slab) in trial.plan.weighted
            found[weighted].add(f"{c.unknown} at {slab.name}")
            if not weighted:
                assert misfit(trial, c, dict(slab.fixed)) <= ROUNDING, (c.name, slab.name)
    return found


def both(*places: str) -> set[str]:
    return {f"{u} at {place}" for u in "uv" for place in places}


def test_walls_at_rest_are_exact() -> None:
    assert exact_and_weighted(FLOWS["box at rest"]) == (both("x=0", "x=2", "y=-1", "y=1"), {"p at x=0, y=0"})
    kept, loose = exact_and_weighted(FLOWS["cube at rest"])
    assert len(kept) == 18 and loose == {"p at x=0, y=0, z=0"}


def test_the_initial_velocity_is_exact_alone_and_with_walls_at_rest() -> None:
    for name, walls in (
        ("unsteady", set()),
        ("unsteady, doubly periodic", set()),
        ("unsteady, at rest", both("x=0", "x=2", "y=-1", "y=1")),
    ):
        kept, loose = exact_and_weighted(FLOWS[name])
        assert kept == both("t=0.5") | walls
        assert loose == {"p at x=0, y=0"}


def test_an_initial_velocity_that_does_not_vanish_on_the_walls_is_not_exact_together_with_them() -> None:
    _, loose = exact_and_weighted(moving(WAVES, AT_REST))
    assert loose > {"p at x=0, y=0"}


def test_half_an_initial_velocity_is_weighted() -> None:
    problem = moving(WAVES[:1], neumann(v=0))
    assert "u at t=0.5" in exact_and_weighted(problem)[1]


def test_normal_velocities_are_exact_and_leave_the_tangential_ones_free() -> None:
    kept, _ = exact_and_weighted(FLOWS["slip"])
    assert kept == {"u at x=0", "u at x=2", "v at y=-1", "v at y=1"}
    trial = shaken(FLOWS["slip"])
    along = trial.unknowns(trial.prepare(on_slab(trial.problem, {"x": 0.0})))["v"].value.detach()
    assert float(along.abs().max()) > 0.1
    alone, loose = exact_and_weighted(plane(dirichlet(v=0, on=faces("x")), neumann(u=0)))
    assert not alone and {"v at x=0", "v at x=2"} <= loose


def test_walls_that_move_are_weighted_and_the_others_stay_exact() -> None:
    kept, loose = exact_and_weighted(FLOWS["soft lid"])
    assert kept >= both("x=0", "x=2", "y=-1") and "u at y=1" in loose
    kept, loose = exact_and_weighted(FLOWS["channel"])
    assert kept == both("y=-1") and {"u at x=0", "u at x=2", "u at y=1"} <= loose  # a stream flows between two walls


def windy(wind: float, *conditions: Any) -> Problem:
    """A steady flow in a plane that is carried along; the equations are those in its own frame."""

    def along(u, v, p, x, y, nu):
        return (u - wind) * d(u, x) + v * d(u, y) + d(p, x) - nu * laplace(u, x, y)

    def across(u, v, p, x, y, nu):
        return (u - wind) * d(v, x) + v * d(v, y) + d(p, y) - nu * laplace(v, x, y)

    return plane(*conditions).replaced(equations=[along, across])


def swirl(wind: float) -> Problem:
    """Walls that say u = wind + sin x cos y, v = -cos x sin y: at x = 0 the flow through it is uniform."""
    return windy(wind, dirichlet(u=lambda x, y: wind + sin(x) * cos(y), v=lambda x, y: -cos(x) * sin(y)))


def at_speed(wind: float) -> Problem:
    """A wall at rest in that frame, one that moves in it, and what flows in between them."""
    along = dirichlet(u=wind, v=0, on=face(y=-1)) + dirichlet(u=lambda y: wind + (1 + y) ** 2, v=0, on=face(x=0))
    return windy(wind, along, dirichlet(u=wind + 4.0, v=0, on=face(y=1)))


@pytest.mark.parametrize("declare", [swirl, at_speed])
@pytest.mark.usefixtures("unasked")
def test_a_uniform_wind_is_added_and_leaves_the_potential_as_it_is(declare: Any) -> None:
    """Mutant: g of nothing, whose potential must grow across the domain as the wind does."""
    still, carried = (shaken(declare(wind)) for wind in (0.0, 3000.0))
    points = on_slab(still.problem, {}, 40)
    before, after = (t.unknowns(t.prepare(points)) for t in (still, carried))
    assert [p.name for _, p in still.plan.weighted] == [p.name for _, p in carried.plan.weighted]
    for name, added in (("u", 3000.0), ("v", 0.0)):
        away = (after[name].value - added - before[name].value).detach()
        assert float(away.abs().max()) < 1e-9


def test_a_wall_elsewhere_would_be_seen() -> None:
    trial = shaken(FLOWS["box at rest"])
    c = next(c for c in trial.problem.conditions if c.name.startswith("dirichlet u"))
    assert misfit(trial, c, {"x": 0.01}) > 1e-6


# ---------------------------------------------------------------- continuity, declared all the same


def continuity(u, v, x, y):
    return d(u, x) + d(v, y)


def by_div(u, v, x, y):
    return 3 * div((u, v), x, y)


def dragged(u, v, x, y):
    return u * (d(u, x) + d(v, y)) + d(d(u, x), y) + d(v, y, y)


def wrong_sign(u, v, x, y):
    return d(u, x) - d(v, y)


def off(u, v, x, y):
    return d(u, x) + 1.0001 * d(v, y)


def compressible(u, v, p, x, y):
    return d(p * u, x) + d(p * v, y)


def rotation(u, v, x, y):
    return d(v, x) - d(u, y)


def test_continuity_is_met_by_construction_and_nothing_else_is() -> None:
    equations = [continuity, by_div, dragged, wrong_sign, off, compressible, rotation]
    problem = plane(AT_REST, equations=equations)
    met = {"continuity", "by_div", "dragged"}
    assert met_by_construction(problem) == met
    assert met_by_construction(moving(WAVES, equations=equations)) == met
    assert met_by_construction(plane(AT_REST, equations=equations, names=())) == frozenset()
    trial = built(problem, MLP(4, 1))
    residuals = residuals_of(trial)
    assert trial.plan.met == met
    assert not met & set(residuals.names)
    assert {"x_momentum", "y_momentum", "wrong_sign", "off", "compressible", "rotation"} <= set(residuals.names)
    assert Solution(trial).conditions["continuity"] == "exact"
    assert Solution(trial).conditions["solenoidal u, v"] == "exact"


def test_continuity_in_space_is_met() -> None:
    problem = cube(dirichlet(u=0, v=0, w=0))
    mass = lambda u, v, w, x, y, z: div((u, v, w), x, y, z)  # noqa: E731
    wrong = lambda u, v, w, x, y, z: div((v, u, w), x, y, z)  # noqa: E731
    mass.__name__, wrong.__name__ = "mass", "wrong"
    assert met_by_construction(problem.replaced(equations=[stokes_x, stokes_y, stokes_z, mass, wrong])) == {"mass"}


# ---------------------------------------------------------------- what is refused, and what is said


def one_dimensional() -> Problem:
    return Problem(
        space=Box(x=(0, 1)),
        unknowns=("u", "v"),
        equations=lambda u, v, x: d(u, x) + v,
        conditions=[solenoidal("u", "v"), dirichlet(u=0, v=0)],
    )


def of_time_alone() -> Problem:
    return Problem(
        time=(0, 1),
        unknowns=("u", "v"),
        equations=lambda u, v, t: d(u, t) + v,
        conditions=[solenoidal("u", "v"), initial(u=0, v=0)],
    )


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: plane(AT_REST, names=("u", "vv")), "no unknown 'vv'(.|\n)*did you mean 'v'"),
        (lambda: plane(AT_REST, names=("u", "u")), "u is named twice"),
        (lambda: plane(solenoidal("v", "p"), AT_REST), "v is named twice"),
        (lambda: plane(AT_REST, names=("u", "v", "p")), "3 components over the coordinates x, y(.|\n)*one component for each"),
        (lambda: solenoidal("u"), 'two or three components(.|\n)*Write solenoidal\\("u", "v"\\)'),
        (lambda: solenoidal("u", 3), "two or three components"),  # type: ignore[arg-type]
        (one_dimensional, "2 components over the coordinates x"),
        (of_time_alone, "no space"),
        (lambda: check(moving(initial(u=lambda x: x, v=0))), "initial velocity has the divergence 1 at(.|\n)*leave solenoidal"),
        (lambda: check(moving(initial(u=WAVES[0].function, v=lambda x, y: 1.001 * WAVES[1].function(x, y)))), "has the divergence"),
    ],
)  # fmt: skip
def test_wrong_declarations_say_what_was_possible(make: Any, words: str) -> None:
    with pytest.raises(ProblemError, match=words):
        make()


def leaks(*conditions: Any, make: Any = plane) -> list[str]:
    return [w for w in check(make(*conditions)).warnings if "out of the domain" in w]


def test_prescribed_velocities_that_leak_are_told() -> None:
    closed = dirichlet(v=0, on=faces("y"))
    through = lambda a, b: (dirichlet(u=a, on=face(x=0)), dirichlet(u=b, on=face(x=2)))  # noqa: E731
    assert leaks(*through(1, 1), closed) == []
    assert leaks(*through(lambda y: 1 - y**2, 2 / 3), closed) == []  # the mean of a parabola: a midpoint rule of 32
    (told,) = leaks(*through(1, 1.1), closed)
    assert "carry 0.2 more out of the domain" in told  # 0.1 over a face two long
    assert leaks(*through(-1, 1), closed)
    assert leaks(*through(1, 1.1), WAVES, closed, make=moving)
    assert leaks(dirichlet(u=0, on=face(x=0)), closed) == []  # the other end is open
    assert leaks(
        periodic("x"), dirichlet(v=0, on=face(y=-1)), dirichlet(v=1, on=face(y=1)), neumann(u=0, on=faces("y"))
    )
    assert leaks(periodic("x"), dirichlet(v=1, on=faces("y")), neumann(u=0, on=faces("y"))) == []


# ---------------------------------------------------------------- as part of the whole


@pytest.mark.parametrize(
    ("name", "network"),
    [("soft lid", None), ("unsteady, at rest", None), ("cube, some walls", None), ("cube, some walls", mish),
     ("unsteady, at rest", normed)],
)  # fmt: skip
def test_structured_jacobian_equals_the_dense_one(name: str, network: Any) -> None:
    residuals = residuals_of(shaken(FLOWS[name], network), 7)
    true = dense(residuals)
    assert len(residuals.names) >= 3
    for block in residuals.linearised():
        for r, rows in block.jacobians.items():
            values, jacobian = true[r]
            assert largest(block.residuals[r] - values, values) < ROUNDING, r
            assert largest(rows - jacobian, jacobian) < ROUNDING, r


@pytest.mark.parametrize("name", ["unsteady, at rest", "cube, some walls"])
def test_a_solution_survives_saving(name: str, tmp_path: Path) -> None:
    solution = Solution(shaken(FLOWS[name]))
    solution.save(tmp_path / "model.safetensors")
    loaded = Solution.load(tmp_path / "model.safetensors", FLOWS[name])
    places = {c: v.numpy() for c, v in on_slab(FLOWS[name], {}, 20).coordinates.items()}
    for unknown in FLOWS[name].unknowns:
        assert (solution.d(unknown)(**places) == loaded.d(unknown)(**places)).all()
    assert loaded.conditions == solution.conditions
    with pytest.raises(ProblemError, match="solenoidal"):
        Solution.load(tmp_path / "model.safetensors", without(FLOWS[name]))


def without(problem: Problem) -> Problem:
    return problem.replaced(conditions=[*problem.conditions, *problem.periodic])


@pytest.mark.usefixtures("unasked")
def test_a_manufactured_problem_stays_divergence_free() -> None:
    """psi = exp(x) sin(y): walls that move, and a divergence-free velocity."""
    made = manufactured(
        FLOWS["soft lid"],
        u=lambda x, y: exp(x) * cos(y),
        v=lambda x, y: -exp(x) * sin(y),
        p=lambda x, y: x * y,
    )
    assert made.solenoidal == FLOWS["soft lid"].solenoidal
    assert divergence(shaken(made)) <= ROUNDING


# ---------------------------------------------------------------- trained


def channel(*walls: Any, **solution: Any) -> Problem:
    """A flow along x whose profile is prescribed at both ends."""
    ends = dirichlet(u=solution["u"], v=0, on=faces("x"))
    conditions = [solenoidal("u", "v"), ends, *walls, dirichlet(p=0, on=point(x=2, y=0))]
    return plane(conditions=conditions, parameters={"nu": 1}, reference=exact(**solution), tolerance=2e-2)


def test_a_film_on_a_wall_is_found() -> None:
    """u = (1 + y)(3 - y)/4, without shear on top, driven by p = 1 - x/2: half of a Poiseuille flow."""
    problem = channel(
        dirichlet(u=0, v=0, on=face(y=-1)),
        neumann(u=0, v=0, on=face(y=1)),
        u=lambda y: (1 + y) * (3 - y) / 4,
        v=lambda x: 0 * x,
        p=lambda x: 1 - x / 2,
    )
    found = compare(trained := short(problem), problem.reference(problem))  # type: ignore[operator,misc]
    assert found.verdict == "pass", found.reason
    assert trained.conditions["dirichlet u on face(y=-1)"] == "exact"


def pushed(u, v, p, x, y, nu):
    return x_momentum(u, v, p, x, y, nu) - 2


def still(x):
    return 0 * x


REST = dirichlet(u=0, v=0, on=faces("y"))
ON_TOP = (dirichlet(u=0, v=0, on=face(y=-1)), dirichlet(u=1, v=0, on=face(y=1)))
SLIP = (dirichlet(v=0, on=faces("y")), neumann(u=0, on=faces("y")))
RING: dict[str, Any] = {"parameters": {"nu": 1}, "tolerance": 2e-2}
THROUGH = {
    "Poiseuille": channel(REST, u=lambda y: 1 - y**2, v=still, p=lambda x: 2 * (2 - x)),
    "a stream between slippery walls": channel(*SLIP, u=lambda x: 1 + 0 * x, v=still, p=still),
    "pushed round a ring": plane(REST, periodic("x"), reference=exact(u=lambda y: 1 - y**2, v=still, p=still), **RING).replaced(equations=[pushed, y_momentum]),
    "Couette": plane(*ON_TOP, periodic("x"), reference=exact(u=lambda y: (1 + y) / 2, v=still, p=still), **RING),
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name in THROUGH if name != "Poiseuille"])  # tests/cases has it
def test_flows_between_two_walls_are_found(name: str) -> None:
    problem = THROUGH[name]
    found = compare(short(problem), problem.reference(problem))  # type: ignore[operator,misc]
    assert found.verdict == "pass", found.reason


def short(problem: Problem, steps: int = 15) -> Solution:
    method = LevenbergMarquardt(steps=steps)
    return solve(problem, network=MLP(8, 2), points=300, condition_points=60, held_out=200, method=method)


def abc_x(u, v, w, p, x, y, z, nu):
    return u * d(u, x) + v * d(u, y) + w * d(u, z) + d(p, x) - nu * (laplace(u, x, y, z) + u)


def abc_y(u, v, w, p, x, y, z, nu):
    return u * d(v, x) + v * d(v, y) + w * d(v, z) + d(p, y) - nu * (laplace(v, x, y, z) + v)


def abc_z(u, v, w, p, x, y, z, nu):
    return u * d(w, x) + v * d(w, y) + w * d(w, z) + d(p, z) - nu * (laplace(w, x, y, z) + w)


def test_a_beltrami_flow_in_space_is_found() -> None:
    """curl U = U, so that the advection is a gradient and laplace U = -U; Arnold, C. R. Acad. Sci. 261 (1965) 17."""
    flow = {
        "u": lambda y, z: sin(z) + cos(y),
        "v": lambda x, z: sin(x) + cos(z),
        "w": lambda x, y: sin(y) + cos(x),
        "p": lambda x, y, z: 1.5 - ((sin(z) + cos(y)) ** 2 + (sin(x) + cos(z)) ** 2 + (sin(y) + cos(x)) ** 2) / 2,
    }
    problem = Problem(
        space=CUBE,
        unknowns=("u", "v", "w", "p"),
        equations=[abc_x, abc_y, abc_z],
        conditions=[
            solenoidal("u", "v", "w"),
            dirichlet(u=flow["u"], v=flow["v"], w=flow["w"]),
            dirichlet(p=0, on=point(x=0, y=0, z=0)),
        ],
        parameters={"nu": 0.1},
        reference=exact(**flow),
        tolerance=0.1,
    )
    solution = short(problem, steps=12)
    found = compare(solution, problem.reference(problem))  # type: ignore[operator,misc]
    assert found.verdict == "pass", found.reason  # zero has the error one
    at = solution.trial.fields(solution.trial.prepare(on_slab(problem, {})))
    assert float(div((at["u"], at["v"], at["w"]), at["x"], at["y"], at["z"]).value.detach().abs().max()) < ROUNDING * 10
