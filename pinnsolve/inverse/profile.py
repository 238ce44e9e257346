"""The profile of each constant: how far it can be moved, everything else solved again, until the misfit rises by one.

A linearised standard error says how far noise moves the minimum. Where the equations' own residual holds a constant,
because features are few and stiff and not because data tell it, that is far too small; where data tell nothing it is
zero. So each constant is moved by its error, held, and all else is solved again:

    rise = chi^2 - chi^2_0 + max(0, W e - max(W e_0, met)) / max(1, W e_0 / 10).

A residual of the equations that training would call met (`met`), or that is left anyway, says nothing. A rise of about
one confirms the error. Less, and the constant goes on until it rises: that is its error; where it never does, nothing
determines it, and its error is infinite. W is raised until the equations hold beside the noise.

Source: Pawitan, In All Likelihood (Oxford 2001), section 3.4; Raue et al., Bioinformatics 25 (2009) 1923, equation 7.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

from pinnsolve.inverse.refit import Misfits, Refit


@dataclass(frozen=True)
class Reach:
    """How far and how finely profiles are followed; chosen, not measured.

    Parameters
    ----------
    heavier : tuple of float
        Weights of the equations that are tried. Larger ones: features are stiffer than data.
    held : float
        Of one unit of chi squared: what the equations may leave. Larger: fits that follow the noise by leaving them.
    risen : float
        Times the least that they left: features that leave more do not follow. Smaller: one bad step ends it.
    bent : float
        What noise makes equations leave, in chi squared: of more, features are the cause, and it counts for less.
        Larger: stiff features are taken for data. Smaller: errors are too large.
    confirmed : float
        A rise from which on an error is as it was stated: where equations give a little, noise moves a constant less
        than the misfit says. Larger: errors are too large. Smaller: errors that are half of what they should be pass.
        `python -m validation.calibration`.
    size : float
        Times a constant's own size, or its guess: where it moves so far and no misfit rises, nothing determines it.
    least, factor : float
        The least and the most by which an error is widened at once.
    tries : int
        Places on either side. Fewer: an error that is far too small is not followed to its end.
    vanished : float
        Of the guess: where a positive constant that is smaller is looked at from. Larger: a small one is moved.
    along : float
        Of a constant's own size: where another one moves it so far at no cost, nothing determines either.
    bends : float
        Of a rise: by so much it may differ from what slopes foretell, and on the other side by as much the other way.
        Larger: one side is taken for both, though the other rises less than is `confirmed`.
    inside : float
        Of what is left up to a limit: an error that is longer has sides of its own.
    """

    heavier: tuple[float, ...] = (1.0, 1e1, 1e2, 1e3, 1e4)
    held: float = 0.1
    risen: float = 3.0
    bent: float = 10.0
    confirmed: float = 0.25
    size: float = 10.0
    least: float = 3.0
    factor: float = 10.0
    tries: int = 6
    vanished: float = 1e-3
    along: float = 0.5
    bends: float = 0.5
    inside: float = 0.1


REACH = Reach()


@dataclass
class Side:
    """One side of a profile: how far the constant goes until the misfit rises, and whether it never does."""

    far: float
    open: bool = False
    values: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Profiled:
    """What the profiles say.

    Parameters
    ----------
    errors : dict from name to float
        No less than what was stated; infinite where nothing determines a constant.
    told : list of str
        Which are undetermined, in words.
    undetermined : list of str
    unchecked : list of str
        Those for which there was no time.
    """

    errors: dict[str, float]
    told: list[str]
    undetermined: list[str]
    unchecked: list[str]


class Profile:
    """The profiles of all constants of a solution.

    Parameters
    ----------
    refit : Refit
        Of the solution, which is solved again with equations that are heavy enough: the constants are those of it.
    met : float
        e of a residual that training would call met.
    """

    stated: Mapping[str, float]

    def __init__(self, refit: Refit, met: float) -> None:
        self.refit, self.met = refit, met
        self.trial = refit.residuals.trial
        self.unchecked = list[str]()
        self._from_zero()
        self.base, self.start = self._heavy_enough()
        if self.trial.frozen and self.trial.functions.declared and not refit.exact and not refit.spent:
            refit.smoothed()
            self.base, self.start = refit.misfits(), self.trial.vector()
        self.found = refit.values()
        self.furthest = dict.fromkeys(self.found, 0.0)  # of each constant, wherever the misfit has not risen

    def _heavy_enough(self) -> tuple[Misfits, Tensor]:
        """Everything solved with the equations so heavy that they leave the least beside the noise, while the data are
        met: no heavier than data and equations agree."""
        refit, trained = self.refit, self.refit.misfits()
        seen = [(math.inf, 1.0, trained, self.trial.vector())]
        for heavy in REACH.heavier if refit.data else (1.0,):
            refit.heavy = heavy
            now = refit.settled_anew()
            if now.data > trained.data + refit.by_chance:
                break
            seen.append((heavy * now.equations, heavy, now, self.trial.vector()))
            least = min(s[0] for s in seen)
            if seen[-1][0] <= REACH.held or seen[-1][0] > REACH.risen * least or refit.spent:
                break
        _, refit.heavy, base, start = min(seen, key=lambda s: s[0])
        self.trial.assign(start)
        return base, start

    def _from_zero(self) -> None:
        """Where a positive constant has all but vanished, it has no slope that would lead it back."""
        for name, declared in self.trial.constants.declared.items():
            if declared.positive and self.refit.values()[name] < REACH.vanished * declared.guess:
                self.trial.constants.put(name, REACH.vanished * declared.guess)

    def rescaled(self, noise: Mapping[str, float]) -> None:
        """Take another size for the noise of each set of data (its residual's units)."""
        self.refit.rescale(noise)
        self.base = self.refit.misfits()

    def made(self, stated: Mapping[str, float]) -> Profiled:
        """Follow all constants, beginning with their linearised standard errors; the trial function is left at the
        minimum."""
        self.stated = stated
        errors, told, lost = {}, list[str](), list[str]()
        for name in self.found:
            if name in lost:
                continue
            sides = self._sides(name)
            errors[name] = self._error(name, *sides)
            if math.isinf(errors[name]):
                far = max((s for s in sides if s.open), key=lambda s: s.far)
                with_it = self._with(name, far)
                lost += [n for n in (name, *with_it) if n not in lost]
                told.append(self._told(name, with_it, far))
        errors = {n: math.inf if n in lost else max(errors[n], self.furthest[n]) for n in self.found}
        self.trial.assign(self.start)
        return Profiled(errors, told, lost, self.unchecked)

    # ------------------------------------------------------------ one constant

    def _sides(self, name: str) -> list[Side]:
        """Both of them; where the first rises as slopes foretold, the other does, too."""
        self.as_foretold = False
        first = self._side(name, -1)
        declared = self.trial.constants.declared[name]
        if self.as_foretold and first.far <= REACH.inside * self._limit(name, 1) and declared.ends is None:
            return [first, first]
        return [first, self._side(name, 1)]

    def _side(self, name: str, sign: int) -> Side:
        """Move it away on one side until the misfit rises."""
        self.trial.assign(self.start)
        limit, size = self._limit(name, sign), self._size(name)
        stated = 0 < self.stated[name] < size
        step = min(self.stated[name] if stated else 0.1 * size, limit)
        side = Side(0.0)
        for _ in range(REACH.tries):
            if self.refit.spent:
                self.unchecked += [name] * (name not in self.unchecked)
                return Side(max(side.far, self.stated[name]))
            if step <= 0:
                break
            value = self.found[name] + sign * step
            if side.far == 0.0:
                now, foretold = self.refit.beside(name, value)
            else:
                self.trial.constants.put(name, value)
                now, foretold = self.refit.settled({name}), math.inf
            risen = self.rise(now)
            if risen >= REACH.confirmed and side.far == 0.0:
                self.as_foretold = abs(risen - (foretold - self.base.data)) < REACH.bends * risen
                return Side(step if stated else step / risen**0.5)
            if risen >= 1.0:
                return Side(max(side.far, step / risen**0.5), False, side.values)
            side = Side(step, False, self.refit.values())
            self._reached(side.values)
            if step >= limit:
                break
            step = min(step * min(max(max(risen, sys.float_info.min) ** -0.5, REACH.least), REACH.factor), limit)
        never = side.far >= min(limit, size)  # a misfit that creeps on the way there does not rise
        return Side(side.far, never, side.values)

    def held(self, name: str, value: float) -> Misfits:
        """The misfits with a constant held at a value, everything else solved again from the minimum."""
        self.trial.assign(self.start)
        self.trial.constants.put(name, value)
        return self.refit.settled({name})

    def rise(self, now: Misfits) -> float:
        """Of the misfit, above that at the minimum."""
        heavy, base = self.refit.heavy, self.base
        left = heavy * base.equations
        over = max(0.0, heavy * now.equations - max(left, heavy * self.met))
        risen = now.data - base.data + now.bends - base.bends + over / max(1.0, left / REACH.bent)
        return risen if math.isfinite(risen) else math.inf

    def _size(self, name: str) -> float:
        declared = self.trial.constants.declared[name]
        return max(abs(self.found[name]), abs(declared.guess)) or 1.0

    def _limit(self, name: str, sign: int) -> float:
        """How far it may go: to its bounds, to near zero where it is positive, or many times its own size."""
        declared, value = self.trial.constants.declared[name], self.found[name]
        if declared.ends is not None:
            low, high = declared.ends
            return 0.999 * ((high - value) if sign > 0 else (value - low))
        if declared.positive and sign < 0:
            return value * (1 - 1 / REACH.size)
        return REACH.size * self._size(name)

    def _error(self, name: str, low: Side, high: Side) -> float:
        """The root mean square of both sides; infinite where it has no end."""
        declared = self.trial.constants.declared[name]
        if declared.ends is not None:
            endless = low.open and high.open
        else:
            endless = high.open or (low.open and not declared.positive)
        if endless:
            return math.inf
        sides = (high.far**2 + low.far**2) / 2
        return max(self.stated[name], sides**0.5)

    # ------------------------------------------------------------ together with others

    def _reached(self, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self.furthest[name] = max(self.furthest[name], abs(value - self.found[name]))

    def _with(self, name: str, side: Side) -> list[str]:
        """The other constants that moved by their own size when this one did."""
        moved = {n: abs(v - self.found[n]) for n, v in side.values.items() if n != name}
        return [n for n, far in moved.items() if far > REACH.along * abs(self.found[n])]

    def _told(self, name: str, others: list[str], side: Side) -> str:
        names = (name, *others)
        there = " and ".join(f"{n} = {side.values[n]:.3g}" for n in names)
        here = " and ".join(f"{n} = {self.found[n]:.3g}" for n in names)
        what = f"nothing determines {name}" if not others else f"the data tell {' and '.join(names)} only together"
        return f"{what}: {there} meets data and equations as well as {here}; add data"
