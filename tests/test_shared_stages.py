"""One real factorisation for all stages of a step gives what each stage's own does."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
import torch
from torch import cos

from pinnsolve import Disk, Problem, condition, d, dirichlet, face, initial, initial_rate, laplace, neumann
from pinnsolve.algebra.radau import radau
from pinnsolve.cells import conjugate as rules
from pinnsolve.cells import minimal_residuals
from pinnsolve.cells.condensed import of_joins
from pinnsolve.cells.conjugate import conjugate
from pinnsolve.cells.equation_sizes import equation_sizes
from pinnsolve.cells.fluxed_faces import FluxedFaces
from pinnsolve.cells.implicit_step import Scheme, Start, Step, sites_of
from pinnsolve.cells.joined_faces import JoinedFaces
from pinnsolve.cells.own_cells import OwnCells
from pinnsolve.cells.stage_costs import shares
from pinnsolve.cells.stage_operator import Operator
from pinnsolve.march.growth import unequal
from validation.marched import read
from validation.stability_planes import heat, problem

CPU = torch.device("cpu")
SWIRL = [
    lambda u, v, p, x, y, t: d(u, t) + y * d(u, x) + d(p, x) - 0.01 * laplace(u, x, y),
    lambda u, v, p, x, y, t: d(v, t) - x * d(v, y) + d(p, y) - 0.01 * laplace(v, x, y),
    lambda u, v, x, y: d(u, x) + d(v, y),
]
DECLARED: dict[str, Problem] = {
    "a disc": Problem(
        space=Disk(x=0, y=0, radius=1), time=(0, 1), unknowns="u", equations=heat,
        conditions=[initial(u=1), condition(lambda u, x, y, nx, ny: nx * d(u, x) + ny * d(u, y) + u)],
    ),
    "a pressure": problem(
        SWIRL, [initial(u=0, v=0), dirichlet(u=0, v=0, on=face(x=0) | face(y=0) | face(y=1)), dirichlet(v=0, p=0, on=face(x=1))],
        ("u", "v", "p"),
    ),
    "a wall that takes up heat": problem(
        lambda u, x, y, t: d(u, t) + d(u, x) - laplace(u, x, y),
        [initial(u=lambda x, y: cos(x) * cos(y)), neumann(u=0, on=face(x=0) | face(y=0)),
         condition(lambda u, x, y, t: d(u, t) + 2 * d(u, x), on=face(x=1)), dirichlet(u=0, on=face(y=1))],
    ),
    "two that react": problem(
        [lambda u, v, x, y, t: d(u, t) + x * d(u, x) - 0.1 * laplace(u, x, y) + x * u * v**2,
         lambda u, v, x, y, t: d(v, t) - (1 + x) * laplace(v, x, y) - d(v, x) - u * v**2],
        [initial(u=1, v=lambda x, y: x), dirichlet(u=1, v=0, on=face(x=0)), neumann(u=0, v=0, on=face(y=0) | face(y=1)),
         dirichlet(u=1, on=face(x=1)), condition(lambda v, x, y: d(v, x) + v, on=face(x=1))], ("u", "v"),
    ),
}  # fmt: skip


def factorised(name: str, stages: int, part: float) -> tuple[Operator, list[Any]]:
    """A step's own factors on a few unequal cells, and where its conditions stand."""
    evolution = read(DECLARED[name])[0]
    scheme, mesh = Scheme(evolution, 5, stages, CPU), unequal(evolution, CPU)
    nothing = torch.zeros(len(mesh), scheme.fields, scheme.cell.count, dtype=torch.float64)
    begin, end = evolution.times
    step = Step(scheme, mesh, begin, part * (end - begin), Start(nothing, nothing), nothing.expand(stages, -1, -1, -1))
    scheme.weights = equation_sizes(step)
    walls = [(site, step.at_site(site, slopes=True)) for site in sites_of(scheme, mesh)]
    return Operator.of(step, step.inside(scheme.points, slopes=True), walls), [site for site, _ in walls]


