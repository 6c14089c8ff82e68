"""Room for deep recursion: a thread whose stack holds a quarter of a million nested calls.

A client may send a chain of ten thousand operations. Evaluating it, reading its pixels and walking its
collections all recurse, partly through C (generators, sorting), and a C stack that overflows ends the
process. A thread with a stack of its own size is the one place where the limits of Python and of C can agree.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import TypeVar

__all__ = ["FRAMES", "deeply"]

T = TypeVar("T")

FRAMES = 250_000
"""Python frames in a deep thread: 20,000 nested calls of a graph at about ten frames each, and their like."""

# A frame that goes through C took 0.8 KiB of stack (CPython 3.11, nested generators); 2 KiB leaves a margin.
# Pages that nothing touches take no memory.
_STACK_BYTES = 2048 * FRAMES

_here = threading.local()
_starting = threading.Lock()
_running = 0
_ordinary = sys.getrecursionlimit()


def deeply(function: Callable[[], T]) -> T:
    """Return what a function returns, called where it may recurse deeply.

    Called from a deep thread it is a plain call, so that only the outermost one pays for the thread.

    Raises:
        RecursionError: If even `FRAMES` were not enough.
        MemoryError: If there is no room for the stack.
    """
    if getattr(_here, "deep", False):
        return function()
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        _here.deep = True
        try:
            results.append(function())
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            errors.append(error)

    thread = threading.Thread(target=run, name="deep", daemon=True)
    _begin()
    try:
        _start(thread)
        thread.join()
    finally:
        _end()
    if errors:
        raise errors[0]
    return results[0]


def _start(thread: threading.Thread) -> None:
    with _starting:
        before = threading.stack_size(_STACK_BYTES)
        try:
            thread.start()
        except RuntimeError as error:  # there is no memory for its stack
            raise MemoryError(str(error)) from error
        finally:
            threading.stack_size(before)


def _begin() -> None:
    global _running, _ordinary
    with _starting:
        if _running == 0:
            _ordinary = sys.getrecursionlimit()
            sys.setrecursionlimit(max(_ordinary, FRAMES))
        _running += 1


def _end() -> None:
    global _running
    with _starting:
        _running -= 1
        if _running == 0:
            sys.setrecursionlimit(_ordinary)
