"""Cells, their partition of unity, features on them, and the factorisation that uses their structure."""

from __future__ import annotations

import gc
import math
import weakref
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from pinnsolve import Box, LocalFeatures, Problem, d, dirichlet, initial, periodic
from pinnsolve.algebra.multifrontal import Rows, eliminated, solved
from pinnsolve.checks.check import check
from pinnsolve.geometry.points import Points
from pinnsolve.jets.jet import Chart
from pinnsolve.networks.cells import Cells, rising
from pinnsolve.networks.local_features import Basis, Expansion
from pinnsolve.residuals import Residuals, Site
from pinnsolve.trial.exact import verified
from pinnsolve.trial.window import Window

F64 = torch.float64


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def refined(counts: Sequence[int], periods: Sequence[bool], splits: int = 3) -> Cells:
    """A lattice of which some cells are halved, and some of those again."""
    cells = Cells.uniform(counts, periods)
    for k in range(splits):
        which = torch.zeros(len(cells), dtype=torch.bool)
        which[k % len(cells)] = which[-1] = True
        cells = cells.split(which, (cells.high - cells.low).argmax(1))
    return cells


TILINGS = {
    "one": Cells.uniform([1], [False]),
    "line": Cells.uniform([4], [False]),
    "line, refined": refined([4], [False]),
    "period": Cells.uniform([4], [True]),
    "period, refined": refined([4], [True], 5),
    "plane": Cells.uniform([2, 3], [False, False]),
    "plane, refined": refined([2, 2], [False, True], 4),
    "space": refined([2, 1, 2], [False, False, True], 2),
    "no space": Cells.uniform([], []),
}


@pytest.fixture(params=list(TILINGS), ids=list(TILINGS))
def cells(request: pytest.FixtureRequest) -> Cells:
    return TILINGS[request.param]


def places(cells: Cells, count: int = 300) -> Tensor:
    return 2 * torch.rand(count, cells.low.shape[1], generator=generator(5), dtype=F64) - 1


def expanded(basis: Basis, coordinates: Tensor) -> tuple[Chart, Expansion]:
    names = [f"x{k}" for k in range(coordinates.shape[1])]
    chart = Chart(names, len(coordinates), F64, torch.device("cpu"))
    return chart, Expansion(basis, chart, [chart.coordinate(n, v) for n, v in zip(names, coordinates.T, strict=True)])


def drawn(cells: Cells, outputs: int = 2, time: bool = True, kinks: Sequence[tuple[int, float]] = ()) -> Basis:
    axes = range(cells.low.shape[1])
    basis = Basis.drawn(cells, axes, len(axes) + time, outputs, LocalFeatures(count=7), generator(), kinks)
    basis.coefficients = torch.randn(basis.coefficients.shape, generator=generator(1), dtype=F64)
    return basis


# ---------------------------------------------------------------- cells


def test_cells_tile_the_box(cells: Cells) -> None:
    volume = (cells.high - cells.low).prod(1).sum()
    assert float(volume) == pytest.approx(2.0 ** cells.low.shape[1])
    owner = cells.owner(places(cells))
    inside = (places(cells) >= cells.low[owner]) & (places(cells) <= cells.high[owner])
    assert bool(inside.all())


def test_bumps_reach_as_far_as_the_smallest_neighbour_is_wide() -> None:
    cells = Cells.uniform([2], [False]).split(torch.tensor([True, False]), torch.tensor([0, 0]))
    assert cells.low[:, 0].tolist() == [-1.0, -0.5, 0.0] and cells.high[:, 0].tolist() == [-0.5, 0.0, 1.0]
    assert cells.reach[:, 0].tolist() == [[0.0, 0.5], [0.5, 0.5], [0.5, 0.0]]


def test_across_a_period_the_first_cell_is_beside_the_last() -> None:
    cells = Cells.uniform([4], [True])
    assert bool((cells.reach == 0.5).all())
    assert cells.active(torch.tensor([[-0.99]]))[0].tolist() == [True, True, False, True]


def test_weights_sum_to_one(cells: Cells) -> None:
    """Features that are all the same constant make that constant, with no derivatives up to the third."""
    basis = drawn(cells)
    basis.weight = torch.zeros_like(basis.weight)
    basis.bias = torch.full_like(basis.bias, math.pi / 2)
    basis.coefficients = torch.ones_like(basis.coefficients) / 7
    at = torch.cat([places(cells), torch.rand(300, 1, generator=generator(2), dtype=F64)], 1)
    _, expansion = expanded(basis, at)
    column = expansion.columns()[0]
    assert torch.allclose(column.value, torch.ones(300, dtype=F64), atol=1e-13)
    for axis in range(at.shape[1]):
        for order in (1, 2, 3):
            alpha = tuple(order * (k == axis) for k in range(at.shape[1]))
            assert float(column.dense(alpha).abs().max()) < 1e-9 * 100**order


