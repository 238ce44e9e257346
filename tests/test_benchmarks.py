"""The comparison's table and curves, from made-up records: nothing is run here, and nothing is downloaded."""

from __future__ import annotations

from math import inf, nan
from pathlib import Path
from typing import Any

import pytest

from benchmarks import __main__ as command
from benchmarks.curves import TITLES, decades, draw
from benchmarks.growth import SERIES, WIDTHS, evolution
from benchmarks.growth import table as growth_table
from benchmarks.ranks import Machine, Size, cells_model, features_model
from benchmarks.running import PINNSOLVE_LIMIT, RESULTS, _last_words, environment
from benchmarks.table import (
    LEVELS,
    PACKAGES,
    PROBLEMS,
    beside_classical,
    median_time,
    ratio,
    read,
    summary,
    table,
    time_to,
)
from pinnsolve import MLP
from pinnsolve.solve import Settings, prepare

ROOT = Path(__file__).parents[1]


def curve(*points: tuple[float, float]) -> list[dict[str, Any]]:
    return [{"seconds": seconds, "errors": {"u": error}} for seconds, error in points]


def record(package: str, *points: tuple[float, float], **changes: Any) -> dict[str, Any]:
    told = {
        "package": package, "problem": "heat", "seed": 0, "threads": 1, "outcome": "ran", "curve": curve(*points),
        "import_seconds": 2.0, "setup_seconds": 1.0, "peak_mib": 400.0, "settings": f"{package}'s own", "versions": {},
    }  # fmt: skip
    return told | changes


OURS = [record("pinnsolve", (0.5, 1e-5), (2.0, 1e-9), seed=seed) for seed in range(3)]
PEER = record("deepxde", (1.0, 0.5), (10.0, 9e-3), (30.0, 2e-3), (50.0, 8e-4), (60.0, 3e-3))
FAILED = record(
    "jinns", outcome="failed with code 1: ValueError: a | b", import_seconds=None, setup_seconds=None, peak_mib=None
)


# ---------------------------------------------------------------- reading a curve


def test_time_to_is_the_first_look_below_the_level() -> None:
    assert time_to(PEER["curve"], 1e-2) == 10.0
    assert time_to(PEER["curve"], 1e-3) == 50.0  # though it rose again
    assert time_to(PEER["curve"], 1e-4) == inf
    assert time_to([], 1e-2) == inf


def test_every_unknown_must_have_come_to_the_level() -> None:
    found = [{"seconds": 1.0, "errors": {"u": 1e-4, "p": 0.2}}, {"seconds": 3.0, "errors": {"u": 1e-4, "p": 1e-3}}]
    assert time_to(found, 1e-2) == 3.0


def test_an_error_that_is_not_finite_reaches_nothing() -> None:
    assert time_to([{"seconds": 1.0, "errors": {"u": nan}}], 1e-2) == inf


def test_a_seed_that_does_not_get_there_counts_as_infinite() -> None:
    there, not_there = record("deepxde", (4.0, 1e-3)), record("deepxde", (4.0, 0.3))
    assert median_time([there, there, not_there], 1e-2) == 4.0
    assert median_time([there, not_there, not_there], 1e-2) == inf
    assert median_time([there, not_there], 1e-2) == inf  # of two, the worse


def test_the_ratio_is_taken_at_the_smallest_level_that_the_peer_reached() -> None:
    assert ratio([PEER], OURS) == "100 (at 1e-03)"
    assert ratio([record("jinns", (1.0, 5e-5))], OURS) == "2 (at 5e-05)"
    assert ratio([record("jinns", (1.0, 0.6))], OURS) == "reached no level"
    assert ratio([PEER], [record("pinnsolve", (1.0, 0.5))]) == "pinnsolve did not reach 1e-03"


# ---------------------------------------------------------------- the table


def test_the_summary_has_a_row_for_each_problem_that_pinnsolve_ran() -> None:
    heat, *rest = summary([*OURS, PEER, FAILED, record("deepxde", (1.0, 0.1), problem="burgers")]).splitlines()[2:]
    assert not any(line.startswith("|") for line in rest)
    assert heat == "| heat | 0.5 s, 0.5 s | 1e-09 | 3e-03, 60 s | 100 (at 1e-03) | failed | reached no level |  |"


def test_where_the_classical_method_is_faster_is_said() -> None:
    """To the smallest error that it reached, not to a larger one."""
    quick, slow = record("scipy", (0.1, 1e-3), (5.0, 1e-6)), record("scipy", (0.2, 1e-3), (0.3, 1e-6), problem="wave")
    waves = [record("pinnsolve", (0.1, 1e-3), (2.0, 1e-6), problem="wave", seed=seed) for seed in range(3)]
    told = beside_classical([*OURS, quick, *waves, slow, record("scipy", (1.0, 1e-3), problem="poisson")])
    assert "faster on 1 of 2 problems; it is not on wave. To larger ones" in told
    assert told.endswith(": 1e-02 on 1 of 2, 1e-03 on 1 of 2, 1e-04 on 1 of 2, 1e-05 on 1 of 2, 1e-06 on 1 of 2.")
    coarse = beside_classical([*OURS, record("scipy", (1.0, 1e-3))])
    assert coarse.endswith(
        "faster on 1 of 1 problems. To larger ones, of those that it reached: 1e-02 on 1 of 1, 1e-03 on 1 of 1."
    )


