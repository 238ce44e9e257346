"""Unknown constants from data, with equations that hold for all their values: Gauss and Newton's steps, damped.

With r(z) the misfits to data in units of their noise and J = dr/dz, from sensitivities on the cells of the solution,

    (J^T J + mu D) dz = -J^T r,      D the diagonal of J^T J,

where z is the logarithm of a positive constant (`problem.unknown`). A step is taken if the misfit falls; mu falls with
it, and rises where it does not, or where the equations cannot be solved there.

Source: Marquardt, J. SIAM 11 (1963) 431; Caracotsios & Stewart, Computers & Chem. Eng. 9 (1985) 359 (sensitivities).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.inverse.limits import LIMITS
from pinnsolve.methods.fitting_rules import RULES
from pinnsolve.residuals.of_constants import DataOfConstants
from pinnsolve.trial.by_constants import ByConstants


@dataclass
class Fitting:
    """A fit as it stands.

    Parameters
    ----------
    data : DataOfConstants
    damping : float
    enough : float
        Of a misfit that is no noise: a step that brings less is the last one, where more terms can follow.
    ahead : float
        By how much the misfit would fall yet, where such a step was not taken.
    """

    data: DataOfConstants
    damping: float = RULES.damping
    enough: float = 0.0
    ahead: float = 0.0

    @property
    def model(self) -> ByConstants:
        return self.data.trial

    def misfit(self) -> float:
        """The sum of squares, in the data's own scales; infinite where nothing is solved."""
        total = sum(float((self._scale(n) * r).square().sum()) for n, r in self.data.values().items())
        return total if math.isfinite(total) else math.inf

    def __len__(self) -> int:
        """How many measurements there are."""
        return sum(self.data.counts.values())

    @property
    def known(self) -> bool:
        """Whether the noise of all data is."""
        return all(d.known for d in self.model.problem.data.values())

    def score(self) -> float:
        """Akaike's criterion: the smaller the better."""
        left = max(self.misfit() - self.ahead, 0.0)
        misfit = left if self.known else 2 * len(self) * math.log(max((left / len(self)) ** 0.5, 1e-150))
        return misfit + 2 * self.model.forward.count

    def rms(self) -> float:
        """The root mean square of the misfits, in the data's own scales."""
        return (self.misfit() / len(self)) ** 0.5

    def _enough(self, before: float, unit: float) -> float:
        """What a step must bring."""
        return max(RULES.floor * unit, self._early(before))

    def _early(self, before: float) -> float:
        """The same where noise cannot be what is left, and more terms can follow; otherwise nothing."""
        return self.enough * before * (not self.known or before > RULES.missed * len(self))

    @property
    def poor(self) -> bool:
        """Whether hardly anything of how the data vary is explained, and noise does not say why."""
        total = self.misfit()
        return total > RULES.poor * self._varies() and not (self.known and total <= RULES.missed * len(self))

    @property
    def pressed(self) -> bool:
        """Whether a constant stands at an end of its bounds, beyond which data may ask for it: then a poor fit is the
        best that these allow."""
        values, declared = self.model.forward.values(), self.model.constants.declared
        return any(c.ends is not None and LIMITS.at_end(values[n], c.ends, missed=True) for n, c in declared.items())

    @property
    def astray(self) -> bool:
        """Whether the solution is further from the data than these ever vary, or there is none."""
        return self.misfit() > RULES.astray * self._varies()

    @property
    def missed(self) -> float:
        """The misfit relative to how the data vary, as root mean squares."""
        return (self.misfit() / self._varies()) ** 0.5 if self._varies() > 0 else 0.0

    def _varies(self) -> float:
        """The sum of squares of what is measured about its mean, in the data's own scales."""
        return sum(float((self._scale(n) * r).square().sum()) for n, r in self._variation().items())

    def _variation(self) -> dict[str, Tensor]:
        """What is measured about its mean, in units of the noise where that is known."""
        found = {}
        for name, data in self.model.problem.data.items():
            u = next(u for u, e in zip(data.unknowns, data.equations, strict=True) if e.name == name)
            away = data.points.measured[u] - data.points.measured[u].mean()
            found[name] = away / data.points.measured.get(f"sigma {u}", 1.0)
        return found

    def elsewhere(self) -> Tensor:
        """Where else to begin: one constant at a time from its guess, wherever the misfit is least."""
        begin = self.model.vector()
        own = len(self.model.constants.raw)
        guess = begin.clone()
        guess[len(guess) - own :] = 0.0
        places, count = [], RULES.places[len(self.model.problem.coordinates) > 1]
        for k, declared in enumerate(self.model.constants.declared.values()):
            if declared.ends is not None:
                low, high = declared.ends
                values = [declared.trained(low + (high - low) * (j + 0.5) / count) for j in range(count)]
            else:
                values = [RULES.reach * (2 * (j + 0.5) / count - 1) for j in range(count)]
            for value in values:
                place = guess.clone()
                place[len(guess) - own + k] = value
                places.append(place)
        misfits = []
        for place in places:
            self.model.assign(place)
            misfits.append(self.misfit())
        return places[min(range(len(places)), key=misfits.__getitem__)] if places else begin

    def rows(self) -> tuple[Tensor, Tensor]:
        """Misfits (N,) and their slopes (N, K)."""
        blocks = list(self.data.linearised())
        r = [self._scale(n) * v for b in blocks for n, v in b.residuals.items()]
        j = [self._scale(n) * v for b in blocks for n, v in b.jacobians.items()]
        return torch.cat(r), torch.cat(j)

    def _scale(self, name: str) -> float:
        """One over what a misfit is counted in: the noise, in which it is given, or how much the data vary."""
        data = self.model.problem.data[name]
        if data.known:
            return 1.0
        values = next(
            data.points.measured[u] for u, e in zip(data.unknowns, data.equations, strict=True) if e.name == name
        )
        return 1.0 / (float(values.std(correction=0)) or float(values.abs().max()) or 1.0)

    # ------------------------------------------------------------ one step

    def step(self) -> bool:
        """Take one step, and with the same slopes what follows from it; whether there are more to take."""
        (r, jacobian), before, again = self.rows(), self.misfit(), False
        if not bool(torch.isfinite(r).all() & torch.isfinite(jacobian).all()):
            return False
        while self.damping <= RULES.most:
            begin, unit = self.model.vector(), before / max(len(r) - jacobian.shape[1], 1)
            change, foretold = self._proposed(r, jacobian, begin)
            last = foretold < RULES.settled**2 * unit and self.damping <= 1.0
            if self._is_early(foretold, before) or (last and again):
                return False  # other slopes would say the same: they serve as far as it has come
            self.model.assign(begin + change)
            now = self.misfit()
            if now >= before:
                self.model.assign(begin)
                # it is shorter than what matters, or than cells tell, and does harm
                if last or (foretold <= self._enough(before, unit) and self.damping <= 1.0):
                    return False
                self.damping = max(RULES.more * self.damping, 1e-2)
                continue
            self.damping = max(RULES.less * self.damping, RULES.least)
            # what falls by so little is no longer led by the slopes: it is the error of the cells
            if last or not before - now > self._enough(before, unit):
                return False
            led, r = r + jacobian @ change, self.residuals()
            off = float((r - led).norm() / (jacobian @ change).norm().clamp(min=1e-300))
            over = self._would_bring_little(r, jacobian, now, off)
            if over or off > RULES.near or (again and now > RULES.serves * before):
                return not over  # other slopes
            again, before = True, now
        return False

    def _is_early(self, foretold: float, before: float) -> bool:
        """Whether a step would bring so little that more terms are tried before."""
        early = foretold <= self._early(before) and self.damping <= 1.0
        self.ahead = foretold if early else self.ahead
        return early

    def _would_bring_little(self, r: Tensor, jacobian: Tensor, now: float, off: float) -> bool:
        """The same of the next step with slopes that served roughly, off by such a part of what they foretold."""
        if off > RULES.roughly or not self.enough:
            return False
        foretold = self._proposed(r, jacobian, self.model.vector())[1]
        return self._is_early(foretold / RULES.roughly, now)

    def residuals(self) -> Tensor:
        return torch.cat([self._scale(n) * v for n, v in self.data.values().items()])

    def answer(self, r: Tensor, jacobian: Tensor) -> Tensor:
        """By how much a change r of the misfits moves what is sought, but along what data tell less than its size."""
        noise = (self.misfit() / max(len(r) - jacobian.shape[1], 1)) ** 0.5
        rows = torch.cat([jacobian, noise * torch.eye(jacobian.shape[1], dtype=r.dtype, device=r.device)])
        given = torch.cat([-r, r.new_zeros(jacobian.shape[1])])[:, None]
        return _least(rows, given, RULES.weak)

    def _proposed(self, r: Tensor, jacobian: Tensor, begin: Tensor) -> tuple[Tensor, float]:
        """A damped step within its limits, and by how much it is foretold to lower the misfit."""
        scale = jacobian.norm(dim=0)
        scale = torch.where(scale > RULES.rounding * scale.max(), scale, torch.ones_like(scale))
        longest = torch.tensor(
            [RULES.longest if d.curved else math.inf for d in self.model.forward.sought.declared.values()]
        ).to(scale)
        change, free = torch.zeros_like(scale), torch.ones_like(scale, dtype=torch.bool)
        while bool(free.any()):
            left, eye = -(r + jacobian @ change), torch.eye(int(free.sum()), dtype=r.dtype, device=r.device)
            rows = torch.cat([jacobian[:, free] / scale[free], self.damping**0.5 * eye])
            mine = _least(rows, torch.cat([left, left.new_zeros(len(eye))])[:, None]) / scale[free]
            far = torch.zeros_like(free).masked_scatter(free, mine.abs() > longest[free])
            if not bool(far.any()):
                change = change.masked_scatter(free, mine)
                break
            # what would go too far goes as far as it may, and the others do what is best then: all of a step shortened
            # to that would let none of them come to its place where one of them runs to its end
            whole = torch.zeros_like(change).masked_scatter(free, mine)
            change = torch.where(far, whole.clamp(-longest, longest), change)
            free = free & ~far
        return change, float(r.square().sum() - (r + jacobian @ change).square().sum())


def _least(rows: Tensor, given: Tensor, rcond: float | None = None) -> Tensor:
    """The shortest least-squares solution (K,), by the singular values; few columns, and by the host, since cards have
    no such driver."""
    found = torch.linalg.lstsq(rows.cpu(), given.cpu(), rcond=rcond, driver="gelsd").solution
    return found[:, 0].to(rows)
