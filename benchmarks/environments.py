"""A Python for each package: this one for pinnsolve and SciPy, a virtual environment of its own for each peer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
FIRST = {"deepxde": "torch==2.13.0"}  # installed alone and before the rest


def python_of(package: str) -> str:
    """The interpreter that has the package; its environment is made when it is absent."""
    requirements = HERE / f"requirements-{package}.txt"
    if not requirements.exists():
        return sys.executable
    folder = HERE / ".venvs" / package
    python, finished = folder / "bin" / "python", folder / "finished"
    if not finished.exists():
        print(f"making the environment of {package} ...", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "-c", str(requirements)]
        if package in FIRST:
            subprocess.run([*pip, FIRST[package]], check=True)
        subprocess.run([*pip, "-r", str(requirements)], check=True)
        finished.touch()
    return str(python)
