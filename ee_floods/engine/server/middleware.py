"""What happens to every request: host and origin checks, errors in the service's form, long queries."""

from __future__ import annotations

import ipaddress
import logging
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ee_floods.engine.errors import EngineError
from ee_floods.engine.server.context import ASSETS_HEADER, SIMULATED_HEADER, read_body
from ee_floods.engine.server.replies import send_error

__all__ = ["ErrorForm", "LongQueries", "TrustedCallers"]

logger = logging.getLogger(__name__)


class TrustedCallers:
    """Answers only requests meant for this server.

    A page in a browser can send requests to a loopback port; after rebinding its own name to 127.0.0.1 it can
    even read the answers. So the Host must be one of the server's own, and a request from another origin may
    not change anything.

    Args:
        app: The application behind.
        hosts: Names under which the server is reached.
        any_address: Whether a literal IP address is one too (a server bound to all interfaces).
    """

    def __init__(self, app: ASGIApp, hosts: frozenset[str], any_address: bool) -> None:
        self._app, self._hosts, self._any_address = app, hosts, any_address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            host = _hostname(f"//{headers.get('host', '')}")
            if not self._known(host):
                await send_error(send, EngineError(f"Unknown host '{host}'.", 403))
                return
            origin = headers.get("origin")
            if origin and scope["method"] not in ("GET", "HEAD", "OPTIONS"):
                caller = _hostname(origin)
                if not self._known(caller):
                    await send_error(send, EngineError(f"Requests from '{origin}' are not answered.", 403))
                    return
        await self._app(scope, receive, send)

    def _known(self, host: str) -> bool:
        if host in self._hosts:
            return True
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        return self._any_address or address.is_loopback


class ErrorForm:
    """Turns exceptions into the service's errors; sees that every answer says what it was computed from."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def marked(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                headers.setdefault(ASSETS_HEADER, "0")
                headers.setdefault(SIMULATED_HEADER, "false")
            await send(message)

        try:
            await self._app(scope, receive, marked)
        except EngineError as error:
            if not started:
                await send_error(marked, error)
        except Exception:  # the one boundary of the server: a client must get an answer, whatever went wrong
            logger.exception("A request failed: %s %s", scope["method"], scope["path"])
            if not started:
                await send_error(marked, EngineError("An internal error has occurred.", 500))


class LongQueries:
    """Reads the query of a GET that was sent as a POST because its address was too long.

    googleapiclient sends a GET whose address has over 2,048 characters as a form with the header
    `X-HTTP-Method-Override: GET`; no other method may be put on so. The checks of origin and token have seen
    the request as the POST that it is.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        override = Headers(scope=scope).get("x-http-method-override") if scope["type"] == "http" else None
        if override is None or scope["method"] == override:
            await self._app(scope, receive, send)
            return
        if scope["method"] != "POST" or override != "GET":
            raise EngineError(f"{scope['method']} cannot stand for {override[:20]}.", 405)
        form = await read_body(Request(scope, receive))
        query = b"&".join(part for part in (scope["query_string"], form) if part)
        await self._app({**scope, "method": "GET", "query_string": query}, receive, send)


def _hostname(address: str) -> str:
    """Return the host of an address; empty if it has none or is none (`null`, an open bracket)."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""
