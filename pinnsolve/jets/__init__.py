"""Fields with their derivatives: Taylor arithmetic, its rules, and the calculus of a problem file."""

import pinnsolve.jets.rules  # noqa: F401 (fills the registry that `pinnsolve.jets.jet` owns)
