"""The numbers by which shapes are looked at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rules:
    """Chosen so that lengths and areas of smooth sides are known to rounding in two dimensions and to 1e-6 in three.

    Parameters
    ----------
    beside : float
        Of a shape's size: how far beside a surface it is asked what is inside. Larger: thin walls are overlooked.
        Smaller: rounding decides.
    aside : float
        Of a surface's size: how far beside a place a ray begins, so that it meets no corner. Larger: places so close to
        a surface are told wrong. Smaller: rounding decides.
    nodes : int
        Of Gauss on each smooth stretch: enough for a sixteenth of a circle to rounding.
    samples : int
        Parameters at which a curve is looked at for where it is cut. More: shorter cuts are seen; more time.
    lines : int
        Over a surface, along which the cuts are found exactly. More: the area is known better; more time.
    panels : int
        Of twelve lines each, between two places at which the number of cuts changes.
    off_runs : float
        Of the parameter of a curve: what is left out at both ends of each run. Larger: the strips between them do not
        meet. Smaller: rounding takes one for the next.
    bisected : int
        Times that such a place is bisected before it is interpolated. More: time. Fewer: beside a turn regula falsi
        crawls.
    same : float
        Of the coordinates: a curve crosses a line there. Smaller: rounding, and the search does not end.
    halved : int
        Times that a strip is halved where the curves beside it are not held. More: sharper tips; more points.
    held : float
        Of a shape's size: Legendre coefficients of curves that are as good as none. Larger: two rules more for the same
        digits (a star of five tips is known to 4e-8 with six nodes, to 1e-13 with ten). Smaller: more panels.
    halvings, halvings_of_planes, halvings_in_planes : int
        Of an interval of parameters: to rounding; of planes, each of which is looked at anew, to 1e-6; and in these to
        1e-10, which takes half of the time.
    planes : int
        Of a solid, that are looked at for where their form changes. More: smaller parts are found; its integrals take
        longer.
    fewer_in_planes : int
        Times fewer lines in each of them than over a surface.
    margin : float
        Of its length: by how much a box around a shape is larger, so that every line enters and leaves.
    together : int
        Points of which it is asked at once what lies on both sides of a surface. More: memory. Fewer: calls.
    simple : int
        Smooth stretches of a curve, or breaks along a surface, up to which every line is looked at closely. More: a
        surface takes seconds.
    counted : int
        Points on a side of more than three dimensions, of which the share that is left is counted.
    few_in_parts : int
        A part between materials that has so many times fewer of the points inside than if all were alike is a thin one.
        Fewer: more points. More: what such a part does is not seen.
    look : int
        Points over the bounding box that look for the inside. More: smaller shapes in larger boxes are found.
    seen : int
        Points of an extent, of which the share that belongs to a piece is counted, where nothing tells it exactly.
    remembered : int
        Coordinates of points that spread evenly, kept for who asks for the same ones again. More: fewer are scrambled
        anew; up to 64 times eight bytes each stay in memory.
    scattered : int
        Points of a piece that has no grid: what the checks look at.
    thinnest : int
        Points that are drawn for one that is wanted: what is thinner than one part in so many of its bounding box is
        refused.
    cells, cells_of_space : int
        Along each coordinate, in two dimensions and in three, in which a level set is looked for. More: smaller parts
        of the shape and finer curves are found; more time.
    steps : int
        Of Newton's method, from a chord to the curve: it is quadratic, and begins within a cell.
    bent : float
        The cosine between a triangle's normal and the slope at its corners below which that does not show where the
        surface lies, as beside a tip. Larger: gaps between neighbours that are only bent. Smaller: ways that run along
        the triangle. Chosen, not measured.
    numbers : int
        That are computed at once: more of them leave the cache.
    near, closest, layer : float
        Of the points inside, and of a shape's size: how many lie close to its sides, and how deep. More: fewer are left
        for the rest. With none the residual beside three holes in a plate was twenty times that on training points.
    small : float
        Of a shape's size: the length around a hole below which it is a small one.
    facets : int
        Of a mesh, from which the distance is computed: those whose middles are nearest. Fewer: wrong beside large ones.
    notch : float
        Of a full turn: a corner with more than that inside is one that turns inwards. Smaller: the corners of a polygon
        that stands for a curve are some, too. Larger: slopes at blunt ones are not resolved.
    turns : float
        The difference of normals (their length is one) beyond which a line of segments has a corner. Smaller: the
        corners of a polygon that stands for a curve are some, too.
    apart : float
        Of the domain's length: so far from an inner place its two sides are looked at. Larger: what varies is off by
        it. Smaller: rounding puts it on the other side of a coefficient's jump.
    needle : float
        Of its length: nothing is thinner that is not meant as a line. Larger: long pipes are told. Smaller: mixed
        units pass.
    close : float
        Of a shape's size: of a hole that is farther from its rim at all places that were seen, none touches it.
    touches, around, closer : int
        Places of such a hole that lie nearest to the rim, around each of which as many others are looked at, so often.
        Fewer: a hole that touches the rim in space is not seen to.
    gap : float
        Of a shape's size: what is left between a hole and its rim is then as thin as nothing. Larger: narrow gaps that
        are meant are told. Smaller: a hole that was meant to touch leaves a sliver.
    farthest : float
        The largest coordinate, and the inverse of the shortest length: eighth derivatives still are numbers there.
    """

    beside: float = 1e-9
    aside: float = 1e-12
    nodes: int = 12
    samples: int = 2048
    lines: int = 192
    panels: int = 16
    off_runs: float = 1e-14
    halvings: int = 48
    bisected: int = 6
    same: float = 1e-14
    halved: int = 10
    held: float = 1e-7
    halvings_of_planes: int = 16
    halvings_in_planes: int = 26
    planes: int = 24
    fewer_in_planes: int = 3
    margin: float = 0.03
    together: int = 16384
    simple: int = 64
    counted: int = 2**15
    few_in_parts: int = 4
    look: int = 2**15
    seen: int = 2**14
    remembered: int = 100_000
    scattered: int = 512
    thinnest: int = 4096
    cells: int = 256
    cells_of_space: int = 40
    steps: int = 8
    bent: float = 0.5
    numbers: int = 4_000_000
    near: float = 0.3
    closest: float = 1e-4
    layer: float = 0.05
    small: float = 0.3
    facets: int = 24
    notch: float = 0.56
    turns: float = 0.2
    apart: float = 1e-11
    needle: float = 1e-4
    close: float = 0.02
    touches: int = 6
    around: int = 24
    closer: int = 16
    gap: float = 1e-4
    farthest: float = 1e35


RULES = Rules()
