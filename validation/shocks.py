"""Conservation laws by less and less viscosity: true errors beside the bounds that are stated of them.

    python -m validation.shocks [problem ...]        some minutes on one core

Writes the table "shocks" of docs/how_to_choose.md. Seconds are of CPU time, all marches so far, what tells their own
errors among it; errors are relative to each unknown's size or variation, whichever is smaller, the largest over the
unknowns, by differences from the exact solution on points that are as close as the shock is thin.
"""

from __future__ import annotations

import sys
import time
from importlib import import_module
from typing import Any

import numpy as np
import torch

from pinnsolve import Box, Problem, Settings, d, dirichlet, exact, face, initial, initial_rate
from pinnsolve.checks.check import check
from pinnsolve.geometry.points import Points
from pinnsolve.methods import Vanishing
from pinnsolve.methods.protocol import Objective
from pinnsolve.residuals import Residuals
from pinnsolve.trial.exact import verified
from pinnsolve.trial.marched import Marched
from pinnsolve.trial.viscous import read_law
from validation.results import ROOT, put
from validation.riemann import State, Tube

MARCHES = {"burgers_inviscid": 3, "dam_break": 3, "sod": 2, "lax": 3, "contact": 3, "lifted": 3}
GAMMA = 1.4
HEADER = "| problem | added viscosity | L1 error | its bound | L2 error | its bound | seconds |\n|---|---|---|---|---|---|---|"
PLACES, TIMES = 8001, 80


def table(name: str, problem: Problem, marches: int) -> list[str]:
    """A line for each march but the first, of which nothing is known."""
    problem = problem.replaced(tolerance=1e-9)
    made, _ = verified(problem, check(problem))
    stage = next(s for s in Settings().stages if isinstance(s.method, Vanishing))
    trial = Marched(problem, stage.network, made)  # type: ignore[arg-type]
    trial.law = read_law(problem, made)
    objective: Any = Objective(trial, Residuals(trial, []), {})
    begun, state, found = time.process_time(), stage.method.init(objective), list[str]()
    while state["level"] < marches:
        before, state = state["level"], stage.method.step(objective, state)
        if state["level"] > max(before, 1):
            spent, limit = time.process_time() - begun, state["limit"]
            l1, l2 = errors(problem, trial)
            bounds = f"{l1:.1e} | {limit['l1']:.1e} | {l2:.1e} | {limit['l2']:.1e}"
            found.append(f"| {name} | {limit['nu']:.1e} | {bounds} | {spent:.1f} |")
            begun = time.process_time() - spent  # what was measured here is not of the solution
            print(found[-1], flush=True)
    return found


def tube(left: State, right: State, end: float, conditions: Any) -> Problem:
    """Gas from two states, whose waves stay inside; dimensionless."""
    gas = Tube(left, right, GAMMA)

    def energy(rho, v, p, x, t):  # type: ignore[no-untyped-def]
        e = p / (GAMMA - 1) + rho * v**2 / 2
        return d(e, t) + d((e + p) * v, x)

    def begun(name: str) -> Any:
        low, high = getattr(left, name), getattr(right, name)
        return low if low == high else lambda x: torch.where(x < 0, low, high)

    def known(number: int) -> Any:
        return lambda x, t: gas.at(x, t)[number]

    return Problem(
        space=Box(x=(-0.5, 0.5)), time=(0, end), unknowns=("rho", "v", "p"),
        equations=[
            lambda rho, v, x, t: d(rho, t) + d(rho * v, x),
            lambda rho, v, p, x, t: d(rho * v, t) + d(rho * v**2 + p, x),
            energy,
        ],
        conditions=[
            initial(rho=begun("rho"), v=begun("v"), p=begun("p")),
            dirichlet(rho=left.rho, v=left.v, on=face(x=-0.5)), *conditions,
        ],
        reference=exact(rho=known(0), v=known(1), p=known(2)), tolerance=0.2,
    )  # fmt: skip


def lax() -> Problem:
    """A fan, a strong contact and a shock: Lax, Comm. Pure Appl. Math. 7 (1954) 159."""
    return tube(State(0.445, 0.698, 3.528), State(0.5, 0.0, 0.571), 0.13, [dirichlet(v=0.0, on=face(x=0.5))])


def contact() -> Problem:
    """Nothing but a contact: velocity and pressure are constant."""
    return tube(State(2.0, 1.0, 1.0), State(1.0, 1.0, 1.0), 0.2, [dirichlet(p=1.0, on=face(x=0.5))])


def lifted() -> Problem:
    """A string at rest whose left end is lifted at once: no viscosity, the nu of the table is of jumps' width, too."""
    return Problem(
        space=Box(x=(0, 1)), time=(0, 0.8), unknowns="u", equations=lambda u, x, t: d(u, t, t) - d(u, x, x),
        conditions=[
            initial(u=0.0), initial_rate(u=0.0), dirichlet(u=1.0, on=face(x=0)), dirichlet(u=0.0, on=face(x=1)),
        ],
        reference=exact(u=lambda x, t: np.where(x < t, 1.0, 0.0)), tolerance=0.2,
    )  # fmt: skip


CASES = {"lax": lax, "contact": contact, "lifted": lifted}


def errors(problem: Problem, trial: Marched) -> tuple[float, float]:
    """In L1 and L2, at evenly spread places and times."""
    reference = problem.reference(problem)
    (name,) = problem.space_coordinates
    (low, high), (begin, end) = problem.domain.ends(name), problem.domain.ends("t")
    x = low + (high - low) * (np.arange(PLACES) + 0.5) / PLACES
    away: dict[str, list[Any]] = {u: [] for u in problem.unknowns}
    true: dict[str, list[Any]] = {u: [] for u in problem.unknowns}
    for k in range(TIMES):
        at = {name: x, "t": np.full_like(x, begin + (end - begin) * (k + 0.5) / TIMES)}
        points = Points({c: torch.tensor(at[c]) for c in problem.coordinates}, torch.ones(PLACES, dtype=torch.float64))
        fields = trial.unknowns(trial.prepare(points))
        for u in problem.unknowns:
            known = reference.fields[u](**at)
            away[u].append(fields[u].value.detach().numpy() - known)
            true[u].append(known)
    l1 = l2 = 0.0
    for u in problem.unknowns:
        off, known = np.array(away[u]), np.array(true[u])
        varied = known - known.mean()
        of = known if np.ptp(known) <= 1e-9 * np.abs(known).max() else varied  # a constant has a size alone
        l1 = max(l1, np.abs(off).mean() / min(np.abs(known).mean(), np.abs(of).mean()))
        l2 = max(l2, (np.mean(off**2) / min(np.mean(known**2), np.mean(of**2))) ** 0.5)
    return l1, l2


if __name__ == "__main__":
    lines = [
        line
        for name in sys.argv[1:] or MARCHES
        for line in table(
            name, CASES[name]() if name in CASES else import_module(f"problems.{name}").problem, MARCHES[name]
        )
    ]
    page = ROOT / "docs" / "how_to_choose.md"
    if not sys.argv[1:]:
        page.write_text(put(page.read_text(), "shocks", "\n".join([HEADER, *lines])))
