"""A bound on the memory that one request may take, so that it fails alone and its worker lives on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["bounded_memory"]

_STATM = Path("/proc/self/statm")
_DATA_FIELD = 5  # pages of data and stack, the sixth number of proc(5)'s statm

# Of the machine's memory: the rest is for the server, the other workers and the page cache.
_SHARE = 0.75


@contextmanager
def bounded_memory(more: int) -> Iterator[None]:
    """Let this process allocate at most `more` bytes than it holds now; beyond, `MemoryError` is raised.

    The bound is the kernel's (`RLIMIT_DATA`), so it holds for NumPy and GDAL as well. Where there is none
    (not Linux) nothing is bounded.

    Args:
        more: Bytes; no more than three quarters of the machine's memory are granted.
    """
    if not _STATM.exists():
        yield
        return
    import resource

    page = os.sysconf("SC_PAGE_SIZE")
    machine = page * os.sysconf("SC_PHYS_PAGES")
    held = int(_STATM.read_text().split()[_DATA_FIELD]) * page
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    bound = held + min(more, int(machine * _SHARE))
    if soft != resource.RLIM_INFINITY:
        bound = min(bound, soft)
    resource.setrlimit(resource.RLIMIT_DATA, (bound, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
