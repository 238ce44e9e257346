"""From which numbers on something is said of the unknown constants, functions and measurements."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """The limits of what is told. Where nothing else is said, a limit is chosen, not measured.

    Parameters
    ----------
    far : float
        Standard deviations of an outlier. Larger: some are missed. Smaller: good data are named; of normal noise one
        value in two million lies beyond five.
    share, share_huber : float
        Of the measurements that may be outliers, by their loss. Where more are missed, it is the solution that is far
        off: under squares a few carry it away from all others, under Huber's loss a quarter does not.
    alike : float
        A correlation beyond which two constants are only known together. Smaller: warnings about what is known well.
    together : float
        The same for two constants of which nothing determines either. Larger: each is named alone.
    places : tuple of int
        Places along each coordinate at which a function of one, two and more of them is told. More: more time.
    unfinished : float
        Of what the noise moves a constant: a longer step that is left is told. Smaller: a finished run is sent on.
    free : float
        Of the cost of a change with all else held: below, nothing determines it. Larger: what data tell weakly is
        called free. Smaller: ridge and rounding, which leave 1e-9, hide what is free.
    most : float
        Of a function's places: where so many are free, the function is.
    at_bounds : float
        Of the distance between the bounds of a constant: nearer to one of them it stands there, where data are missed;
        where they are not, its square. Larger: constants that happen to lie near a bound are named.
    flat : float
        Of its size: a function that varies less, and by less than twice what noise makes of it, is a constant. Larger:
        what varies is told to be one. Smaller: the error of a constant is relative to its noise. Chosen, not measured.
    follows : float
        Of the measurements' degrees of freedom: a fit that takes more of them follows the noise.
    """

    far: float = 5.0
    share: float = 0.05
    share_huber: float = 0.25
    alike: float = 0.99
    together: float = 0.9
    places: tuple[int, ...] = (33, 9, 5)
    unfinished: float = 1.0
    free: float = 1e-6
    most: float = 0.5
    flat: float = 0.1
    follows: float = 0.5
    at_bounds: float = 0.02

    def at_end(self, value: float, ends: tuple[float, float], missed: bool) -> bool:
        """Whether a constant stands at one end of its bounds, where data are missed or not."""
        share = (value - ends[0]) / (ends[1] - ends[0])
        return min(share, 1 - share) <= (self.at_bounds if missed else self.at_bounds**2)


LIMITS = Limits()
