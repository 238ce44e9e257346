"""What is left of cells over the unknowns of their sides, once all that is their own is eliminated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.cells.rows import Slopes, times
from pinnsolve.cells.sides import Sides
from pinnsolve.cells.sites import Site
from pinnsolve.networks.tiles import Tiles


@dataclass(frozen=True)
class Rules:
    """What is made at once. Chosen, not measured.

    Parameters
    ----------
    together : float
        Bytes of the traces of cells that are condensed at once, 32 at most. More: memory, of which several times as
        much is needed on the way. Fewer: small products.
    kept : float
        Bytes of what is left of cells that are alike: more are made anew for each. More: memory.
    """

    together: float = 1e7
    kept: float = 6e7


RULES = Rules()
Left = Callable[[Sides, Tensor, list[int]], Tensor]


def at_once(groups: Sequence[Sides]) -> int:
    """How many cells are condensed at once."""
    traces = max((group.size for group in groups if group.size), default=1)
    return max(1, min(32, int(RULES.together / (8 * traces))))


class Condensed:
    """By cell what is left of it over the unknowns of its sides, (s, k, k): its area times what `left` says.

    Made for a few cells at once, when they are eliminated: each takes more memory than all else that is kept of a cell.
    Of cells that are alike it is made once, where there is memory to keep it.

    Parameters
    ----------
    groups : sequence of Sides
    count : int
        How many cells are asked for.
    alike : tensor (n,)
        For each cell its number among those that stand for all alike.
    shares : tensor (n,)
        The areas.
    inverse : tensor (s, C, F M, F M)
        H^-1.
    left : callable
        Of a group, some cells by their numbers there, (c,), and those that stand for all alike: (s, c, k, k).
    """

    def __init__(
        self, groups: Sequence[Sides], count: int, alike: Tensor, shares: Tensor, inverse: Tensor, left: Left,
    ) -> None:  # fmt: skip
        self.inverse, self.left, self.together = inverse, left, at_once(groups)
        self.made: dict[int, Tensor] = {}  # by kind, or by cell where each is made by itself
        self.group = {j: g for g in groups for j in g.cells.tolist()}
        self.number = {j: k for g in groups for k, j in enumerate(g.cells.tolist())}
        self.kind: list[int] = alike.tolist()
        self.shares: list[float] = shares.tolist()
        blocks = 8 * inverse.shape[1] * max((g.unknowns.shape[1] ** 2 for g in groups), default=0)
        self.once = inverse.shape[1] == count or blocks > RULES.kept

    @property
    def like(self) -> Tensor:
        """Numbers of their kind, (s,)."""
        return self.inverse[:, 0, 0, 0]

    def _key(self, cell: int) -> int:
        return cell if self.once else self.kind[cell]

    def __getitem__(self, cell: int) -> Tensor:
        self.make([cell])
        return self.shares[cell] * self.made[self._key(cell)]

    def several(self, cells: Sequence[int]) -> Tensor:
        """The same of cells with as many unknowns, (s, c, k, k), for the last time."""
        shares = self.inverse.new_tensor([self.shares[j] for j in cells], dtype=torch.float64)[:, None, None]
        if self.once and not any(j in self.made for j in cells):
            return torch.cat([self._left(some) for some in self._few(cells)], 1).mul_(shares)
        self.make(cells)
        found = torch.stack([self.made[self._key(j)] for j in cells], 1) * shares
        if self.once:
            for j in cells:
                del self.made[j]
        return found

    def make(self, cells: Sequence[int]) -> None:
        """Keep those of cells with as many unknowns."""
        wanted = {self._key(j): j for j in cells if self._key(j) not in self.made}
        for some in self._few([*wanted.values()]):
            self.made.update(zip(map(self._key, some), self._left(some).unbind(1), strict=True))

    def _few(self, cells: Sequence[int]) -> list[Sequence[int]]:
        """So many at once."""
        return [cells[low : low + self.together] for low in range(0, len(cells), self.together)]

    def _left(self, cells: Sequence[int]) -> Tensor:
        numbers = torch.tensor([self.number[j] for j in cells], device=self.inverse.device)
        return self.left(self.group[cells[0]], numbers, [self.kind[j] for j in cells])


def of_joins(inverse: Tensor, square: Tensor) -> Left:
    """W^2 (1 - W^2 T H^-1 T*) of cells that are joined by rows, with W^2 (s, 1, 1, 1)."""

    def left(group: Sides, numbers: Tensor, kinds: list[int]) -> Tensor:
        blocks = group.blocks(numbers)
        traced = [t for _, t in blocks]
        lift = _traced(traced, _traced(traced, inverse[:, kinds]).mT)  # T (T H^-1)', by field
        if len(blocks) > 1:
            back = torch.cat([places for places, _ in blocks], 1).argsort(1)
            lift = lift[:, torch.arange(len(back), device=back.device)[:, None, None], back[:, :, None], back[:, None]]
        one = torch.eye(lift.shape[-1], dtype=torch.float64, device=lift.device)
        return (one - square * lift.mT).mul_(square)

    return left


def _traced(blocks: Sequence[Tensor], x: Tensor) -> Tensor:
    """T x, (s, c, k, K), of coefficients (s, c, F M, K), in the order of T's blocks by field, (c, k_f, M)."""
    m = x.shape[2] // len(blocks)
    return torch.cat([times(t, x[:, :, f * m : (f + 1) * m]) for f, t in enumerate(blocks)], 2)


def constant(slopes: Sequence[Slopes], everywhere: Callable[[Sequence[Tensor], bool], bool]) -> bool:
    """Whether no slope varies; `everywhere` tells that of one number of each, and of what is found here."""
    numbers = [s for mine in slopes for s in mine.values() if s.numel()]
    return everywhere([s.flatten()[0] for s in numbers], all(bool((s == s.flatten()[0]).all()) for s in numbers))


def alike(
    mesh: Tiles, keys: Sequence[tuple[int, ...]], sites: Sequence[tuple[Site, Slopes]], constant: bool
) -> tuple[Tensor, Tensor]:
    """Cells that stand for all alike, and for each cell its number among them: where equations and conditions do
    not vary, cells of one size and part with the same neighbours are.

    Parameters
    ----------
    keys : sequence of tuple
        For each cell what its traces depend on.
    constant : bool
        Whether equations and conditions do not vary.
    """
    n = len(mesh)
    if not constant:
        return torch.arange(n, device=mesh.device), torch.arange(n, device=mesh.device)
    walls: list[list[int]] = [[] for _ in range(n)]
    for k, site in enumerate(site for site, _ in sites):
        for j in site.cells.tolist():  # a rim is nowhere the same
            walls[j].append(k if site.side is not None and site.xi.dim() == 2 else -1 - j)
    sizes = (mesh.widths / mesh.lengths * 1e12).round().tolist()
    known: dict[object, int] = {}
    first, number = list[int](), list[int]()
    for j, (key, size, wall, part) in enumerate(zip(keys, sizes, walls, mesh.parts.tolist(), strict=True)):
        whole = key, tuple(size), tuple(wall), part
        if whole not in known:
            known[whole] = len(first)
            first.append(j)
        number.append(known[whole])
    return torch.tensor(first, device=mesh.device), torch.tensor(number, device=mesh.device)
