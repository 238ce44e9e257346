"""Why a problem cannot be solved over cells, as far as its declaration tells."""

from __future__ import annotations

from typing import Any


def indivisible(problem: Any) -> str:
    """Why cells cannot solve a problem, in words; empty if they can."""
    why = {
        "cells find no unknown functions: each step of time would find its own": problem.functions,
        "cells find no unknown constants by themselves: data tell them": problem.constants,
        "cells fit no data alone: they are halved where an equation's residual is large": not problem.equations,
        "cells take no measurements: a step of time knows nothing of those that come later": problem.observations,
        "cells take no parameters as inputs: they divide space and time alone": problem.ranges,
        "cells are joined to their neighbours alone, and integrals reach further": problem.integrals,
    }
    return next((told for told, holds in why.items() if holds), "")
