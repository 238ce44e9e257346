"""What a series of marches with less and less viscosity, or narrower and narrower jumps, has come to, in words
(`pinnsolve.methods.vanishing`)."""

from __future__ import annotations

from pinnsolve.errors import Outcome
from pinnsolve.methods.vanishing import Limit, Vanishing, begun_with
from pinnsolve.training.run import Run
from pinnsolve.trial.marched import Marched

FORM = "write them in conserved form, as d(u**2 / 2, x) in place of u * d(u, x)"


def limit_of(run: Run) -> Limit | None:
    """What is known of the limit, where the solution that is handed out is one with viscosity."""
    if found := run.method_state.get("limit"):
        return Limit(**found)
    if isinstance(run.method, Vanishing) and isinstance(run.trial, Marched) and run.trial.begun:
        return begun_with(run.trial.law, run.method_state)
    return None


def at_the_limit(limit: Limit, outcome: Outcome, tolerance: float) -> tuple[Outcome, float | None]:
    """The outcome and the relative L2 error of a solution with viscosity, as far as that is known.

    Parameters
    ----------
    limit : Limit
    outcome : Outcome
        Why the series ended.
    tolerance : float
    """
    told = f"solved with an added viscosity of {limit.nu:.1e}"
    if limit.width:
        told = f"solved with jumps of start and walls smeared over a length of {limit.width:.1e}"
    if limit.untold:
        return Outcome("undetermined", f"{told}; {limit.untold}", "write them, as dirichlet(u=..., on=face(x=0))"), None
    if limit.marches < 2:
        told += f"{', once' * limit.marches}: how far that is from the solution without is not known"
        kind = "plateau" if outcome.kind == "converged" else outcome.kind
        return Outcome(kind, f"{outcome.detail}; {told}", outcome.remedy), None
    if limit.unsaid and limit.shock:
        return Outcome(
            "undetermined", f"{told}; there is a shock, and nothing says where it runs: {limit.unsaid}", FORM
        ), None
    times = "once" if limit.marches == 2 else f"{limit.marches - 1} times"
    how, beside, by = ("narrowed", "jumps", "width") if limit.width else ("lowered", "shocks and edges", "viscosity")
    told += (
        f", {how} {times}: within {limit.l1:.1e} of the solution without (relative, L1), "
        f"{limit.l2:.1e} in L2; nothing is said of single values beside {beside}"
    )
    if limit.l2 <= tolerance:
        return Outcome("converged", told), limit.l2
    kind = "plateau" if outcome.kind == "converged" else outcome.kind
    remedy = f"a larger budget or tolerance: in L2 errors fall as the root of the {by}"
    return Outcome(kind, f"{outcome.detail}; {told}", remedy), limit.l2
