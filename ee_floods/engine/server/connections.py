"""The server's connections, within reach of the application: a fault may end one amid an answer."""

from __future__ import annotations

from typing import Any, Protocol, cast

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["CONNECTION", "Connection", "OpenProtocol", "wait_for_end"]

CONNECTION = "ee_floods.connection"
"""Key of the scope: the request's connection."""


class Connection(Protocol):
    """What may be done to a connection (an `asyncio.Transport`)."""

    def abort(self) -> None:
        """End it at once; what has not been sent is lost."""

    def close(self) -> None:
        """End it once what was written has been sent."""


class OpenProtocol(H11Protocol):
    """Uvicorn's HTTP protocol; it hands the connection on with each request."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        inner = cast(ASGIApp, self.app)

        async def with_connection(scope: Scope, receive: Receive, send: Send) -> None:
            scope[CONNECTION] = self.transport
            await inner(scope, receive, send)

        self.app = cast(Any, with_connection)


async def wait_for_end(receive: Receive) -> None:
    """Wait until the server has noticed that the connection has ended; else it would answer with a 500."""
    while (await receive())["type"] != "http.disconnect":
        pass