def test_a_row_for_each_package_and_a_failure_stands_as_one() -> None:
    text = table([*OURS, PEER, FAILED])
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len(lines) == 2 + len(PACKAGES)
    assert len({line.count("|") for line in lines}) == 1
    ours, peer, failed, none = lines[2:]
    assert "| 0.5 s | 0.5 s | 0.5 s | 0.5 s | 2 s | u 1.0e-09 | 2 s |" in ours
    assert "| 10 s | 50 s | - | - | - | u 3.0e-03 | 60 s |" in peer
    assert "failed with code 1: ValueError: a / b" in failed
    assert none.endswith("not run |")
    assert "- pinnsolve (3 seeds): pinnsolve's own" in text


def test_only_problems_with_records_are_shown() -> None:
    assert "## heat" in table(OURS)
    assert "## burgers" not in table(OURS)
    assert table([]) == "\n"


def test_the_stored_records_can_be_read_and_belong_to_known_runs() -> None:
    for told in read(RESULTS):
        assert told["problem"] in PROBLEMS
        assert told["package"] in PACKAGES
    assert table(read(RESULTS))


def test_the_preface_names_threads_and_versions() -> None:
    text = command.preface([record("scipy", (1.0, 1e-3), versions={"scipy": "1.17.1"})])
    assert "on 1 thread(s)" in text
    assert "scipy 1.17.1" in text


# ---------------------------------------------------------------- the picture


def test_the_picture_takes_failures_and_infinite_errors(tmp_path: Path) -> None:
    draw([*OURS, PEER, FAILED, record("jinns", (1.0, nan), (2.0, 1e-3), problem="burgers")], tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_axes_end_at_whole_decades() -> None:
    assert decades((0.03, 0.9)) == pytest.approx((0.01, 1.0))
    assert decades((0.5, 700.0)) == pytest.approx((0.1, 1000.0))


# ---------------------------------------------------------------- the runs


def test_everyone_gets_the_same_threads() -> None:
    found = environment(1)
    assert {found["OMP_NUM_THREADS"], found["MKL_NUM_THREADS"], found["OPENBLAS_NUM_THREADS"]} == {"1"}
    assert "intra_op_parallelism_threads=1" in found["XLA_FLAGS"]


def test_the_last_words_of_a_failure_are_the_error() -> None:
    assert _last_words("Traceback\nValueError: no\n-----\nFor simplicity, ...") == "ValueError: no"
    assert _last_words("") == "it said nothing"


def test_the_command_runs_what_is_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[tuple[Any, ...]] = []

    def run(*given: Any) -> dict[str, Any]:
        asked.append(given)
        return FAILED

    monkeypatch.setattr(command, "run", run)
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "README.md").write_text("Seconds:\n<!-- benchmark: begin -->\n<!-- benchmark: end -->\n")
    monkeypatch.setattr(command, "HERE", tmp_path / "benchmarks")
    monkeypatch.setattr(command, "read", lambda _: [*OURS, PEER])
    assert command.main(["--only", "cavity", "--packages", "pinnsolve", "jinns", "scipy", "--limit", "9"]) == 1
    assert asked == [("pinnsolve", "cavity", s, 1, 9.0) for s in (0, 1, 2)] + [("scipy", "cavity", 0, 1, 9.0)]
    assert "## heat" in (tmp_path / "benchmarks" / "results.md").read_text()
    assert "| heat | 0.5 s, 0.5 s |" in (tmp_path / "README.md").read_text()
    assert PINNSOLVE_LIMIT <= 120


def test_every_problem_has_its_classical_method_and_its_picture() -> None:
    from benchmarks.workers.with_scipy import ITSELF, METHODS

    assert tuple(METHODS) == PROBLEMS == tuple(TITLES)
    assert set(ITSELF) < set(PROBLEMS)


def test_every_package_has_its_worker_and_every_level_its_column() -> None:
    assert all((ROOT / "benchmarks" / "workers" / f"with_{package}.py").exists() for package in PACKAGES)
    assert list(LEVELS) == sorted(LEVELS, reverse=True)


# ---------------------------------------------------------------- ranks


def test_the_model_of_ranks_shares_all_work_and_no_more() -> None:
    """Two ranks have at least half of what one has to do, and what they share falls as ranks are added."""
    models = (
        lambda ranks: features_model(Size(points=50_000, features=200), ranks, Machine()),
        lambda ranks: cells_model(100, 5, 1, ranks, Machine()),
    )
    for seconds in models:
        one, two, four = (seconds(ranks) for ranks in (1, 2, 4))
        assert one[2] == 0 < two[2] <= four[2]
        assert sum(two) > sum(one) / 2 and two[0] + two[1] >= (one[0] + one[1]) / 2
        assert one[0] > two[0] > four[0]


# ---------------------------------------------------------------- growth


def test_the_growth_table_has_a_column_for_each_series() -> None:
    found = {name: dict.fromkeys(sizes, "0.1 s, 300 MiB") for name, (sizes, _) in SERIES.items()}
    text = growth_table(found)
    assert "| points | first-order step | Levenberg-Marquardt step | Newton solve |" in text
    assert "| 1,000,000 | 0.1 s, 300 MiB | 0.1 s, 300 MiB | 0.1 s, 300 MiB |" in text


@pytest.mark.parametrize("parameters", WIDTHS)
def test_networks_have_the_parameters_that_are_told(parameters: int) -> None:
    w = WIDTHS[parameters]
    assert 3 * w + 2 * (w**2 + w) + w + 1 == parameters


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_equations_of_every_order_can_be_prepared(order: int) -> None:
    ready = prepare(evolution(order), Settings(network=MLP(4, 1), points=8, held_out=8))
    assert max(max(alpha) for alpha in ready.findings.derivatives["u"]) == order