def test_the_step_is_smooth() -> None:
    x = torch.tensor([-1.5, -1.0, 0.0, 1.0, 1.5], dtype=F64)
    assert torch.allclose(rising(x), torch.tensor([0.0, 0.0, 0.5, 1.0, 1.0], dtype=F64))
    edge = torch.tensor([-1.0 + 1e-3, 1.0 - 1e-3], dtype=F64)
    away = (rising(edge) - torch.tensor([0.0, 1.0], dtype=F64)).abs()
    assert bool((away < 126 * (0.5e-3) ** 5).all()) and bool((away > 0).all())  # four derivatives vanish


# ---------------------------------------------------------------- features


def by_hand(basis: Basis, at: Tensor) -> Tensor:
    """The formula, cell by cell and without jets: (N, outputs)."""
    cells, k = basis.cells, basis.cells.low.shape[1]
    away = cells.from_centre(at[:, :k].detach()) - at[:, None, :k].detach() + at[:, None, :k]
    total, found = 0.0, 0.0
    for s in range(len(cells)):
        half, reach = cells.half[s], cells.reach[s]
        bump: Tensor | float = 1.0
        for a in range(k):
            for sign, h in ((1.0, reach[a, 0]), (-1.0, reach[a, 1])):
                if h > 0:
                    bump = bump * rising((sign * away[:, s, a] + half[a]) / h)
        centre = (reach[:, 1] - reach[:, 0]) / 2
        inputs: list[Tensor] = [(away[:, s] - centre) / (half + reach.sum(1) / 2), at[:, k:]]
        for a, place in basis.kinks:
            near = cells.low[s, a] - reach[a, 0] <= place <= cells.high[s, a] + reach[a, 1]
            inputs.append(((at[:, a] - place).abs() * near / (half[a] + reach[a].sum() / 2))[:, None])
        hidden = torch.sin(torch.cat(inputs, 1) @ basis.weight[s].T + basis.bias[s])
        weight = bump[:, None] if isinstance(bump, Tensor) else bump
        found, total = found + weight * (hidden @ basis.coefficients[s].T), total + weight
    return found / total  # type: ignore[return-value]


def test_values_and_derivatives_are_those_of_the_formula(cells: Cells) -> None:
    kinks = [(0, 0.1)] if cells.low.shape[1] == 1 else []
    basis = drawn(cells, kinks=kinks)
    at = torch.cat([places(cells, 60), 2 * torch.rand(60, 1, generator=generator(2), dtype=F64) - 1], 1)
    _, expansion = expanded(basis, at)
    leaf = at.clone().requires_grad_()
    wanted = by_hand(basis, leaf)
    for output, column in enumerate(expansion.columns()):
        assert torch.allclose(column.value, wanted[:, output].detach(), atol=1e-12)
        first = torch.autograd.grad(wanted[:, output].sum(), leaf, create_graph=True)[0]
        for a in range(at.shape[1]):
            alpha = tuple(int(a == k) for k in range(at.shape[1]))
            size = 1 + float(first[:, a].detach().abs().max())
            assert torch.allclose(column.dense(alpha), first[:, a].detach(), atol=1e-11 * size)
            second = torch.autograd.grad(first[:, a].sum(), leaf, retain_graph=True)[0][:, a]
            size = 1 + float(second.abs().max())
            assert torch.allclose(column.dense(tuple(2 * k for k in alpha)), second, atol=1e-10 * size)


def test_an_expansion_leaves_nothing_behind() -> None:
    """Its tensors go when it does, not when Python next looks for cycles."""
    gc.disable()
    try:
        at = torch.cat([places(TILINGS["line"], 60), torch.zeros(60, 1, dtype=F64)], 1)
        _, expansion = expanded(drawn(TILINGS["line"], kinks=[(0, 0.1)]), at)
        for column in expansion.columns():
            column.dense((2, 1))
        gone = weakref.ref(expansion.features)
        del expansion, column
        assert gone() is None
    finally:
        gc.enable()


def flow(u, v, x, t, nu):  # type: ignore[no-untyped-def]
    return d(u, t) + u * d(u, x) * v - nu * d(u, x, x)


def partner(u, v, x, t):  # type: ignore[no-untyped-def]
    return d(v, t) - d(u, x) + v * v


SYSTEM = Problem(
    space=Box(x=(0, 2)), time=(0, 1), unknowns=("u", "v"), equations=[flow, partner], parameters={"nu": 0.1},
    conditions=[initial(u=0, v=1), periodic("x")],
)  # fmt: skip


