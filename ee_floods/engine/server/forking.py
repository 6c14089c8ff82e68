"""The process that workers are forked from: it has imported all that they need."""

from __future__ import annotations

import multiprocessing
import os
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext

__all__ = ["ENVIRONMENT", "fork_server"]

ENVIRONMENT = {
    "GDAL_CACHEMAX": "128",  # MB of decoded blocks a process; GDAL's own 5 % of memory each would add up
    "GDAL_DISABLE_READDIR_ON_OPEN": "TRUE",  # a folder of ten thousand files is not listed for each of them
    # The calls of a worker run in a thread, to which glibc gives a heap of its own: it hands each array of
    # some 100 kB back to the kernel and fetches it again, page by page, and heaps of threads that ended stay.
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(4 * 2**20),  # fixed: by itself it grows with what was freed, up to 32 MiB,
    "MALLOC_TRIM_THRESHOLD_": str(8 * 2**20),  # and with it what a worker keeps of a large answer
    "OPENBLAS_NUM_THREADS": "1",  # there is a worker for each core: more threads wait for each other
}
"""What libraries of the workers read when they are loaded; a variable that is set already wins."""

_PRELOADED = "ee_floods.engine.preloaded"


def fork_server() -> ForkServerContext:
    """Return the context that starts workers, its fork server started; it imports while the caller goes on.

    Its imports and those of the server take half a second each: called early, they run side by side. It ends
    when this process does.
    """
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([_PRELOADED])
    forkserver.ensure_running()
    return context
