"""What equations and conditions leave open, and what they cannot have all at once.

The unknowns are polynomials c_k P_k of a few degrees over the domain, orthonormal on points inside. What equations and
conditions make of them on points is a matrix A, and what they prescribe is b. A direction c with A c = 0 is a change of
the solution that nothing notices: a missing condition, a pressure without a level, a floating body. Where there is one,
not every b has a solution: the part of b that no degree brings down, though polynomials hold b itself, is what does not
balance, as the sources and fluxes of a Neumann problem. Beside holes functions that are singular within these are
tried, too, since polynomials do not hold what flows around them. Waves that the degrees do not hold are found after
training.
"""

from __future__ import annotations

from dataclasses import dataclass

from pinnsolve.checks.systems import POSING, VARIES, Systems

BALANCE = "What leaves through the boundary must balance what the equations make inside"
RESONANCE = (
    "What may be added freely, a motion that the equations keep up by themselves, is driven by what they prescribe (a "
    "resonance): change what drives it, or the number or length that brings both together"
)


@dataclass(frozen=True)
class Posed:
    """What nothing determines, in words, and whether no solution satisfies all, by so little that it may not matter, or
    by more; empty for what is not looked at."""

    open: tuple[str, ...] = ()
    unmet: str = ""
    nearly: str = ""

    @property
    def words(self) -> list[str]:
        return [*self.open, *filter(None, [self.unmet, self.nearly])]


def posed(systems: Systems, smooth: bool = True) -> Posed:
    """Whether a problem determines its solution, and has one.

    A mean or a value at a place settles what is open without it, and what that does not let have is not had with it.

    Parameters
    ----------
    systems : Systems
        Those of the problem.
    smooth : bool
        Whether data have neither jumps nor kinks nor contradictions: otherwise nothing is said of what cannot be had.
    """
    system = systems.whole if systems.asked else None
    if system is None:
        return Posed()
    open_ = system.open
    told = tuple(f"nothing determines {words}" for words in system.described(open_)) if open_.shape[1] else ()
    if not told:
        system = systems.unsettled if systems.settling else None
        if system is None or not system.open.shape[1]:
            return Posed()
    if not (smooth and system.linear):
        return Posed(told)
    if systems.problem.domain.holes:
        system = systems.around_holes(settled=bool(told))
    if system is None or not (share := system.unmet) > 0:
        return Posed(told)
    part = f"{share:.1%}" if share >= 1e-3 else f"{share:.0e}"
    varies = any(VARIES in words for words in system.described(system.open))
    words = (
        f"no solution satisfies all equations and conditions: {part} of what they prescribe is left by whatever comes "
        f"closest. {RESONANCE if varies else BALANCE}"
    )
    return Posed(told, words) if share >= min(POSING.much, systems.problem.tolerance / 3) else Posed(told, nearly=words)
