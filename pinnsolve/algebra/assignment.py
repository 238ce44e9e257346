"""Which row stands for which column, so that the sum is largest.

Rows are matched one after the other along shortest augmenting paths, with prices that keep reduced costs from falling
below zero: Jonker & Volgenant, Computing 38 (1987) 325-340. SciPy has it, too, but takes longer to load than most
problems take to be checked.
"""

from __future__ import annotations

import math
from collections.abc import Sequence


def largest_sum(values: Sequence[Sequence[float]]) -> float:
    """The largest sum of one value from each row, no two of them in one column.

    Parameters
    ----------
    values : sequence of n sequences of m >= n finite numbers

    >>> largest_sum([[2, 3, 0], [1, 3, 0]])
    5.0
    """
    count = len(values[0]) if values else 0
    owner: list[int | None] = [None] * count  # the row that has a column
    paid, price = [0.0] * len(values), [0.0] * count
    for row in range(len(values)):
        near, before, done = [math.inf] * count, [-1] * count, list[int]()
        now, last = row, -1
        while True:
            for c in range(count):
                away = -values[now][c] - paid[now] - price[c]
                if c not in done and away < near[c]:
                    near[c], before[c] = away, last
            last = min((c for c in range(count) if c not in done), key=near.__getitem__)
            step = near[last]
            paid[row] += step
            for c in range(count):
                if c in done:
                    price[c] -= step
                    paid[owner[c]] += step  # type: ignore[index]
                else:
                    near[c] -= step
            done.append(last)
            if owner[last] is None:
                break
            now = owner[last]  # type: ignore[assignment]
        while last >= 0:
            earlier = before[last]
            owner[last] = row if earlier < 0 else owner[earlier]
            last = earlier
    return float(sum(values[r][c] for c, r in enumerate(owner) if r is not None))
