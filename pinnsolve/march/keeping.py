"""A march as plain values, and again from them to the same bits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple
from typing import Any

import torch

from pinnsolve.cells.implicit_step import Start, Step
from pinnsolve.march.carried import Carried
from pinnsolve.march.lengths import Failures, Tries
from pinnsolve.march.marcher import Marcher
from pinnsolve.march.record import variation
from pinnsolve.march.step_solver import Seen
from pinnsolve.networks.tiles import Tiles
from pinnsolve.trial.marched import Slab


def measured(marcher: Marcher, slab: Slab) -> None:
    """Take the sizes of the unknowns from the end of a step that is known."""
    modes = slab.modes.transpose(0, 1)
    at_end = torch.arange(len(modes), dtype=torch.float64, device=modes.device).mul(2).add(1).sqrt()
    last = torch.tensordot(at_end, modes, 1)
    marcher.sizes = marcher.solver.sizes = torch.maximum(marcher.sizes, variation(last, slab.mesh))


def stored(marcher: Marcher) -> dict[str, Any]:
    """All that the next step depends on, as numbers and tensors."""
    m, r, last, c = marcher, marcher.record, marcher.last, marcher.carried
    made, at = m.solver.operator, m.solver.made_at
    goes_on = last is not None and made is not None and made.mesh is last.mesh and made.length == last.length
    seen = m.solver.seen if m.solver.seen is not None and m.solver.seen.places == m.mesh.places else None
    kept: dict[str, Any] = {
        "at": m.at, "length": m.length, "sizes": m.sizes, "terms": m.terms, "residual": m.residual,
        "places": torch.tensor(m.mesh.places), "values": m.start.values, "rates": m.start.rates, "taken": m.taken,
        "counts": [r.counts.iterations, r.counts.factorisations, r.counts.operations, r.rejected, r.rounds],
        "honest": r.honest, "rough": r.rough, "last": {}, "shortest": m.shortest, "found": m.found,
        "tries": [m.tries.left, m.tries.longer, m.tries.no_cells, m.tries.spared], "rounds": m.rounds,
        "failures": astuple(m.failures),
        "halved": m.halved, "jumped": m.jumped, "layered": m.layered, "looked": m.looked, "waits": m.waits,
        "rate": m.solver.rate if goes_on else None, "told": m.solver.told, "brief": m.solver.brief,
        "made": plain(at) if goes_on and at is not None and not m.solver.constant else {},
        "seen": [] if seen is None else [seen.rate, seen.shortest, seen.longest],
        "carried": [c.sizes, c.grown, c.low, c.level, c.steps, c.even_grown, c.waited],
        "changes": [[part.values, part.rates] for part in (c.change, *c.even)],
    }  # fmt: skip
    if last is not None:
        kept["last"] = plain(last)
    return kept


def plain(step: Step) -> dict[str, Any]:
    """A step on the cells that are kept."""
    return {
        "begin": step.begin, "length": step.length, "values": step.start.values, "rates": step.start.rates,
        "stages": step.stages,
    }  # fmt: skip


def restore(marcher: Marcher, kept: Mapping[str, Any]) -> None:
    """Take over what `stored` gave."""
    for name in (
        "at",
        "length",
        "sizes",
        "terms",
        "residual",
        "taken",
        "shortest",
        "found",
        "rounds",
        "jumped",
        "layered",
        "halved",
        "looked",
        "waits",
    ):
        setattr(marcher, name, kept[name])
    marcher.tries, marcher.failures = Tries(*kept["tries"]), Failures(*kept["failures"])
    marcher.mesh = Tiles.placed(marcher.mesh.ends, kept["places"], marcher.mesh.device, marcher.mesh.region)
    marcher.start, marcher.solver.sizes = Start(kept["values"], kept["rates"]), marcher.sizes
    marcher.solver.seen = Seen(marcher.mesh.places, *kept["seen"]) if kept["seen"] else None
    record = marcher.record
    counts = record.counts
    counts.iterations, counts.factorisations, counts.operations, record.rejected, record.rounds = kept["counts"]
    record.honest, record.rough = kept["honest"], kept["rough"]
    change, *even = [Start(*parts) for parts in kept["changes"]]
    sizes, grown, low, level, steps, even_grown, waited = kept["carried"]
    marcher.carried = Carried(marcher.scheme, change, sizes, grown, low, level, steps, even_grown, waited, even)
    if last := kept["last"]:
        marcher.last = _step(marcher, last)
        marcher.solver.brief = kept["brief"]
        if kept["rate"] is not None:
            made = _step(marcher, kept["made"]) if kept["made"] else marcher.last
            marcher.solver.take_up(made, kept["rate"], kept["told"])


def _step(marcher: Marcher, kept: Mapping[str, Any]) -> Step:
    start = Start(kept["values"], kept["rates"])
    return Step(marcher.scheme, marcher.mesh, kept["begin"], kept["length"], start, kept["stages"])
