"""Delays and faults on demand, drawn from a seed: how a client behaves when the service does not."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ee_floods.engine.errors import EngineError
from ee_floods.engine.server.connections import CONNECTION, Connection, wait_for_end
from ee_floods.engine.server.replies import send_error
from ee_floods.errors import ConfigError

__all__ = ["DEFAULT_KINDS", "FAULT_KINDS", "Faults", "check_kinds", "parse_kinds"]

FAULT_KINDS = ("429", "500", "503", "drop", "truncate", "slow", "restricted")
"""What can be drawn; `Faults` says what each does."""

DEFAULT_KINDS = ("429", "500", "503")

_REFUSALS = {
    "429": EngineError("Too many concurrent aggregations.", 429),
    "500": EngineError("An internal error has occurred.", 500),
    "503": EngineError("The service is currently unavailable.", 503),
}
# The client's own words for the header below (ee.data); what a refused request says is not documented.
_RESTRICTED = EngineError(
    "Your project has exceeded its noncommercial compute quota and is now in restricted mode. Visit "
    "https://developers.google.com/earth-engine/guides/noncommercial_tiers#restricted_mode to learn more.",
    403,
)
_RESTRICTED_HEADERS = {"X-Earth-Engine-Quota-Status": "parallelism_restricted=true"}
_SPARED = ("/ee-floods/", "/$discovery/")
_STORAGE = ("/storage/", "/upload/storage/", "/download/storage/")
_DRIPS = 10
_DRIP_S = 0.1


@dataclass
class Faults:
    """What is done to requests.

    - `429`, `500`, `503`: refused with that status and the service's words; not carried out.
    - `drop`: the connection ends without an answer, every other time on average after the request was carried
      out. The client cannot tell which; a `requestId` makes asking again safe.
    - `truncate`: carried out; the body breaks off in the middle of its `Content-Length`.
    - `slow`: carried out; the body drips over a second.
    - `restricted`: refused as for a project whose monthly compute is spent. The client does not ask again
      after a 403, so that each shows. (The service's status for it is not documented: assumed.)

    Spared are the engine's own pages, the token endpoint among them, and the discovery document: without them
    a client is not yet one. Cloud Storage is another service with its own bill: it is never `restricted`.
    Tiles are not spared; a map shows a gap, as it does when the service fails.

    Args:
        latency_ms: Every answer waits this long.
        rate: Share of requests that meet a fault, 0..1.
        kinds: Kinds to draw from, of `FAULT_KINDS`.
        seed: Request number n meets the same fate under the same seed, whatever the others do.
    """

    latency_ms: float
    rate: float
    kinds: Sequence[str]
    seed: int
    _numbers: Iterator[int] = field(default_factory=itertools.count, init=False, repr=False)

    def draw(self, number: int) -> tuple[str | None, bool]:
        """Return the fault of a request, if any, and whether a dropped one is carried out first."""
        chance = random.Random(f"{self.seed}/{number}")
        if chance.random() >= self.rate:
            return None, False
        return chance.choice(list(self.kinds)), chance.random() < 0.5

    def wrap(self, app: ASGIApp) -> ASGIApp:
        """Return the application with the faults in front of it."""

        async def faulty(scope: Scope, receive: Receive, send: Send) -> None:
            path = str(scope.get("path", ""))
            if scope["type"] != "http" or path.startswith(_SPARED):
                await app(scope, receive, send)
                return
            kind, carried_out = self.draw(next(self._numbers))
            if self.latency_ms > 0:
                await asyncio.sleep(self.latency_ms / 1000)
            if kind == "restricted" and path.startswith(_STORAGE):
                kind = None
            if kind in _REFUSALS:
                await send_error(send, _REFUSALS[kind])
            elif kind == "restricted":
                await send_error(send, _RESTRICTED, _RESTRICTED_HEADERS)
            elif kind == "drop":
                if carried_out:
                    await app(scope, receive, _nowhere)
                _connection(scope).abort()
                await wait_for_end(receive)
            elif kind == "truncate":
                await app(scope, receive, _Cut(send, _connection(scope)))
                await wait_for_end(receive)
            else:
                await app(scope, receive, _drip(send) if kind == "slow" else send)

        return faulty


def parse_kinds(text: str) -> tuple[str, ...]:
    """Return the kinds of a comma-separated list.

    Raises:
        ConfigError: If one is unknown, or there is none.
    """
    kinds = tuple(part.strip() for part in text.split(",") if part.strip())
    check_kinds(kinds)
    return kinds


def check_kinds(kinds: Sequence[str]) -> None:
    """Raise `ConfigError` unless these are kinds of faults, at least one."""
    unknown = sorted(set(kinds) - set(FAULT_KINDS))
    if unknown or not kinds:
        raise ConfigError(
            f"`fault_kinds` {','.join(kinds)!r} "
            + (f"holds the unknown kind {unknown[0]!r}." if unknown else "holds none."),
            remedy=f"Choose from {','.join(FAULT_KINDS)}.",
        )


def _connection(scope: Scope) -> Connection:
    connection: Connection = scope[CONNECTION]
    return connection


async def _nowhere(message: Message) -> None:
    """Swallow an answer."""


class _Cut:
    """Sends the first half of the first piece of a body and closes the connection."""

    def __init__(self, send: Send, connection: Connection) -> None:
        self._send, self._connection, self._over = send, connection, False

    async def __call__(self, message: Message) -> None:
        if self._over:
            return
        if message["type"] == "http.response.body":
            self._over = True
            body = message.get("body", b"")
            await self._send({**message, "body": body[: len(body) // 2], "more_body": True})
            self._connection.close()
            return
        await self._send(message)


def _drip(send: Send) -> Send:
    async def dripping(message: Message) -> None:
        body = message.get("body", b"")
        if message["type"] != "http.response.body" or not body:
            await send(message)
            return
        size = -(-len(body) // _DRIPS)
        for first in range(0, len(body), size):
            last = first + size >= len(body)
            piece = body[first : first + size]
            more = message.get("more_body", False) if last else True
            await send({**message, "body": piece, "more_body": more})
            await asyncio.sleep(_DRIP_S)

    return dripping
