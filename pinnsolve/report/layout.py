"""How pictures look: inches, counts and grids. They decide what a reader sees at once, and nothing of the solution."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Layout:
    """Lengths in inches, and how much is shown. Where nothing else is said, they were chosen by eye."""

    width: float = 14.0
    dpi: int = 100
    compression: int = 3  # of 9: a fifth larger than at 6, in half the time
    # Of a row, by what it shows.
    slices: float = 2.2
    curves: float = 2.8
    history: float = 2.5
    solid: float = 3.6
    # Beside, below and above a panel: for its axes' names, a colour bar, and each line of its title.
    left: float = 0.74
    right: float = 0.74
    below: float = 0.55
    above: float = 0.2
    line: float = 0.17
    # Between a panel and its colour bar, and the width of that.
    gap: float = 0.06
    bar: float = 0.1
    ticks: int = 5  # on an axis, or one more
    # Panels in a row, at most as long as nobody asks for more, and of one unknown. A panel costs about 0.03 s, and as
    # much of a reader's patience.
    columns: int = 4
    wide: float = 3.0  # times as wide as high: two such pictures stand in a row
    slender: float = 8.0  # more, and it is stretched
    panels: int = 24
    panels_of_pictures: int = 8
    panels_of_curves: int = 2
    decades: float = 1e-4  # what is smaller than this part of the largest is one colour on a logarithmic scale
    many: int = 60  # measurements: beyond, their dots are small
    band: float = 2.0  # standard errors on either side
    methods_marked: int = 6  # more changes of method than that would hide the curves
    late: float = 0.85  # of the seconds shown: the name of a method that begins later stands before its line
    names: int = 3  # of coordinates, listed one by one; more do not fit above a picture
    residuals: int = 18  # more than that are no longer told apart in a history
    # Of a sweep: its width; a logarithmic axis for values that are so many times apart; ticks at so many values.
    sweep: float = 9.0
    decade: float = 10.0
    values: int = 10
    streams: float = 0.9  # of thirty streamlines across a picture; more of them hide the colours
    turn: float = -60.0  # degrees around the third axis, from where a surface is seen
    # Of the legend: a letter, and what stands before a name.
    letter: float = 0.078
    handle: float = 0.62


@dataclass(frozen=True)
class Grids:
    """Numbers of points. More cost seconds where networks are large or the user's reference is slow; fewer are seen.

    On the whole a report asks for no more than twice as many as the comparison with the reference does (32,768).
    """

    line: int = 1001  # along the only coordinate
    times: int = 101  # of the picture over time and space
    along: int = 201  # of the same, along space
    across: int = 121  # along each coordinate of a picture in space; as many in all where one is longer
    cells: int = 4_000  # of the solution's own, at most, that a picture shows: more are a grey veil
    outline: int = 400  # along each coordinate, for where a shape ends
    block: int = 10  # of these, looked at as one where nothing of the boundary is near: a divisor
    steady: int = 31  # along each coordinate of a file in three dimensions of space
    # Files of what evolves, for one dimension of space, two and three: along each coordinate, and times.
    evolving: tuple[tuple[int, int], ...] = ((201, 21), (61, 11), (19, 6))
    cut: int = 61  # along each coordinate of a cut through the middle
    shape: tuple[int, int] = (4_000, 8_000)  # points of a file on a shape's own triangles, in two and three dimensions
    whole: int = 20_000  # of a grid over the whole of a domain that has more coordinates than files show


@dataclass(frozen=True)
class Moments:
    """Pictures of what moves. More: larger pages, and seconds; fewer are jerky."""

    size: tuple[float, float] = (6.0, 4.2)  # inches
    dpi: int = 90
    place: tuple[float, float, float, float] = (0.13, 0.13, 0.72, 0.74)  # of the axes in the picture
    greys: int = 40  # of 256 colours of a map's picture
    most: int = 25  # steps of the slider
    unknowns: int = 3  # that a page shows so


LAYOUT = Layout()
GRIDS = Grids()
MOMENTS = Moments()