def test_rows_of_the_jacobian_are_those_of_differences() -> None:
    findings = check(SYSTEM)
    window = Window(
        SYSTEM, LocalFeatures(count=5), verified(SYSTEM, findings)[0], refined([4], [True]), (0.0, 0.5), generator()
    )
    basis = window.basis
    start = 0.3 * torch.randn(basis.coefficients.shape, generator=generator(3), dtype=F64)
    basis.coefficients = start
    count = 40
    values = {
        "x": 2 * torch.rand(count, generator=generator(4), dtype=F64),
        "t": torch.linspace(0.0, 0.5, count, dtype=F64),
    }
    site = Site("interior", (), {e.name: e.residual for e in SYSTEM.equations})
    residuals = Residuals(window, [(site, Points(values, torch.ones(count, dtype=F64)))])
    ((_, prepared, _),) = residuals.chunks
    (block,) = residuals.linearised()
    expansion: Expansion = prepared.inputs
    for name, rows in block.jacobians.items():
        dense = torch.zeros(count, len(window.cells), basis.width, dtype=F64)
        dense[expansion.point, expansion.cell] = rows
        for k in torch.randperm(start.numel(), generator=generator(6))[:25].tolist():
            ends = []
            for sign in (1, -1):
                moved = start.flatten().clone()
                moved[k] += sign * 1e-6
                basis.coefficients = moved.view(start.shape)
                ends.append(residuals.values()[name])
            basis.coefficients = start
            column = dense.reshape(count, -1)[:, k]
            assert torch.allclose(column, (ends[0] - ends[1]) / 2e-6, atol=1e-7 * (1 + float(column.abs().max())))


# ---------------------------------------------------------------- the factorisation

GRAPHS = {
    "chain": [(k, k + 1) for k in range(7)],
    "ring": [(k, (k + 1) % 8) for k in range(8)],
    "single": [(k,) for k in range(3)],
    "plane": [(3 * i + j, 3 * i + j + 1, 3 * i + j + 3, 3 * i + j + 4) for i in range(2) for j in range(2)],
    "apart": [(0, 1), (2, 3), (4,)],
}


@pytest.mark.parametrize("graph", list(GRAPHS))
@pytest.mark.parametrize("ridge", [1e-12, 1e-2])
def test_blocks_are_solved_as_one_dense_problem_would_be(graph: str, ridge: float) -> None:
    width, draw = 3, generator()
    count = 1 + max(max(c) for c in GRAPHS[graph])
    rows = [
        Rows(c, torch.randn(5, width * len(c), generator=draw, dtype=F64), torch.randn(5, generator=draw, dtype=F64))
        for c in GRAPHS[graph] * 2
    ]
    dense = torch.zeros(5 * len(rows), count * width, dtype=F64)
    for k, r in enumerate(rows):
        for j, s in enumerate(r.blocks):
            dense[5 * k : 5 * k + 5, s * width : (s + 1) * width] = r.matrix[:, j * width : (j + 1) * width]
    right = torch.cat([r.right for r in rows])
    scale = dense.norm(dim=0)
    whole = torch.cat([dense / scale, ridge * torch.eye(count * width, dtype=F64)])
    wanted = (
        torch.linalg.lstsq(whole, torch.cat([right, right.new_zeros(count * width)])[:, None]).solution[:, 0] / scale
    )
    found = solved(rows, count, width, ridge)
    assert torch.allclose(found.flatten(), wanted, atol=1e-10)
    misfit = sum(float(r.misfit(found).square().sum()) for r in rows)
    assert misfit == pytest.approx(float((dense @ wanted - right).square().sum()))


def test_a_block_without_rows_stays_zero() -> None:
    rows = [Rows((0,), torch.eye(2, dtype=F64), torch.ones(2, dtype=F64))]
    assert torch.allclose(solved(rows, 2, 2, 1e-9), torch.tensor([[1.0, 1.0], [0.0, 0.0]], dtype=F64))


def test_a_chain_is_eliminated_without_filling_in() -> None:
    order = eliminated(GRAPHS["chain"], 8)
    assert sorted(order) == list(range(8))
    beside = {s: {s - 1, s + 1} & set(range(8)) for s in range(8)}
    for s in order:
        assert len(beside[s]) <= 2
        for k in beside[s]:
            beside[k] = (beside[k] | beside[s]) - {s, k}


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_a_window_has_the_problem_s_exact_conditions(dtype: torch.dtype) -> None:
    problem = SYSTEM.replaced(conditions=[initial(u=0, v=1), dirichlet(u=0, v=1)])
    made = verified(problem, check(problem))[0]
    window = Window(problem, LocalFeatures(count=5), made, refined([4], [False]), (0.0, 0.5), generator(), dtype)
    window.basis.coefficients = torch.randn(window.basis.coefficients.shape, generator=generator(1), dtype=F64)
    x = torch.linspace(0, 2, 9, dtype=F64)
    start = Points({"x": x, "t": torch.zeros(9, dtype=F64)}, torch.ones(9, dtype=F64))
    fields = window.unknowns(window.prepare(start))
    assert fields["u"].value.dtype == dtype
    assert torch.equal(fields["u"].value, torch.zeros(9, dtype=dtype))
    assert torch.equal(fields["v"].value, torch.ones(9, dtype=dtype))
