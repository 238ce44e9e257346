"""Periodic problems and one between zero walls: Fourier modes, exponential Runge-Kutta steps (ETDRK4) or splitting."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np
from scipy import fft

from benchmarks.pinnacle.recipes import wave_sums, waves
from benchmarks.pinnacle.truths.record import MOVING, Truth, Values, at_times, on_two_grids, uniform
from validation.allen_cahn import exponential_step, exponential_weights
from validation.refine import Array, Interval

Rate = Callable[[Any], Any]


def modes(n: int, *ends: Interval) -> list[Array]:
    """The wave numbers of real transforms over boxes with n nodes a side; those of the last axis are halved."""
    count = len(ends)
    numbers = [fft.fftfreq(n, 1 / n)] * (count - 1) + [fft.rfftfreq(n, 1 / n)]
    shaped = [k.reshape([-1 if axis == j else 1 for j in range(count)]) for axis, k in enumerate(numbers)]
    return [2 * np.pi / (high - low) * k for k, (low, high) in zip(shaped, ends, strict=True)]


def levels(rate: Rate, decay: Array, wave: Any, step: float, every: int, count: int) -> Iterator[Any]:
    """The state after each `every` of count * every steps of d(wave)/dt = decay wave + rate(wave)."""
    weights = exponential_weights(decay, step)
    for _ in range(count):
        for _ in range(every):
            wave = exponential_step(rate, wave, weights)
        yield wave


def at_places(n: int, box: tuple[Interval, Interval], places: dict[str, Array]) -> Callable[[Any], Array]:
    """From the transform of n x n nodes to the values of its trigonometric polynomial at places."""
    numbers = fft.fftfreq(n, 1 / n)
    ex, ey = (
        np.exp(2j * np.pi * np.outer((places[c] - low) / (high - low), numbers))
        for c, (low, high) in zip("xy", box, strict=True)
    )

    def values(wave: Any) -> Array:
        whole = fft.fft2(fft.irfft2(wave, (n, n)))
        return np.asarray(np.einsum("pk,pk->p", ex @ whole, ey).real / n**2)

    return values


def ks() -> Truth:
    """u_t = decay u - 100/32 (u^2)_x; dealiased by two thirds."""
    times = np.linspace(0.01, 1, 100)
    x = 2 * np.pi * (np.arange(256) + 0.5) / 256
    places = at_times({"x": x}, times)

    def solve(grid: tuple[int, int]) -> Values:
        n, steps = grid
        (k,) = modes(n, (0.0, 2 * np.pi))
        decay = 100 / 16**2 * k**2 - 100 / 16**4 * k**4
        slope = np.where(k < n / 3, -100 / 32 * 1j * k, 0)
        nodes = 2 * np.pi * np.arange(n) / n
        shift = np.exp(1j * k * np.pi / 256)

        def steepening(wave: Any) -> Any:
            return slope * fft.rfft(fft.irfft(wave, n) ** 2)

        start = fft.rfft(np.cos(nodes) * (1 + np.sin(nodes)))
        found = levels(steepening, decay, start, 1 / steps, steps // 100, 100)
        return {"u": np.concatenate([fft.irfft(w * shift, n)[:: n // 256] for w in found])}

    grids = (512, 8000), (1024, 20000)
    return on_two_grids(places, solve, grids, "Fourier with ETDRK4, 512 modes in 8,000 steps and 1,024 in 20,000")


def burgers2d_c() -> Truth:
    """Both components in Fourier modes, products dealiased by two thirds."""
    unit: tuple[Interval, Interval] = (0.0, 1.0), (0.0, 1.0)
    here = uniform(MOVING, {"x": unit[0], "y": unit[1]})

    def solve(grid: tuple[int, int]) -> Values:
        n, steps = grid
        kx, ky = modes(n, *unit)
        kept = (np.maximum(abs(kx), abs(ky)) < 2 * np.pi * n / 3).astype(float)
        nodes = np.arange(n) / n
        a, b, shift = waves()
        start = [s + w for s, w in zip(shift, wave_sums(a, b, nodes[:, None], nodes[None, :]), strict=True)]

        def transport(state: Any) -> Any:
            u, v, ux, vx, uy, vy = (
                fft.irfft2(part, (n, n)) for part in (*state, *(1j * kx * state), *(1j * ky * state))
            )
            return -kept * np.stack([fft.rfft2(u * ux + v * uy), fft.rfft2(u * vx + v * vy)])

        decay = -0.001 * (kx**2 + ky**2)
        first = np.stack([fft.rfft2(s) for s in start])
        read = at_places(n, unit, here)
        found = list(levels(transport, decay, first, 1 / steps, steps // 10, 10))
        return {name: np.concatenate([read(w[c]) for w in found]) for c, name in enumerate("uv")}

    about = "Fourier with ETDRK4, 512 x 512 modes in 1,000 steps and 1,024 x 1,024 in 2,000"
    return on_two_grids(at_times(here, np.linspace(0.1, 1, 10)), solve, ((512, 1000), (1024, 2000)), about)


def gs() -> Truth:
    """Strang splitting: diffusion exactly, the reaction by one Runge-Kutta step of order four."""
    square: tuple[Interval, Interval] = (-1.0, 1.0), (-1.0, 1.0)
    here = uniform(MOVING, {"x": square[0], "y": square[1]})

    def reaction(state: Array) -> Array:
        u, v = state
        fed = u * v**2
        return np.stack([0.04 * (1 - u) - fed, fed - 0.1 * v])

    def solve(grid: tuple[int, float]) -> Values:
        n, step = grid
        kx, ky = modes(n, *square)
        half = np.exp(-step / 2 * np.array([1e-5, 5e-6])[:, None, None] * (kx**2 + ky**2))
        nodes = -1 + 2 * np.arange(n) / n
        x, y = nodes[:, None], nodes[None, :]
        off = [np.exp(-80 * ((x + s * 0.05) ** 2 + (y + s * 0.02) ** 2)) for s in (1, -1)]
        w, read, found = fft.rfft2(np.stack([1 - off[0], off[1]])), at_places(n, square, here), []
        for k in range(1, round(200 / step) + 1):
            state = fft.irfft2(half * w, (n, n))
            a = reaction(state)
            b = reaction(state + step / 2 * a)
            c = reaction(state + step / 2 * b)
            e = reaction(state + step * c)
            w = half * fft.rfft2(state + step / 6 * (a + 2 * b + 2 * c + e))
            if k % round(10 / step) == 0:
                found.append([read(part) for part in w])
        return {name: np.concatenate([f[c] for f in found]) for c, name in enumerate("uv")}

    about = "Fourier with Strang's splitting, 256 x 256 modes with steps of 0.25 and 384 x 384 with 0.125"
    return on_two_grids(at_times(here, np.linspace(10, 200, 20)), solve, ((256, 0.25), (384, 0.125)), about)


def heat2d_lt() -> Truth:
    """Sines along x and y."""
    here = uniform(500, {"x": (0, 1), "y": (0, 1)})

    def solve(grid: tuple[int, float]) -> Values:
        n, step = grid
        k = np.pi * np.arange(1, n)
        nodes = np.arange(1, n) / n
        decay = -0.001 * (k[:, None] ** 2 + k[None, :] ** 2)
        x, y = nodes[:, None], nodes[None, :]
        shape = np.sin(4 * np.pi * x) * np.sin(2 * np.pi * y)
        ex, ey = (np.sin(np.outer(here[c], k)) for c in "xy")
        w = fft.dstn(np.sin(4 * np.pi * x) * np.sin(3 * np.pi * y), type=1)
        weights, found, t = exponential_weights(decay, step), [], 0.0
        for number, stage in product(range(1, round(100 / step) + 1), [step]):
            when = iter((t, t + stage / 2, t + stage / 2, t + stage))

            def source(wave: Any, when: Iterator[float] = when) -> Any:
                now = 5 * (1 + 2 * np.sin(np.pi * next(when) / 4))
                return fft.dstn(now * shape * np.sin(fft.idstn(wave, type=1) ** 2), type=1)

            w, t = exponential_step(source, w, weights), number * step
            if number % round(0.2 / step) == 0:
                found.append(np.einsum("pk,pk->p", ex @ w, ey) / n**2)
        return {"u": np.concatenate(found)}

    about = "sines with ETDRK4, 96 x 96 in steps of 0.02 and 160 x 160 in steps of 0.01"
    return on_two_grids(at_times(here, np.linspace(0.2, 100, 500)), solve, ((96, 0.02), (160, 0.01)), about)


TRUTHS: dict[str, Callable[[], Truth]] = {"ks": ks, "burgers2d_c": burgers2d_c, "gs": gs, "heat2d_lt": heat2d_lt}
