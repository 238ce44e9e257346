"""Problems that are drawn: rough, narrow, undetermined, smooth, in other units, on shapes, fronts, each with its exact solution.

    python -m validation.drawn                        four draws of each family
    python -m validation.drawn plucked --draws 20     one family, more of it

Places, sizes, lengths and strengths are random, so that no run was ever looked at before. Prints how each ended, and
what is not as it should be: a pass or an outcome "converged" that is wrong, an estimate below a tenth of the true
error, a right answer that does not pass. Where nothing determines the solution every answer is wrong.
"""

from __future__ import annotations

import argparse
import sys
import warnings

import torch

from pinnsolve import NotConverged
from validation.drawn.ending import told
from validation.drawn.families import KINDS, MAKE


def main() -> int:
    """Run them, print what is not as it should be; the number of those (at most 100)."""
    made = argparse.ArgumentParser(prog="python -m validation.drawn", description=(__doc__ or "").split("\n")[0])
    made.add_argument("families", nargs="*", choices=[*MAKE, []], help="(default: all)")
    made.add_argument("--draws", type=int, default=4)
    made.add_argument("--budget", type=float, default=4.0, help="seconds of training")
    given = made.parse_args()
    warnings.simplefilter("ignore", NotConverged)
    torch.set_num_threads(1)
    bad = 0
    for name in given.families or MAKE:
        for seed in range(given.draws):
            one = told(name, seed, given.budget)
            bad += bool(one.faults)
            print(
                f"{'WRONG' if one.faults else 'ok   '} {KINDS[name]:12} {one}{': ' * bool(one.faults)}{'; '.join(one.faults)}",
                flush=True,
            )
    print(f"{bad} not as they should be")
    return min(bad, 100)


if __name__ == "__main__":
    sys.exit(main())
