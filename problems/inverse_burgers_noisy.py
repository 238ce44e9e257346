"""Both coefficients of Burgers' equation from 2,000 scattered measurements of u with one per cent of noise.

    u_t + a u u_x = nu u_xx        -1 < x < 1,  0 < t <= 1

The problem of `inverse_burgers.py`, but for the data: `data/burgers_noisy.csv` holds the same flow with normal noise of
a hundredth of u's standard deviation, 0.0061.

Raissi, Perdikaris & Karniadakis, J. Comput. Phys. 378 (2019) 686-707 (arXiv 1711.10566): there nu is found to
about 1.2 %.
"""

from pinnsolve import observed
from problems import inverse_burgers as clean

problem = clean.problem.replaced(conditions=observed("data/burgers_noisy.csv", sigma=0.0061), tolerance=5e-3)
