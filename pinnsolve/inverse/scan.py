"""Other minima: a constant that has bounds is held at places between them.

The misfit over the places has valleys, whose floors are solved for; one that is as low as the minimum that was found is
another answer, an alias. Where the misfit is mostly that of the equations, the features that found the one solution
cannot follow: nothing is ruled out there. Of a constant without bounds only the minimum that was found is told.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pinnsolve.inverse.profile import Profile


@dataclass(frozen=True)
class Finely:
    """How finely other minima are sought; chosen, not measured.

    Parameters
    ----------
    places : int
        Between the bounds. Fewer: a valley is passed by. More: time.
    vertices : int
        Of parabolas, towards the floor of a valley. Fewer: the last solution begins too far away.
    apart : float
        Standard errors: what is nearer is the same minimum.
    heavy : float
        W: what a solution leaves of such equations is what its features cannot do. Smaller: it follows the data first.
    followed : float
        The part of a rise that may be the equations' own. Larger: what features cannot follow is taken for ruled out.
    """

    places: int = 16
    vertices: int = 6
    apart: float = 4.0
    heavy: float = 1e4
    followed: float = 0.5


FINELY = Finely()


@dataclass
class Scanned:
    """What lies between the bounds of a constant.

    Parameters
    ----------
    others : list of float
        Other values that meet data and equations as well.
    open : list of float
        Places at which the equations cannot be followed.
    sought : bool
        Whether there was a search: a network whose layers all train would have to be trained at each place.
    """

    others: list[float] = field(default_factory=list)
    open: list[float] = field(default_factory=list)
    sought: bool = True

    def told(self, name: str, value: float) -> list[str]:
        """In words, beside the value that was found."""
        told = [
            f"{name} = {other:.3g} meets data and equations as well as {name} = {value:.3g}: several values do; narrow "
            "its bounds, or add data in between"
            for other in self.others[:1]
        ]
        if not self.sought:
            told.append(
                f"{name} was not sought elsewhere between its bounds: that is done with random features alone; other "
                "guesses show whether there are other values"
            )
        if self.open:
            told.append(
                f"{name} from {min(self.open):.3g} to {max(self.open):.3g} is not ruled out: what solved the problem "
                f"with {name} = {value:.3g} is too coarse to solve it there; narrow its bounds, or begin there"
            )
        return told


def scanned(profile: Profile, name: str, error: float) -> Scanned:
    """Other minima of a constant between its bounds; nothing where it has none.

    Parameters
    ----------
    profile : Profile
    name : str
    error : float
        Its standard error.
    """
    ends, found = profile.trial.constants.declared[name].ends, Scanned()
    if ends is None or profile.refit.spent:
        return found
    if not profile.trial.frozen:
        return Scanned(sought=False)
    low, high = ends
    refit, usual = profile.refit, profile.refit.heavy
    refit.heavy = FINELY.heavy
    places = [low + (high - low) * (k + 0.5) / FINELY.places for k in range(FINELY.places)]
    rises = list[float]()
    for place in places:
        now = profile.held(name, place)
        rises.append(now.data + refit.heavy * now.equations)
        left = refit.heavy * (now.equations - profile.base.equations)
        if left > FINELY.followed * (rises[-1] - profile.base.data) > FINELY.followed:
            found.open.append(place)
    for k in range(1, len(places) - 1):
        if rises[k] > min(rises[k - 1], rises[k + 1]) or refit.spent:
            continue
        refit.heavy = FINELY.heavy
        profile.held(name, _floor(profile, name, places[k - 1 : k + 2], rises[k - 1 : k + 2]))
        refit.heavy = usual
        rise, there = profile.rise(refit.settled()), refit.values()[name]
        if rise < 1.0 and abs(there - profile.found[name]) > FINELY.apart * error:
            found.others.append(there)
    refit.heavy = usual
    return found


def _floor(profile: Profile, name: str, places: list[float], rises: list[float]) -> float:
    """Where a valley is lowest: the vertices of parabolas through its three lowest places."""
    for _ in range(FINELY.vertices):
        (a, b, c), (x, y, z) = places, rises
        below = (b - a) * (y - z) - (b - c) * (y - x)
        vertex = b - 0.5 * ((b - a) ** 2 * (y - z) - (b - c) ** 2 * (y - x)) / below if below else b
        if not a < vertex < c or vertex == b:
            break
        now = profile.held(name, vertex)
        there = now.data + profile.refit.heavy * now.equations
        both = sorted([*zip(places, rises, strict=True), (vertex, there)])
        lowest = min(range(1, 3), key=lambda k: both[k][1])
        places, rises = (list(part) for part in zip(*both[lowest - 1 : lowest + 2], strict=True))
    return places[1]
