"""What counts as rounding: the few tolerances that many files share, each relative to a size of its own.

They are chosen between the rounding of float64 (1e-16, grown by the sums before) and what a user can mean; none was
tuned.
"""

from __future__ import annotations

# A length, a norm, a value or a derivative below this part of its own scale is rounding: two places are one, a range is
# flat, a size is zero. Larger: a thin layer or a small swing on a large offset is taken for nothing. Smaller: digits
# lost in a file, or in the user's own formula, are taken for something. Chosen, not measured.
SAME = 1e-9
# The same after a few operations on numbers that were exact before them, as slopes of a term or the edges of cells that
# were halved. Larger: what truly differs is taken for one. Smaller: the last digits decide. Chosen, not measured.
EQUAL = 1e-12
# The ridge of least squares, relative to columns of length one. Larger: digits are lost, 2e-7 instead of 2e-12 on heat
# with 1e-6. Smaller: dependent columns get large coefficients; 1e-14 gains what nobody asks for.
# Measured: `python -m validation.features`, the table "The regularisation" in docs/how_to_choose.md.
RIDGE = 1e-12
