"""Watching a walk: which step is on, how far it is, how long each took, how much memory the process used."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Protocol, Self

from ee_floods.contracts.report import Step

__all__ = ["Listener", "PeakMemory", "Watch"]

logger = logging.getLogger(__name__)


class Listener(Protocol):
    """Something that shows a walk to a person."""

    def started(self, step: str) -> None:
        """A step begins."""

    def advanced(self, step: str, done: int, total: int, detail: str) -> None:
        """A step is `done` of `total` along."""

    def finished(self, step: str, seconds: float, summary: str) -> None:
        """A step has ended."""


class Watch:
    """Records the steps of a walk and tells a listener.

    Args:
        listener: None logs only.
    """

    def __init__(self, listener: Listener | None = None) -> None:
        self._listener = listener
        self._steps: list[Step] = []
        self._summary = ""

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps that have ended, in order."""
        return tuple(self._steps)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step; it is recorded only if it ends well."""
        if self._listener:
            self._listener.started(name)
        start = time.perf_counter()
        self._current, self._summary = name, ""
        yield
        seconds = time.perf_counter() - start
        self._steps.append(Step(name=name, seconds=round(seconds, 3)))
        logger.info("%s: %.1f s %s", name, seconds, self._summary)
        if self._listener:
            self._listener.finished(name, seconds, self._summary)

    def advance(self, done: int, total: int, detail: str = "") -> None:
        """Say how far the current step is."""
        if self._listener:
            self._listener.advanced(self._current, done, total, detail)

    def say(self, summary: str) -> None:
        """Say in a few words what the current step brought."""
        self._summary = summary


class PeakMemory:
    """Greatest memory of this process and all below it while the block runs, sampled twice a second.

    On Linux the proportional set size, in which a page that processes share counts once; elsewhere the
    resident size, which counts it for each of them.
    """

    def __init__(self) -> None:
        self._peak = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="peak-memory", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def mib(self) -> float:
        """The peak so far in MiB."""
        return round(self._peak / 2**20, 1)

    def _sample(self) -> None:
        import psutil

        own = psutil.Process()
        while True:
            total = 0
            for process in (own, *own.children(recursive=True)):
                with suppress(
                    psutil.NoSuchProcess, psutil.ZombieProcess
                ):  # it ended between the listing and the look
                    full = process.memory_full_info()
                    total += getattr(full, "pss", full.rss)
            self._peak = max(self._peak, total)
            if self._stop.wait(0.5):
                return
