"""The classical methods of validation/, asked for one accuracy after another."""

from time import perf_counter

began = perf_counter()

from collections.abc import Callable  # noqa: E402
from importlib import import_module  # noqa: E402
from typing import Any  # noqa: E402

from benchmarks.workers.measure import Recorder  # noqa: E402
from validation import (  # noqa: E402
    allen_cahn,
    backward_step,
    burgers,
    cavity,
    cooling,
    cylinder_flow,
    fisher_kpp,
    gray_scott,
    heat,
    heat_plate,
    klein_gordon,
    kovasznay,
    kuramoto_sivashinsky,
    lotka_volterra,
    maxwell_cavity,
    maxwell_pulse,
    mixing,
    plate_with_holes,
    poisson,
    schrodinger,
    taylor_green,
    wave,
    waveguide,
)  # fmt: skip

METHODS: dict[str, Callable[[Any], Any]] = {
    "heat": heat.method_of_lines,
    "poisson": poisson.sparse_differences,
    "wave": wave.leapfrog,
    "burgers": burgers.method_of_lines,
    "allen_cahn": allen_cahn.fourier,
    "kovasznay": kovasznay.chebyshev_collocation,
    "taylor_green": taylor_green.pseudospectral,
    "cavity": cavity.chebyshev_collocation,
    "maxwell_cavity": maxwell_cavity.yee,
    "cooling": cooling.method_of_lines,
    "heat_plate": heat_plate.differences,
    "klein_gordon": klein_gordon.spectral,
    "schrodinger": schrodinger.split_step,
    "kuramoto_sivashinsky": kuramoto_sivashinsky.exponential_steps,
    "lotka_volterra": lotka_volterra.dormand_prince,
    "maxwell_pulse": maxwell_pulse.discontinuous_galerkin,
    "gray_scott": gray_scott.exponential_steps,
    "mixing": mixing.chebyshev_fourier,
    "cylinder_flow": cylinder_flow.spectral_elements,
    "fisher_kpp": fisher_kpp.method_of_lines,
    "poisson_3d": poisson.sparse_differences_3d,
    "plate_with_holes": plate_with_holes.harmonic_series,
    "backward_step": backward_step.graded_elements,
    "waveguide": waveguide.spectral_elements,
}
ITSELF = (  # where the truth is this method on a finer grid: its own estimate stands in
    "allen_cahn", "cavity", "heat_plate", "klein_gordon", "schrodinger", "kuramoto_sivashinsky", "lotka_volterra",
    "gray_scott", "mixing", "cylinder_flow", "plate_with_holes", "backward_step", "waveguide",
)  # fmt: skip
ACCURACIES = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-8, 1e-10)


def main() -> None:
    """A reference refines until its own error is a tenth of the tolerance; its seconds are those of all its grids."""
    recorder = Recorder("scipy", began, ("scipy", "numpy"))
    problem: Any = import_module("problems." + recorder.problem).problem
    for accuracy in ACCURACIES:
        reference = METHODS[recorder.problem](problem.replaced(tolerance=10 * accuracy))
        recorder.record["settings"] = f"{reference.name}, refined until its own estimate of its error suffices"
        found = {unknown: reference.fields[unknown](**recorder.places) for unknown in recorder.truth}
        least = reference.own_error if recorder.problem in ITSELF else 0.0
        recorder.add(reference.seconds, found, least, own_error=reference.own_error)
        if reference.own_error > accuracy or reference.seconds > recorder.limit:
            break
    recorder.write("ran")


if __name__ == "__main__":
    main()
