"""The automatic reference beside training: the same one as before it, whatever becomes of the other process."""

import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pinnsolve import Box, Problem, d, dirichlet, initial
from pinnsolve.checks.check import check
from pinnsolve.command import awaited as module
from pinnsolve.command.awaited import awaited, references
from pinnsolve.machine.beside import Beside, second_core

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux alone")

ROD = Problem(
    space=Box(x=(0, 1)), time=(0, 0.1), unknowns="u", equations=lambda u, x, t: d(u, t) - d(u, x, x),
    conditions=[initial(u=lambda x: x * (1 - x)), dirichlet(u=0)],
)  # fmt: skip
AT = {"x": np.linspace(0, 1, 7), "t": np.linspace(0, 0.1, 7)}


def gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False


def test_work_goes_on_beside_and_answers_until_it_is_closed() -> None:
    begun, here = time.monotonic(), os.getpid()

    def work() -> tuple[int, Callable[[Any], Any]]:
        time.sleep(0.3)
        return os.getpid(), lambda array: 2 * array

    beside = Beside(work)
    assert time.monotonic() - begun < 0.3, "this process does not wait for it"
    there = beside.told()
    assert there is not None and there != here
    np.testing.assert_array_equal(beside.ask(np.arange(3.0)), [0.0, 2.0, 4.0])
    with pytest.raises(TypeError):
        beside.ask({})
    np.testing.assert_array_equal(beside.ask(np.ones(2)), [2.0, 2.0])  # a bad question is not its end
    beside.close()
    assert gone(there)


def test_it_is_not_interrupted_by_the_keyboard_and_ends_with_the_one_who_asks() -> None:
    def work() -> tuple[int, Callable[[Any], Any]]:
        time.sleep(0.3)
        return os.getpid(), str

    beside = Beside(work)
    time.sleep(0.1)
    os.kill(beside._process.pid, signal.SIGINT)  # type: ignore[arg-type]
    there = beside.told()
    assert there is not None
    beside._mine.close()
    beside._process.join(5)
    assert not beside._process.is_alive()


def test_a_reference_beside_training_is_the_one_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    findings = check(ROD)
    monkeypatch.setattr(module, "second_core", lambda: True)
    ((_, before),), note, _ = references(ROD, findings, 20.0)
    with awaited(ROD, findings, 20.0) as known:
        ((_, beside),), also, peak = known()
        assert before is not None and beside is not None and note == also == ""
        assert beside.own_error == before.own_error and beside.about == before.about and peak.bytes > 0
        np.testing.assert_array_equal(beside.fields["u"](**AT), before.fields["u"](**AT))


def test_why_there_is_none_is_told_beside_training_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "second_core", lambda: True)
    sharpened = ROD.replaced(equations=lambda u, x, t: d(u, t) + d(u, x, x))
    with awaited(sharpened, check(sharpened), 20.0) as known:
        ((_, found),), note, _ = known()
    assert found is None and note.startswith("no reference, because")


@pytest.mark.parametrize("fault", ["raises", "is killed"])
def test_where_the_other_process_fails_this_one_solves_it(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    findings, here, attempt = check(ROD), os.getpid(), module.attempt

    def fails(*given: Any, **named: Any) -> Any:
        if os.getpid() == here:
            return attempt(*given, **named)
        if fault == "raises":
            raise MemoryError
        os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(module, "second_core", lambda: True)
    monkeypatch.setattr(module, "attempt", fails)
    with awaited(ROD, findings, 20.0) as known:
        ((_, found),), note, _ = known()
        assert found is not None and note == "" and found.fields["u"](**AT).shape == (7,)


def test_what_a_problem_brings_is_built_before_training(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(module, "Beside", never)
    with awaited(ROD.replaced(reference=None), check(ROD), 20.0) as known:
        assert known()[0] == [({}, None)] and known()[1] == "the reference is switched off"
    monkeypatch.setattr(module, "second_core", lambda: False)
    with awaited(ROD, check(ROD), 20.0) as known:
        assert known()[0][0][1] is not None


def test_a_second_core_is_one_that_may_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for cores, there in ((1, False), (2, True)):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _, cores=cores: set(range(cores)))
        assert second_core() is there
    monkeypatch.setattr("torch.accelerator.is_available", lambda: True)
    assert not second_core()
