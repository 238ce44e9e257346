"""A solution that moves: one picture a moment, as a GIF."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path

from pinnsolve.errors import ProblemError, file_path, is_number
from pinnsolve.machine.files import write_whole
from pinnsolve.report import moments
from pinnsolve.report.embedded import address
from pinnsolve.report.grids import grid
from pinnsolve.report.layout import GRIDS
from pinnsolve.report.shown import asked, report_of
from pinnsolve.solution import Solution


@dataclass(frozen=True)
class Animation:
    """A moving picture, as the bytes of a GIF file."""

    gif: bytes = field(repr=False)

    def save(self, path: str | Path) -> None:
        """Write it to a file whose name ends in .gif.

        Raises
        ------
        ProblemError
            If the name ends otherwise, or it cannot be written.
        """
        path = file_path("save", path)
        if path.suffix != ".gif":
            raise ProblemError(f"'{path.name}': animations are GIF files", f"Write {path.stem}.gif.")
        try:
            write_whole(path, lambda file: file.write_bytes(self.gif))
        except OSError as error:
            raise ProblemError(f"{path} cannot be written: {error.strerror}", "Give another place.") from None

    def _repr_html_(self) -> str:
        return f'<img alt="animation" src="{address(self.gif, "image/gif")}">'


def animate(solution: Solution, unknown: str | None, frames: int, seconds: float) -> Animation:
    """See `Solution.animate`."""
    problem = solution.problem
    if unknown is not None and "." in str(unknown):
        raise ProblemError(
            f"animate('{unknown}') is given a file in place of an unknown", 'Write animate().save("u.gif").'
        )
    name = asked(solution, [unknown] if unknown is not None else problem.unknowns[:1])[0]
    if problem.time is None or not problem.space_coordinates:
        lacks = "time" if problem.time is None else "space"
        raise ProblemError(f"there is nothing that moves: the problem has no {lacks}", "Write solution.plot().")
    if not isinstance(frames, int) or frames < 2 or not (is_number(seconds) and seconds > 0):
        told = f"frames={frames!r:.60}, seconds={seconds!r:.60}"
        raise ProblemError(f"animate({told}) shows nothing", "Write animate(frames=40).")
    run, time, shown = report_of(solution), str(problem.domain.time), problem.space_coordinates[:2]
    each = GRIDS.along if len(shown) == 1 else GRIDS.across // 2  # frames are small
    on = grid(problem, {time: frames} | dict.fromkeys(shown, each))
    first, *others = moments.frames(run, name, on, range(frames))
    stream = io.BytesIO()
    pause = round(1000 * seconds / frames)
    first.save(stream, format="GIF", save_all=True, append_images=others, duration=pause, loop=0)
    return Animation(stream.getvalue())
