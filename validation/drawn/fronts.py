"""Fronts and pulses that travel, in any units, each with a formula."""

from __future__ import annotations

from collections.abc import Callable
from math import pi, sqrt
from typing import Any

import numpy as np
import torch
from torch import cosh, exp, sin, tanh

from pinnsolve import Box, Piecewise, Reference, d, dirichlet, exact, initial, initial_rate
from validation.drawn.statement import Drawn, Numbers, any_size, made

Wave = Callable[[Any, Any], Any]


def known(wave: Wave) -> Any:
    return lambda x, t: wave(torch.as_tensor(x), torch.as_tensor(t)).numpy()


def shock(rng: Numbers) -> Drawn:
    """Burgers' equation: a viscous shock that runs over a third of the domain."""
    length, speed = any_size(rng, 4), any_size(rng, 4)
    high, low, width = speed * rng.uniform(1, 3), speed * rng.uniform(-0.5, 0.5), length * rng.uniform(0.004, 0.02)
    mean, half = (high + low) / 2, (high - low) / 2
    nu, begin, time = half * width / 2, length * rng.uniform(0.2, 0.4), length / (3 * mean)

    def wave(x: Any, t: Any) -> Any:
        return mean - half * tanh((x - begin - mean * t) / width)

    def burgers(u: Any, x: Any, t: Any) -> Any:
        return d(u, t) + u * d(u, x) - nu * d(u, x, x)

    return _of(burgers, wave, length, time)


def invaded(rng: Numbers) -> Drawn:
    """Fisher's equation: a front runs into a state that is unstable."""
    rate, reach = any_size(rng, 4), any_size(rng, 4)  # sqrt(D/r)
    length, begin, time = reach * rng.uniform(40, 80), reach * rng.uniform(5, 15), rng.uniform(5, 15) / rate

    def wave(x: Any, t: Any) -> Any:
        return (1 + exp((x - begin) / (sqrt(6) * reach) - 5 * rate * t / 6)) ** -2

    def fisher(u: Any, x: Any, t: Any) -> Any:
        return d(u, t) - rate * reach**2 * d(u, x, x) - rate * u * (1 - u)

    return _of(fisher, wave, length, time)


def excited(rng: Numbers) -> Drawn:
    """Nagumo's equation: a front between two states that are stable, or with a = 0 Zeldovich's."""
    rate, reach, threshold = any_size(rng, 4), any_size(rng, 4), float(rng.choice([0.0, 0.1, 0.25]))
    length, begin, speed = reach * rng.uniform(80, 200), reach * rng.uniform(10, 20), rate * reach * sqrt(0.5)
    speed *= 1 - 2 * threshold

    def wave(x: Any, t: Any) -> Any:
        return 1 / (1 + exp((x - begin - speed * t) / (sqrt(2) * reach)))

    def nagumo(u: Any, x: Any, t: Any) -> Any:
        return d(u, t) - rate * reach**2 * d(u, x, x) - rate * u * (1 - u) * (u - threshold)

    return _of(nagumo, wave, length, length / (2 * speed))


def breather(rng: Numbers) -> Drawn:
    """The sine-Gordon equation: a bound state of two kinks, at rest."""
    omega, center, turns = rng.uniform(0.4, 0.9), rng.uniform(-2, 2), rng.uniform(1, 3)
    steep = sqrt(1 - omega**2)

    def wave(x: Any, t: Any) -> Any:
        return 4 * torch.atan(steep / omega * sin(omega * t) / cosh(steep * (x - center)))

    return Drawn(made(
        space=Box(x=(-20 / steep, 20 / steep)), time=(0, 2 * pi * turns / omega),
        equations=lambda u, x, t: d(u, t, t) - d(u, x, x) + sin(u),
        conditions=[initial(u=0), initial_rate(u=lambda x: 4 * steep / cosh(steep * (x - center))), dirichlet(u=wave)],
        reference=exact(u=known(wave)),
    ))  # fmt: skip


def wave_from_nowhere(rng: Numbers) -> Drawn:
    """The cubic Schroedinger equation: Peregrine's wave, three times as high as the waves that it comes from."""
    height, begin, time = any_size(rng, 2), -rng.uniform(1, 2.5), rng.uniform(3, 5)  # of the waves; in 1 / height^2

    def wave(x: Any, t: Any) -> tuple[Any, Any]:
        tau, q = begin + height**2 * t, 1 + 4 * (height * x) ** 2
        part = 4 / (q + 4 * tau**2)
        c, s = torch.cos(tau), sin(tau)
        return height * ((1 - part) * c + 2 * tau * part * s), height * ((1 - part) * s - 2 * tau * part * c)

    def real(x: Any, t: Any) -> Any:
        return wave(x, t)[0]

    def imaginary(x: Any, t: Any) -> Any:
        return wave(x, t)[1]

    return Drawn(made(
        space=Box(x=(-10 / height, 10 / height)), time=(0, time / height**2), unknowns=("a", "b"),
        equations=[lambda a, b, x, t: d(a, t) + d(b, x, x) / 2 + (a**2 + b**2) * b,
                   lambda a, b, x, t: d(b, t) - d(a, x, x) / 2 - (a**2 + b**2) * a],
        conditions=[initial(a=lambda x: real(x, 0 * x), b=lambda x: imaginary(x, 0 * x)), dirichlet(a=real, b=imaginary)],
        reference=exact(a=known(real), b=known(imaginary)), tolerance=1e-4,
    ))  # fmt: skip


def between_media(rng: Numbers) -> Drawn:
    """A pulse comes to where waves run at another speed: a part goes on, the rest comes back."""
    length, slow, ratio = any_size(rng, 3), any_size(rng, 3), float(rng.choice([0.2, 0.5, 3.0, 8.0]))
    width, begin = length * rng.uniform(0.02, 0.05), -length * rng.uniform(0.3, 0.4)

    def pulse(x: Any) -> Any:
        return exp(-(((x - begin) / width) ** 2))

    def wave(x: Any, t: Any) -> Any:
        back = (1 - ratio) / (1 + ratio)
        here = pulse(x - slow * t) + back * pulse(-x - slow * t)
        return torch.where(x < 0, here, (1 + back) * pulse(x / ratio - slow * t))

    rate = initial_rate(u=lambda x: 2 * slow * (x - begin) / width**2 * pulse(x))
    space, media = Box(x=(-length, ratio * length)), Box(x=(0, ratio * length))
    return Drawn(made(
        space=space, time=(0, 0.9 * length / slow), equations=lambda u, x, t, k: d(u, t, t) - d(k * d(u, x), x),
        conditions=[initial(u=pulse), rate, dirichlet(u=0)],
        parameters={"k": Piecewise(slow**2, (media, (ratio * slow) ** 2))},
        reference=lambda problem: Reference("d'Alembert", {"u": known(wave)}, float(np.exp(-30)), 0.0),
    ))  # fmt: skip


def _of(equation: Any, wave: Wave, length: float, time: float) -> Drawn:
    """A wave of one unknown, told at the start and at both ends."""
    return Drawn(made(
        space=Box(x=(0, length)), time=(0, time), equations=equation,
        conditions=[initial(u=lambda x: wave(x, 0 * x)), dirichlet(u=wave)], reference=exact(u=known(wave)),
    ))  # fmt: skip


FRONTS = {f.__name__: f for f in (shock, invaded, excited, breather, between_media, wave_from_nowhere)}
