"""What a solution can show of itself: pictures, a report, tables, files.

The rooms that draw and write stand below the solution in the tower, and know it. They are asked for by name when
something is to be shown, and not before: who draws nothing does not wait for matplotlib.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pinnsolve.calls import worded
from pinnsolve.errors import file_path
from pinnsolve.reference import Reference

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Shown:
    """The part of a solution that shows it; `Solution` is one."""

    judged: Any = None  # what compares modes, by their eigenvalues, with a reference

    @worded
    def plot(
        self, *unknowns: str, reference: Reference | Callable[[Any], Reference] | Literal["the problem's"] | None = None
    ) -> Figure:  # fmt: skip
        """Draw unknowns over the domain: `solution.plot()`, or `solution.plot("u").savefig("u.png")`.

        Parameters
        ----------
        unknowns : names
            By default all, or of many the first.
        reference : Reference, `exact(...)`, or "the problem's", optional
            What is drawn beside the solution, with the difference; without one, the residuals are.

        Returns
        -------
        matplotlib Figure
            A notebook shows it where it is the last line of a cell.
        """
        return self._room("shown").plot(self, unknowns, reference)

    @worded
    def report(self, folder: str | Path, *, reference: Any = "the problem's", name: str | None = None) -> Any:
        """Write the run folder that the command writes: `report.html`, `report.json`, pictures, files, the model.

        Parameters
        ----------
        folder : path
            Made if need be. What an earlier report left there is replaced.
        reference : Reference, `exact(...)` or None, optional
            By default the problem's own.
        name : str, optional
            What the report calls the problem; by default what the folder is called.

        Returns
        -------
        Comparison
            Errors and verdict.

        Raises
        ------
        ProblemError
            If the folder cannot be written, or nothing is known of the training (of a loaded solution).
        """
        return self._room("shown").report(self, file_path("report", folder), reference, name)

    @worded
    def table(self, **places: Any) -> Any:
        """All unknowns at these places (of NumPy, broadcasting like a ufunc) in columns; by default on a coarse grid.

        Returns
        -------
        Table
            `print(table)`, `table["u"]`, `table.save("table.csv")`.
        """
        return self._room("tables").table(self, places)

    @worded
    def to_xarray(self) -> Any:
        """The unknowns on a regular grid over space and time as an `xarray.Dataset` (install xarray for it)."""
        return self._room("tables").to_xarray(self)

    @worded
    def export(self, path: str | Path) -> Path:
        """Write the unknowns, and unknown functions of coordinates that were found, on a grid, in the format that the
        ending says.

        `.vtu` (for ParaView; of what evolves, the end of time), `.xdmf` (for ParaView, all times), `.nc` (netCDF),
        `.csv`. On a shape the first two have its own triangles or tetrahedra, on a mesh the cells of its file.
        """
        return self._room("exported").export(self, file_path("export", path))

    @worded
    def animate(self, unknown: str | None = None, *, frames: int = 40, seconds: float = 5.0) -> Any:
        """A moving picture of an unknown (by default the first) from the start of time to its end.

        Returns
        -------
        Animation
            A notebook shows it; `animation.save("u.gif")` writes it.
        """
        return self._room("animation").animate(self, unknown, frames, seconds)

    def _repr_html_(self) -> str:
        """What a notebook shows: outcome, estimate, and the unknowns over the domain."""
        return str(self._room("shown").html(self))

    @staticmethod
    def _room(name: str) -> Any:
        return import_module(f"pinnsolve.report.{name}")
