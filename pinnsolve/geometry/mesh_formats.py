"""A mesh as its file says it, whatever the format."""

from __future__ import annotations

import contextlib
import io
import warnings
from pathlib import Path
from typing import Any

from pinnsolve.errors import ProblemError
from pinnsolve.geometry.mesh_abaqus import read_abaqus
from pinnsolve.geometry.mesh_gmsh import is_gmsh_41, read_gmsh
from pinnsolve.geometry.mesh_medit import read_medit
from pinnsolve.geometry.mesh_xdmf import read_xdmf


def loaded(path: Path) -> Any:
    """Its points, cells, groups as meshio.Mesh has them."""
    import meshio  # only who has a mesh waits for it

    if not path.exists():
        raise ProblemError(f"Mesh: there is no file {path}", f"The current folder is {Path.cwd()}.")
    if path.is_dir() or not path.stat().st_size:
        what = "is a folder" if path.is_dir() else "is empty"
        raise ProblemError(f"Mesh: {path} {what}", 'Give the file that a mesh generator wrote: Mesh("part.msh").')
    try:
        if path.suffix.lower() in (".xdmf", ".xmf"):
            return read_xdmf(path)
        if path.suffix.lower() == ".inp":
            return read_abaqus(path)
        if path.suffix.lower() == ".mesh":
            return read_medit(path)
        if is_gmsh_41(path):
            return read_gmsh(path)
        quiet = io.StringIO()  # it prints, and exits, where it knows nothing of a file
        with contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an STL file in text overflows a number that is not used
            return meshio.read(path)
    except ProblemError:
        raise
    except ImportError as error:
        raise ProblemError(
            f"Mesh: {path} cannot be read without the package {error.name or error}",
            f"Install it (pip install {error.name or 'h5py'}), or save the mesh in another format: .msh, .vtu, .vtk.",
        ) from error
    except (Exception, SystemExit) as error:
        said = str(error).strip() or type(error).__name__
        if isinstance(error, SystemExit):
            said = "it is no mesh of the format that its name says"
        if isinstance(error, LookupError):
            said = f"{', '.join(map(str, error.args))} is not found in what the file says of its cells"
        raise ProblemError(
            f"Mesh: {path} cannot be read: {said}",
            "Possible: Gmsh (.msh), .vtu, .vtk, .xdmf, Medit (.mesh), Abaqus (.inp), .stl. Most surely read are .vtu "
            "and Gmsh of version 2.2 (gmsh -format msh22).",
        ) from error
