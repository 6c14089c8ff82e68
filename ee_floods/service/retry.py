"""Trying again what may pass, and nothing else: bounded exponential backoff with jitter."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from ee_floods.errors import TransientError
from ee_floods.service.faults import RateLimitError, classify

__all__ = ["PATIENT", "Backoff", "retry"]

T = TypeVar("T")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Backoff:
    """How often and how long to wait between tries.

    Args:
        tries: Tries in all, at least 1.
        first_s: Longest wait before the second try, seconds.
        factor: Growth of the longest wait.
        longest_s: Cap of the wait, seconds.
    """

    tries: int = 6
    first_s: float = 1.0
    factor: float = 2.0
    longest_s: float = 60.0

    def waits(self, draw: Callable[[], float]) -> Iterator[float]:
        """Yield the waits between tries, seconds: between half and all of a bound that grows.

        Args:
            draw: Returns numbers in 0..1. Jitter keeps clients that failed together from returning together.
        """
        bound = self.first_s
        for _ in range(self.tries - 1):
            yield min(bound, self.longest_s) * (0.5 + 0.5 * draw())
            bound *= self.factor


PATIENT = Backoff()
"""Six tries over about half a minute, on top of the five quick ones of the `ee` client itself."""


def retry(
    call: Callable[[], T],
    *,
    doing: str,
    backoff: Backoff = PATIENT,
    sleep: Callable[[float], None] = time.sleep,
    draw: Callable[[], float] = random.random,
) -> T:
    """Return what `call` returns, trying again while the service's fault may pass.

    Args:
        call: Does one request.
        doing: What it does, for messages.
        backoff: Tries and waits.
        sleep: Waits; replaced in tests.
        draw: Random numbers in 0..1; replaced in tests.

    Raises:
        EEFloodsError: The classified fault of the last try; at once if it cannot pass.
    """
    waits = backoff.waits(draw)
    while True:
        try:
            return call()
        except Exception as error:
            if _is_local(error):
                raise
            fault = classify(error, doing=doing)
            wait = next(waits, None) if isinstance(fault, TransientError | RateLimitError) else None
            if wait is None:
                if fault is error:
                    raise
                raise fault from error
        _log.info("%s Trying again in %.1f s.", fault.message, wait)
        sleep(wait)


def _is_local(error: Exception) -> bool:
    """Whether an exception is Python's own: a mistake in this program, or a file's fault."""
    return type(error).__module__ == "builtins" and not isinstance(error, ConnectionError | TimeoutError)
