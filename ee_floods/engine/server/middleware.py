"""What happens to every request: host and origin checks, errors in the service's form, default headers."""

from __future__ import annotations

import ipaddress
import json
import logging
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ee_floods.engine.errors import EngineError
from ee_floods.engine.server.context import ASSETS_HEADER, SIMULATED_HEADER

__all__ = ["ErrorForm", "TrustedCallers"]

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
            host = urlsplit(f"//{headers.get('host', '')}").hostname or ""
            if not self._known(host):
                await _send_error(send, EngineError(f"Unknown host '{host}'.", 403))
                return
            origin = headers.get("origin")
            if origin and scope["method"] not in ("GET", "HEAD", "OPTIONS"):
                caller = urlsplit(origin).hostname or ""
                if not self._known(caller):
                    await _send_error(send, EngineError(f"Requests from '{origin}' are not answered.", 403))
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
                await _send_error(marked, error)
        except Exception:  # the one boundary of the server: a client must get an answer, whatever went wrong
            logger.exception("A request failed: %s %s", scope["method"], scope["path"])
            if not started:
                await _send_error(marked, EngineError("An internal error has occurred.", 500))


async def _send_error(send: Send, error: EngineError) -> None:
    body = json.dumps(error.to_dict()).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": error.code, "headers": headers})
    await send({"type": "http.response.body", "body": body})
