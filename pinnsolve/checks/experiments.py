"""What data of several experiments leave unsaid."""

from __future__ import annotations

from pinnsolve.problem.problem import Problem


def experiments(problem: Problem) -> list[str]:
    """A warning where no data are the problem's own, and one for each parameter that an experiment does not tell though
    others do."""
    if not problem.experiments:
        return []
    theirs = set(problem.told_experiments)
    varied = list(dict.fromkeys(n for e in problem.experiments for n in e.given))
    warnings = []
    if not any(u not in theirs for o in problem.observations for u in o.unknowns):
        own = ", ".join(f"{n} = {problem.told_parameters[n]}" for n in varied)
        mine = ", ".join(u for u in problem.unknowns if u not in theirs)
        warnings.append(
            f"no data are of the problem's own {own}: {mine} there is what follows from what was found in the "
            "experiments, and nothing measured is held against it"
        )
    for e in problem.experiments:
        if silent := [n for n in varied if n not in e.given]:
            told = ", ".join(f"{n} = {problem.told_parameters[n]}" for n in silent)
            warnings.append(f"the experiment with {e.told} has the problem's own {told}, which others change")
    return warnings
