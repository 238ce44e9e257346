"""The measurements of the inverse problems and of the fit, from solutions that this project computes itself.

    python -m problems.data.make        writes every CSV file of this folder anew, the same to the last digit

Places are scattered evenly over space and time, noise is normal, seeds stand below. Places are rounded before the
fields are computed and values afterwards, so that no machine's rounding shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from math import pi
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from validation import hot_rod
from validation.burgers import TUBE, solve_by_quadrature
from validation.eddies import WINDOW, solve_on_grid
from validation.heated_bar import BAR, STRONG, temperature
from validation.rod import ROD, solve_on

Array = NDArray[np.float64]
FOLDER = Path(__file__).parent
DECIMALS, DIGITS = 6, 9  # of places; of values


@dataclass(frozen=True)
class Measurements:
    """What one file holds.

    Parameters
    ----------
    fields : callable () -> mapping from unknown to function of the coordinates
    domain : mapping from coordinate to (low, high)
    count : int
    sigma : float
        The standard deviation of the noise, in the unknowns' units.
    seed : int
    sensors : mapping from coordinate to tuple of float
        Where they stand, by turns; otherwise anywhere.
    """

    fields: Callable[[], Mapping[str, Callable[..., Array]]]
    domain: Mapping[str, tuple[float, float]]
    count: int
    sigma: float
    seed: int
    sensors: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    def columns(self, count: int | None = None) -> dict[str, Array]:
        """Coordinates and values, (count,) each; the first `count` of all, by default every one."""
        rng, some = np.random.default_rng(self.seed), slice(count)
        cube = rng.uniform(size=(self.count, len(self.domain)))
        ends = zip(self.domain.items(), cube.T, strict=True)
        places = {c: np.round(low + (high - low) * part, DECIMALS)[some] for (c, (low, high)), part in ends}
        places |= {c: np.resize(values, self.count)[some] for c, values in self.sensors.items()}
        fields = self.fields()
        noise = self.sigma * rng.standard_normal((self.count, len(fields)))
        return places | {u: f(**places) + e[some] for (u, f), e in zip(fields.items(), noise.T, strict=True)}


def burgers() -> Mapping[str, Callable[..., Array]]:
    """Cole's and Hopf's solution, by a quadrature that is good to rounding."""
    return {"u": solve_by_quadrature(8, 0.01 / pi)}


def eddies() -> Mapping[str, Callable[..., Array]]:
    """The velocity alone, of 64 x 64 Fourier modes: good to 1e-9."""
    fields = solve_on_grid(64, 0.05)
    return {u: fields[u] for u in "uv"}


def franke() -> Mapping[str, Callable[..., Array]]:
    """Franke's surface, Math. Comp. 38 (1982) 181-200."""

    def surface(x: Array, y: Array) -> Array:
        hill = 0.75 * np.exp(-((9 * x - 2) ** 2) / 4 - (9 * y - 2) ** 2 / 4)
        slope = 0.75 * np.exp(-((9 * x + 1) ** 2) / 49 - (9 * y + 1) / 10)
        lower = 0.5 * np.exp(-((9 * x - 7) ** 2) / 4 - (9 * y - 3) ** 2 / 4)
        return np.asarray(hill + slope + lower - 0.2 * np.exp(-((9 * x - 4) ** 2) - (9 * y - 7) ** 2))

    return {"f": surface}


def rod() -> Mapping[str, Callable[..., Array]]:
    """The temperature alone, of 48 Chebyshev polynomials: good to rounding."""
    return {"u": solve_on(48)["u"]}


def bar(heat: float) -> Mapping[str, Callable[..., Array]]:
    """The temperature alone, by Kirchhoff's transform."""
    return {"T": temperature(heat)}


def pulse() -> Mapping[str, Callable[..., Array]]:
    """The temperature of a rod through which a pulse goes, of 32 Chebyshev polynomials: good to 1e-8."""
    return {"T": hot_rod.solve_on(32)["T"]}


FILES = {
    "burgers.csv": Measurements(burgers, TUBE, 2000, 0.0, 1),
    "burgers_noisy.csv": Measurements(burgers, TUBE, 2000, 0.0061, 1),
    "eddies.csv": Measurements(eddies, WINDOW, 2000, 0.0065, 2),
    "rod.csv": Measurements(rod, ROD, 500, 0.013, 4),
    "bar_weak.csv": Measurements(partial(bar, 1.0), BAR, 60, 0.002, 5),
    "bar_strong.csv": Measurements(partial(bar, STRONG), BAR, 60, 0.002, 6),
    "hot_rod.csv": Measurements(pulse, hot_rod.ROD, 180, 0.005, 7, {"x": (0.4, 0.7, 1.0)}),
    "franke.csv": Measurements(franke, {"x": (0.0, 1.0), "y": (0.0, 1.0)}, 600, 0.03, 3),
}


def text(columns: Mapping[str, Array]) -> str:
    """The columns as CSV, with a line of names."""
    rows = zip(*columns.values(), strict=True)
    lines = [",".join(columns), *(",".join(f"{value:.{DIGITS}g}" for value in row) for row in rows)]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write all files."""
    for name, measurements in FILES.items():
        (FOLDER / name).write_text(text(measurements.columns()))


if __name__ == "__main__":
    main()
