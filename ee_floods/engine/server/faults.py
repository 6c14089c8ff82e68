"""Delays and faults on demand, drawn from a seed: how a client behaves when the service does not."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Receive, Scope, Send

from ee_floods.engine.errors import EngineError

__all__ = ["FAULT_KINDS", "Faults"]

FAULT_KINDS = (429, 500, 503)
"""Statuses that can be drawn: too many requests, an internal error, unavailable."""

_MESSAGES = {
    429: "Too many concurrent aggregations.",
    500: "An internal error has occurred.",
    503: "The service is currently unavailable.",
}
_SPARED = (
    "/ee-floods/",
    "/$discovery/",
)  # the engine's own pages, and what a client asks before it can retry


@dataclass
class Faults:
    """What is done to requests.

    Args:
        latency_ms: Every answer waits this long.
        rate: Share of requests that are answered with a fault, 0..1; they are not carried out.
        kinds: Statuses to draw from.
        seed: The same seed draws the same faults in the same order of requests.
    """

    latency_ms: float
    rate: float
    kinds: Sequence[int]
    seed: int
    _random: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def wrap(self, app: ASGIApp) -> ASGIApp:
        """Return the application with the faults in front of it."""

        async def faulty(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or str(scope["path"]).startswith(_SPARED):
                await app(scope, receive, send)
                return
            if self.latency_ms > 0:
                await asyncio.sleep(self.latency_ms / 1000)
            if self._random.random() >= self.rate:
                await app(scope, receive, send)
                return
            code = self._random.choice(list(self.kinds))
            body = json.dumps(EngineError(_MESSAGES.get(code, "Fault."), code).to_dict()).encode()
            headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
            await send({"type": "http.response.start", "status": code, "headers": headers})
            await send({"type": "http.response.body", "body": body})

        return faulty