def drawn(operator: Operator, sites: list[Any]) -> tuple[torch.Tensor, list[torch.Tensor], torch.Tensor]:
    """Right sides of all stages, inside and where conditions stand, and what corrections are added to."""
    scheme, n, generator = operator.scheme, len(operator.mesh), torch.Generator().manual_seed(0)

    def draw(*shape: int) -> torch.Tensor:
        found = torch.randn(len(scheme.radau.values), *shape, generator=generator, dtype=torch.complex128)
        real = scheme.radau.values.imag == 0
        found[real] = found[real].real.to(found.dtype)
        return found

    rows = operator.row_weights.flatten(2, 3)
    b = draw(n, rows.shape[2], 2) * rows[..., None]
    told = [draw(len(site.cells), len(site.conditions), site.count, 2) for site in sites]
    return b, told, draw(n, scheme.fields, scheme.cell.count, 2)


def apart(found: torch.Tensor, true: torch.Tensor) -> float:
    return float((found - true).norm() / true.norm())


@pytest.mark.parametrize(
    ("name", "stages", "part", "most"),
    [("a disc", 5, 0.1, 3), ("a pressure", 3, 0.02, 6), ("a wall that takes up heat", 3, 0.02, 6)],
)  # fmt: skip
def test_it_solves_what_each_stage_does(
    name: str, stages: int, part: float, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Right sides are drawn; the mutant without phases does not end in 12 iterations where there is a pressure."""
    operator, sites = factorised(name, stages, part)
    cells, given = operator.cells, drawn(operator, sites)
    assert isinstance(cells, JoinedFaces)
    each = cells.solve(*given)
    cells.stages = cells._shared()
    found = cells.solve(*given)
    assert cells.stages[0].iterations <= most
    assert apart(found, each) < 2e-2
    monkeypatch.setattr(rules, "RULES", replace(rules.RULES, left=1e-13, most=60))
    assert apart(cells.solve(*given), each) < 1e-5


@pytest.mark.parametrize(("stages", "part"), [(2, 0.02), (5, 0.1)])
def test_it_does_so_where_fluxes_join_cells(stages: int, part: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same of a wind, reactions, a ratio of rates that varies and conditions on values and slopes; of mutants
    the one that leaves right sides as they are, not times lambda / mu, ends 6e-5 off, a mass a tenth too small 3e-2."""
    operator, sites = factorised("two that react", stages, part)
    each, given = operator.cells, drawn(operator, sites)
    assert isinstance(each, FluxedFaces) and operator.beside is not None and each.shared is None
    known = operator.scheme, operator.mesh, operator.length, operator.slopes, operator.sites, operator.row_weights
    cells = FluxedFaces(*known, operator.beside, uses=1e-9)
    assert cells.shared is not None and len(cells.stages) == 1 and not cells.stages[0].inverse.is_complex()
    assert apart(cells.solve(*given), each.solve(*given)) < 1e-2
    assert cells.shared.iterations <= 6
    monkeypatch.setattr(minimal_residuals, "RULES", rules.Rules(left=1e-13, most=60))
    assert apart(cells.solve(*given), each.solve(*given)) < 1e-9


def test_factors_that_are_not_looked_at_have_the_same_bits() -> None:
    """A march that is taken up again looks at them once more, and must go on to the same bits."""
    operator, sites = factorised("a disc", 3, 0.1)
    known = operator.scheme, operator.mesh, operator.length, operator.slopes, operator.sites, operator.row_weights
    looked, sure = (JoinedFaces(*known, brief=True, sure=sure) for sure in (False, True))
    assert max(stage.factors.error for stage in looked.stages) > 0
    assert all(stage.factors.error == 0 for stage in sure.stages)
    given = drawn(operator, sites)
    assert torch.equal(looked.solve(*given), sure.solve(*given))


def test_waves_that_fluxes_join_are_not_shared() -> None:
    """Of second order in time lambda^2 lies on both sides of zero."""
    wave = [lambda u, x, y, t: d(u, t, t) + d(u, t) - laplace(u, x, y)]
    evolution = read(problem(wave, [initial(u=1), initial_rate(u=0), dirichlet(u=1)]))[0]
    assert evolution.fluxed
    scheme = Scheme(evolution, 5, 3, CPU)
    assert not shares(scheme, unequal(evolution, CPU), 50, 1e-9)


def test_conjugate_gradients_end_at_the_solution() -> None:
    """Of a dense Hermitian system, with another one in front of it."""
    generator = torch.Generator().manual_seed(1)
    drawn = torch.randn(1, 12, 12, generator=generator, dtype=torch.complex128)
    front = torch.eye(12, dtype=torch.complex128) * torch.linspace(1, 3, 12)
    apart = 0.02 * (drawn + drawn.mH)
    b = torch.randn(1, 1, 12, 1, generator=generator, dtype=torch.complex128)

    def inner(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return (x.conj() * y).real.sum((1, 2), keepdim=True)

    found, count = conjugate(
        torch.linalg.solve(front, b), lambda s: torch.linalg.solve(front, s), lambda c: apart @ c, inner
    )
    true = torch.linalg.solve(front + apart, b)
    assert count < 8
    assert float((found - true).abs().max()) < 1e-2 * float(true.abs().max())


@pytest.mark.parametrize("stages", range(2, 8))
def test_one_matrix_is_near_those_of_all_stages_where_heat_flows(stages: int) -> None:
    """|lambda + nu|^2/(mu + nu)^2 over nu > 0 varies by no more than 1.7, so that an iteration leaves 0.13."""
    r, nu = radau(stages, CPU), torch.logspace(-3, 4, 500, dtype=torch.float64)
    ratio = (r.values[:, None] + nu).abs().square() / (r.middle + nu).square()
    most = float((ratio.amax(1) / ratio.amin(1)).max())
    assert (math.sqrt(most) - 1) / (math.sqrt(most) + 1) < 0.135


def test_it_is_shared_where_it_is_hardly_used() -> None:
    """Small cells that are solved often are not worth it, and none whose use is not known."""
    operator, _ = factorised("a disc", 5, 0.1)
    scheme, mesh = operator.scheme, operator.mesh
    assert not shares(scheme, mesh, len(mesh), math.inf)
    assert not shares(scheme, mesh, len(mesh), 1000.0)
    assert shares(scheme, mesh, len(mesh), 0.1)
    assert not shares(Scheme(scheme.evolution, 5, 1, CPU), mesh, len(mesh), 0.1)


def test_traces_by_field_are_all_of_them_and_leave_what_dense_matrices_do() -> None:
    """What is left of a cell, W^2 (1 - W^2 T H^-1 T*), with all of T and NumPy."""
    cells = factorised("a pressure", 3, 0.02)[0].cells
    assert isinstance(cells, JoinedFaces)
    for group in cells.groups:
        assert len(group.places) == 3 and sum(places.shape[1] for places in group.places) == group.unknowns.shape[1]
        some, whole = torch.arange(len(group.cells)), group.rows(slice(None))
        m, found = whole.shape[2] // 3, torch.zeros_like(whole)
        for f, (places, traces) in enumerate(group.blocks(some)):
            for j in range(len(some)):
                found[j, places[j], f * m : (f + 1) * m] = traces[j]
        assert torch.equal(found, whole)
        size = 3 * m
        inverse = torch.eye(size, dtype=torch.float64) + 0.1 * torch.sin(torch.arange(size**2.0)).reshape(
            1, 1, size, size
        )
        square = torch.full((1, 1, 1, 1), 0.5, dtype=torch.float64)
        left = of_joins(inverse, square)(group, some, [0] * len(some))[0].numpy()
        for j, t in enumerate(whole.numpy()):
            wanted = 0.5 * (np.eye(len(t)) - 0.5 * t @ inverse[0, 0].numpy() @ t.T)
            assert np.abs(left[j] - wanted).max() < 1e-12 * np.abs(wanted).max()


def test_cells_that_are_alike_are_solved_side_by_side() -> None:
    """The inverse of each one's kind times its own right sides; nothing in cells of others."""
    generator = torch.Generator().manual_seed(0)
    cells, kinds = torch.tensor([5, 0, 3, 4, 1]), torch.tensor([1, 0, 7, 1, 0, 1])  # 2 is another rank's
    own = OwnCells(cast(Any, None), cells, torch.tensor([1, 0]), kinds, [], [], 2)
    inverse, right = (torch.randn(*s, generator=generator, dtype=torch.float64) for s in ((2, 2, 4, 4), (2, 6, 4, 3)))
    found = own.alone(inverse, right)
    for cell in range(6):
        wanted = inverse[:, kinds[cell]] @ right[:, cell] if cell != 2 else torch.zeros(2, 4, 3, dtype=torch.float64)
        assert torch.allclose(found[:, cell], wanted, rtol=1e-13, atol=1e-13)
