"""The service's limits on requests that wait for a computation: how many at once, how many a minute."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from ee_floods.engine.errors import EngineError
from ee_floods.engine.server.replies import send_error

__all__ = ["AT_ONCE", "PER_MINUTE", "RequestLimiter"]

AT_ONCE = 40
"""Interactive requests of a project in flight (guides/usage#adjustable_quota_limits)."""

PER_MINUTE = 6000
"""Interactive requests of a project in a minute (guides/usage#adjustable_quota_limits)."""

_MINUTE_S = 60.0
_INTERACTIVE = re.compile(
    r"/v1(?:alpha|beta)?/projects/[^/]+/"
    r"(?:value:compute|image:computePixels|table:computeFeatures|maps|thumbnails|tables"
    r"|assets/.+:(?:getPixels|listFeatures)|(?:thumbnails|tables)/[^/]+:get\w+)"
)
_TOO_MANY_AT_ONCE = (
    "Too Many Requests: Request was rejected because the request rate or concurrency limit was exceeded."
)
_TOO_MANY_A_MINUTE = (
    "Quota exceeded for quota metric 'Number of read requests' and limit 'Number of read requests per minute "
    "per user' of service 'earthengine.googleapis.com' for consumer 'projects/{project}'."
)


class RequestLimiter:
    """Refuses interactive requests beyond the service's limits, in its words (both are answers users report).

    A request counts from its arrival to the end of its answer, so those that wait for a worker count too.
    Tiles wait their turn instead of being refused: a browser opens a few connections and does not ask again
    (assumed; the service does not say how it counts tiles).

    Args:
        app: The application behind.
        at_once: Requests of a project that may be in flight.
        per_minute: Requests of a project that may arrive in any minute.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        app: ASGIApp,
        at_once: int = AT_ONCE,
        per_minute: int = PER_MINUTE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app, self._at_once, self._per_minute, self._clock = app, at_once, per_minute, clock
        self._in_flight = 0
        self._arrivals: deque[float] = deque()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or _INTERACTIVE.fullmatch(scope["path"]) is None:
            await self._app(scope, receive, send)
            return
        if self._in_flight >= self._at_once:
            await send_error(send, EngineError(_TOO_MANY_AT_ONCE, 429))
            return
        now = self._clock()
        while self._arrivals and self._arrivals[0] <= now - _MINUTE_S:
            self._arrivals.popleft()
        if len(self._arrivals) >= self._per_minute:
            project = scope["path"].split("/")[3]
            await send_error(send, EngineError(_TOO_MANY_A_MINUTE.format(project=project), 429))
            return
        self._arrivals.append(now)
        self._in_flight += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._in_flight -= 1
