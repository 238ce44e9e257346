"""One run: a process of its own, with so many threads and processors, and a file that tells what came of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.environments import python_of
from benchmarks.truth import truth

HERE = Path(__file__).parent
RESULTS = HERE / "results"
PINNSOLVE_LIMIT = 60.0  # s: its budget for each tolerance, which is what it has by default
GRACE = 600.0  # s beyond the limit, for set-up and for measuring errors, before a run is ended from outside


def environment(threads: int) -> dict[str, str]:
    """What every process gets, so that all use the same number of threads and no accelerator."""
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
    eigen = str(threads > 1).lower()
    flags = f"--xla_cpu_multi_thread_eigen={eigen} intra_op_parallelism_threads={threads}"
    chosen = {"XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu", "DDE_BACKEND": "pytorch", "MPLBACKEND": "Agg"}
    return {**os.environ, **dict.fromkeys(names, str(threads)), **chosen, "CUDA_VISIBLE_DEVICES": ""}


def pin(threads: int) -> None:
    """Keep this process on so many processors, where the system lets it."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def run(package: str, problem: str, seed: int, threads: int, limit: float) -> dict[str, Any]:
    """Run a package on a problem, and keep and return the record."""
    RESULTS.mkdir(exist_ok=True)
    out = RESULTS / f"{problem}-{package}-{seed}.json"
    out.unlink(missing_ok=True)
    limit = min(limit, PINNSOLVE_LIMIT) if package == "pinnsolve" else limit
    arguments = {"seed": seed, "threads": threads, "limit": limit, "truth": truth(problem), "out": out}
    command = [python_of(package), "-m", f"benchmarks.workers.with_{package}", problem]
    command += [text for name, value in arguments.items() for text in (f"--{name}", str(value))]
    try:
        done = subprocess.run(
            command, cwd=HERE.parent, env=environment(threads), preexec_fn=lambda: pin(threads),
            capture_output=True, text=True, check=False, timeout=10 * limit + GRACE,
        )  # fmt: skip
        fault = f"failed with code {done.returncode}: {_last_words(done.stderr)}" if done.returncode else None
    except subprocess.TimeoutExpired:
        fault = "failed: stopped from outside, long after the limit"
    record = json.loads(out.read_text()) if out.exists() else _empty(package, problem, seed, threads, limit)
    if fault:
        record["outcome"] = fault.replace(str(HERE.parent), ".")
        out.write_text(json.dumps(record) + "\n")
    return record


def in_own_process(module: str, *given: str, **variables: str) -> dict[str, Any]:
    """What a module prints last in a process of its own, as JSON; under "failed" its last words, where it fails.

    Parameters
    ----------
    given : str
        What stands behind the module's name.
    variables : str
        Of the environment, beside those of this process.
    """
    command = [sys.executable, "-m", module, *given]
    done = subprocess.run(command, env={**os.environ, **variables}, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"failed": _last_words(done.stderr)}
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _empty(package: str, problem: str, seed: int, threads: int, limit: float) -> dict[str, Any]:
    """The record of a run that left none."""
    return {
        "package": package, "problem": problem, "seed": seed, "threads": threads, "limit": limit,
        "import_seconds": None, "setup_seconds": None, "settings": "", "versions": {}, "curve": [], "peak_mib": None,
    }  # fmt: skip


def _last_words(text: str) -> str:
    """The last line that names an error, or the last line."""
    lines = text.strip().splitlines() or ["it said nothing"]
    return next((line for line in reversed(lines) if "Error" in line.split(":")[0]), lines[-1])
