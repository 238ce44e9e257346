"""What a computation costs, counted from shapes: the same on every machine, however loaded."""

from __future__ import annotations

from dataclasses import dataclass

# Operations that one core makes in a second: what a budget in seconds is taken to be worth in choices. It is about half
# of what an idle core makes (`python -m benchmarks.operations`): more, and slow machines spend it on too large steps.
SPEED = 1e10
# Trained numbers up to which dense matrices of all of them are made. Larger: the covariance of a fit takes gigabytes,
# and a factorisation more time than another kind of solution. Smaller: fewer runs have standard errors, and random
# features end earlier. 1,600 features of three unknowns take 27 to 110 s: `python -m validation.features`, the table
# "counts".
LARGEST = 5000


@dataclass
class Work:
    """Floating-point operations so far, those of a dense factorisation; others are weighed by how long they take.

    >>> work = Work()
    >>> work.add(qr(300, 100))
    >>> f"{work.operations:.1e}"
    '5.3e+06'
    """

    operations: float = 0.0

    def add(self, operations: float) -> None:
        self.operations += operations


def qr(rows: int, columns: int) -> float:
    """Of a QR factorisation for its R alone, 2 m n^2 - 2/3 n^3 for m >= n.

    Source: Golub & Van Loan, Matrix Computations (2013), section 5.2.
    """
    m, n = max(rows, columns), min(rows, columns)
    return 2.0 * m * n**2 - 2.0 / 3.0 * n**3


def cholesky(count: int) -> float:
    """Of a Cholesky factorisation, n^3 / 3."""
    return count**3 / 3.0


def product(rows: int, inner: int, columns: int) -> float:
    """Of a product of matrices, 2 m k n."""
    return 2.0 * rows * inner * columns
