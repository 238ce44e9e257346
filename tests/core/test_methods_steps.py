"""What single steps of the methods are: damped, bent, self-scaled, rotated."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from pinnsolve import LBFGS, SGD, SOAP, Adam, LevenbergMarquardt, ProblemError, SSBroyden
from pinnsolve.methods import damped, line_search, quasi_newton, soap
from pinnsolve.methods.line_search import Probe, between, searched
from tests.core.test_methods import Vector, objective, run


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# ---------------------------------------------------------------- Levenberg-Marquardt


def curved(rows: int, columns: int) -> Callable[[Tensor], Tensor]:
    a, b, c = random(rows, columns, seed=1), random(rows, columns, seed=2), random(rows, seed=3)
    return lambda x: a @ x + (b @ x) ** 2 + c


def test_the_sample_space_step_is_the_parameter_space_step() -> None:
    """The push-through identity, to 1e-10; a damping that is 2 % off is seen."""
    target = objective(curved(5, 12), *random(12).tolist())
    start = target.model.vector()
    few, many = damped.Samples(target), damped.Parameters(target)
    assert isinstance(damped.damped(target), damped.Samples)
    assert isinstance(damped.damped(objective(curved(12, 12), *[0.0] * 12)), damped.Parameters)
    assert few.loss == pytest.approx(many.loss, rel=1e-13)
    assert few.trace == pytest.approx(many.trace, rel=1e-13)
    for mu in (1e-3, 1.0):
        ours, theirs = few.step(mu), many.step(mu)
        assert ours is not None and theirs is not None
        assert torch.allclose(ours, theirs, rtol=1e-10, atol=1e-12)
        assert few.predicted(ours) == pytest.approx(many.predicted(theirs), rel=1e-10)
        bends = [e.bend(target, start, ours) for e in (few, many)]
        assert torch.allclose(*bends, rtol=1e-8, atol=1e-7)  # rounding over mu
        assert torch.equal(target.model.vector(), start)
        other = few.step(1.02 * mu)
        assert other is not None and not torch.allclose(other, theirs, rtol=1e-10, atol=1e-12)


def test_the_bend_is_half_the_second_derivative_through_the_damped_equations() -> None:
    """Of a quadratic residual the difference quotient is exact; asserted to its rounding, 1e-10."""
    r, mu = curved(9, 4), 0.3
    target = objective(r, *random(4).tolist())
    start = target.model.vector()
    equations = damped.Parameters(target)
    delta = equations.step(mu)
    assert delta is not None
    j = torch.autograd.functional.jacobian(r, start)
    _, second = torch.autograd.functional.jvp(
        lambda x: torch.autograd.functional.jvp(r, x, delta, create_graph=True)[1], start, delta
    )
    matrix = j.T @ j / 9 + mu * torch.eye(4, dtype=torch.float64)
    exact = -torch.linalg.solve(matrix, j.T @ second / 2 / 9)
    bend = equations.bend(target, start, delta)
    assert torch.allclose(bend, exact, rtol=1e-10)
    assert not torch.allclose(bend, 1.02 * exact, rtol=1e-3)


@pytest.mark.parametrize(("bent", "order"), [(True, 3), (False, 2)])
def test_order_of_convergence(bent: bool, order: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Undamped, on as many equations as unknowns, it is Newton's method, with the bend Chebyshev's of third order."""
    if not bent:
        monkeypatch.setattr(LevenbergMarquardt, "bent", -1.0)
    root = torch.tensor([0.7, -0.4], dtype=torch.float64)
    r = lambda x: torch.stack([torch.exp(x[0] - 0.7) * (x[1] + 1.4) - 1, torch.sin(x[0] + x[1] - 0.3) + x[1] + 0.4])  # noqa: E731
    errors = []
    for distance in (4e-2, 2e-2):
        target = objective(r, *(root + distance * torch.tensor([1.0, 0.6])).tolist())
        run(LevenbergMarquardt(damping=1e-14), target, 1)
        errors.append(float((target.model.vector() - root).norm()))
    assert math.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.2)


def test_fewer_residuals_than_parameters() -> None:
    target = objective(curved(3, 8), *[0.0] * 8)
    run(LevenbergMarquardt(), target, 20)
    assert target.loss() < 1e-20


# ---------------------------------------------------------------- line search


def line(f: Callable[[Tensor], Tensor]) -> Callable[[float], Probe]:
    def at(step: float) -> Probe:
        a = torch.tensor([step], dtype=torch.float64, requires_grad=True)
        loss = f(a).sum()
        (slope,) = torch.autograd.grad(loss, a)
        return Probe(step, float(loss.detach()), float(slope), slope)

    return at


