"""What the factorised equations of a step over cells cost, and whether one factorisation serves all of its stages."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pinnsolve.algebra.operations import product
from pinnsolve.cells import joined_chain
from pinnsolve.cells.elimination_order import order_in
from pinnsolve.cells.implicit_step import Scheme
from pinnsolve.cells.own_cells import condensation, numbers_of
from pinnsolve.networks.tiles import Tiles


@dataclass(frozen=True)
class Rules:
    """When one factorisation serves all stages. Measured over 4 to 504 cells of a plane (discs, eddies, mixing, heat
    around seventeen holes).

    Parameters
    ----------
    saves : float
        Of the counted difference of the factorisations: small matrices hardly take four times as long as complex ones.
        Larger: it is shared where solutions then take more than is saved.
    iterations, fluxed, waves : float
        Of conjugate gradients in a solution: two to three where diffusion is most, four where fluxes join cells and
        residuals are made least, ten where nothing is diffused.
    each : float
        Of a solution by its own factors what one iteration takes, with all stages side by side.
    call : float
        Operations of a solution, however few cells there are.
    """

    saves: float = 0.2
    iterations: float = 3.0
    fluxed: float = 4.0
    waves: float = 10.0
    each: float = 0.38
    call: float = 1e8


RULES = Rules()


def operations(
    scheme: Scheme, mesh: Tiles, unlike: int | None = None, uses: float = math.inf
) -> tuple[float, float]:  # fmt: skip
    """Of one factorisation and of one solution on a mesh; of a plane with so many cells that are unlike each other, and
    for so many solutions."""
    if mesh.dims == 1:
        return joined_chain.operations(scheme, mesh)
    unlike = len(mesh) if unlike is None else unlike
    shared = shares(scheme, mesh, unlike, uses)
    solve = _of_faces(scheme, mesh, unlike, False)[1]
    factor = _of_faces(scheme, mesh, unlike, shared)[0]
    return factor, solve * (_through(scheme) if shared else 1.0)


def alike(scheme: Scheme) -> bool:
    """Whether in a plane and over space rows weigh as much at all stages, so that one factorisation may serve them."""
    e = scheme.evolution
    return e.dims > 1 and e.time is not None and not scheme.weak and scheme.stages > 1


def shares(scheme: Scheme, mesh: Tiles, unlike: int, uses: float) -> bool:
    """Whether one real factorisation shall serve all stages, for so many solutions; not where waves take even steps,
    which the same factors serve."""
    even = scheme.evolution.constant and not _diffuses(scheme)
    if even or not (alike(scheme) or _by_mass(scheme)) or uses == math.inf:
        return False
    factor, solve = _of_faces(scheme, mesh, unlike, False)
    saved = RULES.saves * (factor - _of_faces(scheme, mesh, unlike, True)[0])
    return saved > uses * (_through(scheme) - 1) * (solve + RULES.call)


def _by_mass(scheme: Scheme) -> bool:
    """Whether fluxes join cells, and stages differ by a mass alone: all is of first order in time."""
    e = scheme.evolution
    return bool(e.fluxed) and e.time is not None and set(e.orders) == {1} and scheme.stages > 1


def _diffuses(scheme: Scheme) -> bool:
    return any(max(k) > 1 for k in scheme.evolution.joins)


def _through(scheme: Scheme) -> float:
    """What a solution by factors that stages share takes of one by factors of their own."""
    if scheme.weak:
        return RULES.each * (1 + RULES.fluxed)
    return RULES.each * (1 + (RULES.iterations if _diffuses(scheme) else RULES.waves))


def _of_faces(scheme: Scheme, mesh: Tiles, unlike: int, shared: bool) -> tuple[float, float]:
    """Of one factorisation, where so many cells are unlike each other, or of one for all stages, and of a solution."""
    e = scheme.evolution
    order = order_in(scheme, mesh)
    factor, solve = order.operations
    kinds = 1.0 if shared else sum(1.0 if value.imag == 0 else 4.0 for value in scheme.radau.values.tolist())
    m, r, k = numbers_of(scheme, mesh, order)
    rows, inverse, sides = condensation(m, r, k)
    once = product(m, r, 1) + product(m, m, 1) + 2 * product(m, k, 1)
    if e.time is not None and (shared or e.dims > 2):  # products of rows and traces are real, of rows made once
        each = 4 * rows + kinds * inverse + (1.0 if shared else scheme.stages) * sides
    else:
        each = kinds * (rows + inverse + sides)
    # small matrices take so many times as long as their operations do in a factorisation, and those of space less
    slow = 1.5 if e.dims < 3 else 0.5
    return slow * (unlike * each + kinds * factor), slow * kinds * (len(mesh) * once + solve)
