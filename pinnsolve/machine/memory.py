"""Peak memory of a phase of this process."""

from __future__ import annotations

import ctypes
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import ClassVar


@dataclass
class Peak:
    """The peak of the process' resident memory (bytes)."""

    bytes: int = 0


WORTH = 2**26  # bytes kept free: below it time is lost for nothing; larger: holes stay


@contextmanager
def peak_memory() -> Iterator[Peak]:
    """Measure the peak resident memory while the block runs.

    Linux lets a process reset its high-water mark; elsewhere the peak since the start of the process is told.
    """
    peak = Peak()
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    try:
        yield peak
    finally:
        peak.bytes = _high_water()


def give_back() -> None:
    """Give freed memory back to the system, where the C library would keep it.

    glibc keeps what is freed below the last block in use: after a pass over large arrays that were let go, hundreds of
    megabytes with holes that the next pass does not fit into. Where it keeps little, and elsewhere, nothing is done:
    what is given back has to be asked for again, page by page. Asking walks through all holes: it takes a fiftieth of
    the time at the most.
    """
    trim, begun = getattr(_c_library(), "malloc_trim", None), time.perf_counter()
    if trim is None or begun < _Told.again:
        return
    kept, told = _kept_free(), time.perf_counter()
    _Told.again = told + 50 * (told - begun)
    if kept > WORTH:
        trim(0)


class _Told(ctypes.Structure):
    """What glibc's mallinfo2 tells: ten numbers, of which the ninth is all free memory that it keeps."""

    _fields_ = [(f"number_{k}", ctypes.c_size_t) for k in range(10)]
    again: ClassVar[float] = 0.0  # when it is worth the time to ask once more (s, of the clock that counts up)


def _kept_free() -> int:
    """Bytes that the C library keeps free; without an answer more than is worth asking for."""
    ask = getattr(_c_library(), "mallinfo2", None)
    if ask is None:
        return WORTH + 1
    ask.restype = _Told
    return int(ask().number_8)


@cache
def _c_library() -> ctypes.CDLL | None:
    return ctypes.CDLL(None) if sys.platform == "linux" else None


def _of_status(name: str) -> int | None:
    """A line of what Linux tells of a process, in bytes."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) * 1024
    return None


def _high_water() -> int:
    if (peak := _of_status("VmHWM:")) is not None:
        return peak
    import resource  # not on Windows

    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else used * 1024