LINES: dict[str, Callable[[Tensor], Tensor]] = {
    "parabola": lambda a: (a - 3) ** 2,
    "steep": lambda a: (a - 1e-3) ** 2,
    "far": lambda a: (a / 500 - 1) ** 2,
    "waves": lambda a: -torch.sin(4 * a) + 0.3 * (a - 2) ** 2 - a,
    "a wall": lambda a: -torch.log(1e-2 - a) * 1e-3 - a,
    "quartic": lambda a: (a - 2) ** 4,
}


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("step", [1e-2, 1.0, 50.0])
def test_the_line_search_meets_the_strong_wolfe_conditions(name: str, step: float) -> None:
    at = line(LINES[name])
    start = at(0.0)
    found = searched(at, start, step)
    assert found is not None
    assert found.loss <= start.loss + 1e-4 * found.step * start.slope
    assert abs(found.slope) <= 0.9 * abs(start.slope)


def test_a_line_without_a_way_down() -> None:
    at = line(lambda a: 1e-30 * a + torch.where(a > 0, 1.0, 0.0))
    assert searched(at, at(0.0)._replace(slope=-1.0), 1.0) is None


def test_the_cubic_between_two_trials_is_exact_for_a_cubic() -> None:
    at = line(lambda a: a**3 - 3 * a)  # least at 1
    assert between(at(0.5), at(2.0)) == pytest.approx(1, rel=1e-14)
    assert between(at(2.0), at(0.5)) == pytest.approx(1, rel=1e-14)
    low = at(0.5)
    assert between(low, Probe(2.0, math.nan, math.nan, low.gradient)) == pytest.approx(0.65)


# ---------------------------------------------------------------- SSBroyden


def positive_definite(n: int, seed: int) -> Tensor:
    a = random(n, n, seed=seed)
    return a @ a.T + 0.1 * torch.eye(n, dtype=torch.float64)


@pytest.mark.parametrize("seed", range(6))
def test_the_updated_matrix_meets_the_secant_equation_and_stays_positive(seed: int) -> None:
    """H y = s to 1e-10, as the paper writes it, from matrices, steps and scales of all kinds."""
    n = 7
    h, s = positive_definite(n, seed), random(n, seed=seed + 50)
    y = positive_definite(n, seed + 90) @ s * 10.0 ** (seed - 3)
    new = quasi_newton.updated(h, s, y, float(s @ torch.linalg.solve(h, s)))
    assert torch.allclose(new @ y, s, rtol=1e-9, atol=1e-10)
    assert torch.allclose(new, new.T, rtol=1e-12)
    assert float(torch.linalg.eigvalsh(new).min()) > 0
    b, hh = float(s @ torch.linalg.solve(h, s) / (y @ s)), float(y @ h @ y / (y @ s))
    phi, tau = quasi_newton.scaling(b, hh, n)
    v = s / (y @ s) - h @ y / (y @ h @ y)
    rank = torch.outer(h @ y, h @ y) / (y @ h @ y)
    literal = (h - rank + phi * (y @ h @ y) * torch.outer(v, v)) / tau + torch.outer(s, s) / (y @ s)
    assert torch.allclose(new, literal, rtol=1e-9, atol=1e-9 * float(new.abs().max()))
    assert not torch.allclose(1.02 * new @ y, s, rtol=1e-3)


def test_phi_and_tau_where_they_can_be_worked_out_by_hand() -> None:
    """Where H is the inverse Hessian along s already, b = h = 1, it is kept: tau = 1. Where it is too small, b = 4,
    h = 1: a = 3, c = sqrt(3)/2, rho = 1 - c, theta = max((rho - 1)/3, min(1/rho, -3/4)) = -c/3, sigma = 1 - c."""
    phi, tau = quasi_newton.scaling(1.0, 1.0, 10)
    assert tau == pytest.approx(1, abs=1e-5)
    assert phi == pytest.approx(1, abs=1e-5)
    c = math.sqrt(3) / 2
    phi, tau = quasi_newton.scaling(4.0, 1.0, 10)
    assert phi == pytest.approx((1 + c / 3) / (1 - c), rel=1e-12)
    assert tau == pytest.approx(min(0.25 * (1 - c) ** (-1 / 9), 1 - c), rel=1e-12)
    phi, tau = quasi_newton.scaling(0.5, 4.0, 10)  # a = 1, rho = 1, theta = 1 = (1 - b)/b, sigma = 2
    assert (phi, tau) == pytest.approx((0.0, 2 ** (-1 / 9)), rel=1e-12)


def test_a_quadratic_of_n_variables_ends_after_n_exact_line_searches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Self-scaling keeps the directions conjugate (Oren & Luenberger 1974)."""
    n = 12
    a = random(20, n) @ torch.diag(torch.linspace(0.2, 3, n, dtype=torch.float64))
    losses = {}
    for count in (n - 1, n + 1):
        monkeypatch.setattr(line_search, "WOLFE", line_search.Wolfe(curvature=1e-9))
        monkeypatch.setattr(quasi_newton, "ITERATIONS", count)
        target = objective(lambda x: a @ (x - 1), *[0.0] * n)
        first = target.loss()
        run(SSBroyden(), target, 1)
        losses[count] = target.loss() / first
    assert losses[n + 1] < 1e-14
    assert losses[n - 1] > 1e-8


def test_no_pair_spans_two_sets_of_points(monkeypatch: pytest.MonkeyPatch) -> None:
    sets, pairs = [random(20, 6, seed=k) for k in (1, 2)], []
    plain = quasi_newton.updated

    def recorded(inverse: Tensor | None, s: Tensor, y: Tensor, sbs: float) -> Tensor:
        pairs.append((inverse, s, y))
        return plain(inverse, s, y, sbs)

    monkeypatch.setattr(quasi_newton, "updated", recorded)
    monkeypatch.setattr(quasi_newton, "ITERATIONS", 3)
    model, state = Vector(*[0.0] * 6), None
    for a in sets:
        target = objective(lambda x, a=a: a @ (x - 1), *model.vector().tolist())
        state = run(SSBroyden(), target, 1, state)
        model = target.model
    assert len(pairs) == 6
    for k, (inverse, s, y) in enumerate(pairs):
        a = sets[k // 3]
        assert (inverse is None) is (k == 0)  # the matrix itself is kept
        assert torch.allclose(y, 2 / 20 * a.T @ (a @ s), rtol=1e-9, atol=1e-12)


def test_no_pair_of_lbfgs_spans_two_sets_of_points(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quasi_newton, "ITERATIONS", 3)
    sets = [random(20, 6, seed=k) for k in (1, 2)]
    where, state = torch.zeros(6, dtype=torch.float64), None
    for a in sets:
        target = objective(lambda x, a=a: a @ (x - 1), *where.tolist())
        state = run(LBFGS(), target, 1, state)
        where = target.model.vector()
    assert len(state["s"]) == 6
    for k, (s, y) in enumerate(zip(state["s"], state["y"], strict=True)):
        a = sets[k // 3]
        assert torch.allclose(y, 2 / 20 * a.T @ (a @ s), rtol=1e-9, atol=1e-12)
    assert len(run(LBFGS(memory=4), target, 1, state)["s"]) == 4


def test_two_loops_give_what_the_dense_matrix_gives() -> None:
    """BFGS is phi = tau = 1: (I - s y^T/y.s) H (I - y s^T/y.s) + s s^T/y.s, from the oldest pair on."""
    hessian, g = positive_definite(6, 3), random(6, seed=9)
    s = random(4, 6, seed=5)
    y = s @ hessian
    eye = torch.eye(6, dtype=torch.float64)
    h = eye * (s[-1] @ y[-1]) / (y[-1] @ y[-1])
    for step, change in zip(s, y, strict=True):
        left = eye - torch.outer(step, change) / (change @ step)
        h = left @ h @ left.T + torch.outer(step, step) / (change @ step)
    assert torch.allclose(quasi_newton.two_loops(s, y, g), h @ g, rtol=1e-10)
    assert torch.allclose(quasi_newton.two_loops(s, y, y[-1]), s[-1], rtol=1e-10)
    assert not torch.allclose(quasi_newton.two_loops(s.flip(0), y.flip(0), g), h @ g, rtol=1e-3)


def test_a_network_too_large_for_a_dense_matrix_is_refused() -> None:
    with pytest.raises(ProblemError, match=r"10,001 parameters make it 0\.8 GB") as caught:
        SSBroyden().init(objective(lambda x: x, *[0.0] * 10_001))
    assert "SOAP" in caught.value.remedy
    SSBroyden().init(objective(lambda x: x, *[0.0] * 10_000))


# ---------------------------------------------------------------- SOAP


class Matrices(Vector):
    """Parameters that are a matrix (3, 2) and a bias (3,)."""

    @property
    def parameters(self) -> list[Tensor]:
        return [self.x[:6].view(3, 2), self.x[6:]]


def fitted(x: Tensor) -> Tensor:
    inputs = random(10, 2, seed=4) @ torch.tensor([[1.0, 0.8], [0.0, 0.1]], dtype=torch.float64)
    return (torch.tanh(inputs @ x[:6].view(3, 2).T + x[6:]) - 0.3).flatten()


def soap_run(method: SOAP, steps: int, identity: bool) -> Tensor:
    target = objective(fitted, *random(9).tolist())
    target.model = target.residuals.model = Matrices(*random(9).tolist())
    state = method.init(target)
    if identity:
        state["averages"] = [[torch.zeros(n, n, dtype=torch.float64) for n in (3, 2)], []]
        state["bases"] = [[torch.eye(n, dtype=torch.float64) for n in (3, 2)], []]
    run(method, target, steps, state)
    return target.model.vector()


def adam_run(rate: float, betas: tuple[float, float], steps: int) -> Tensor:
    x = random(9).requires_grad_()
    optimiser = torch.optim.Adam([x], lr=rate, betas=betas, eps=1e-8)
    for _ in range(steps):
        optimiser.zero_grad()
        fitted(x).square().mean().backward()
        optimiser.step()
    return x.detach()


def test_adam_and_sgd_are_those_of_torch() -> None:
    def ours(method: Adam | SGD) -> Tensor:
        target = objective(fitted, *random(9).tolist())
        run(method, target, 30)
        return target.model.vector()

    assert torch.allclose(ours(Adam(rate=0.01)), adam_run(0.01, (0.9, 0.999), 30), rtol=1e-10)
    x = random(9).requires_grad_()
    optimiser = torch.optim.SGD([x], lr=1e-3, momentum=0.9)
    for _ in range(30):
        optimiser.zero_grad()
        fitted(x).square().mean().backward()
        optimiser.step()
    assert torch.allclose(ours(SGD(rate=1e-3)), x.detach(), rtol=1e-10)


def test_without_rotations_soap_is_adam() -> None:
    """To rounding; with its rotations, another momentum or another beta it is not."""
    method = SOAP(rate=0.01, momentum=0.9, beta=0.99, refresh=10**6)
    assert torch.allclose(soap_run(method, 30, identity=True), adam_run(0.01, (0.9, 0.99), 30), rtol=1e-12)
    assert not torch.allclose(soap_run(method, 30, identity=False), adam_run(0.01, (0.9, 0.99), 30), rtol=1e-3)
    for betas in ((0.88, 0.99), (0.9, 0.97)):
        assert not torch.allclose(soap_run(method, 30, identity=True), adam_run(0.01, betas, 30), rtol=1e-4)


def test_soap_does_not_care_in_which_basis_a_matrix_is_written() -> None:
    """W -> U W, with the gradient turned alike, turns every step alike; Adam's it does not."""
    u = torch.linalg.qr(random(3, 3, seed=7)).Q
    turn = lambda x: torch.cat([(u @ x[:6].view(3, 2)).flatten(), x[6:]])  # noqa: E731
    back = lambda x: torch.cat([(u.T @ x[:6].view(3, 2)).flatten(), x[6:]])  # noqa: E731
    ends = []
    for r, start in ((fitted, random(9)), (lambda x: fitted(back(x)), turn(random(9)))):
        target = objective(r, *start.tolist())
        target.model = target.residuals.model = Matrices(*start.tolist())
        run(SOAP(rate=0.01, refresh=3), target, 8)
        ends.append(target.model.vector())
    assert torch.allclose(turn(ends[0]), ends[1], rtol=1e-6)


def test_orthogonal_iteration_finds_the_eigenvectors_and_takes_the_moments_along() -> None:
    values = torch.tensor([1.0, 9.0, 4.0], dtype=torch.float64)
    q = torch.linalg.qr(random(3, 3)).Q
    averages = [[q @ torch.diag(values) @ q.T, torch.eye(2, dtype=torch.float64)]]
    second = torch.arange(6, dtype=torch.float64)
    bases, moments = soap.refreshed(averages, [[q, torch.eye(2, dtype=torch.float64)]], second, [(3, 2)])
    assert torch.allclose(bases[0][0].abs(), q[:, [1, 2, 0]].abs(), atol=1e-12)
    assert moments.tolist() == [2, 3, 4, 5, 0, 1]
    bases = [[torch.eye(3, dtype=torch.float64), torch.eye(2, dtype=torch.float64)]]
    for _ in range(60):
        bases, _ = soap.refreshed(averages, bases, second, [(3, 2)])
    left = bases[0][0]
    assert torch.allclose(left.T @ averages[0][0] @ left, torch.diag(values[[1, 2, 0]]), atol=1e-9)
