"""Who may ask: a bearer token on every route, but for what is open and what carries its own right."""

from __future__ import annotations

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ee_floods.engine.errors import EngineError
from ee_floods.engine.server.replies import send_error
from ee_floods.engine.server.service_account import TOKEN_PATH
from ee_floods.engine.server.tokens import Tokens

__all__ = ["HEALTH_PATH", "TRUSTED", "Guard"]

HEALTH_PATH = "/ee-floods/v1/health"

TRUSTED = "ee_floods.trusted"
"""Key of the scope: whether the caller may learn what a stranger may not."""

_OPEN = ("/$discovery/rest", TOKEN_PATH, HEALTH_PATH)
# Made by `Tokens.render_name`: 256 bits that nobody can guess, given only to a caller with a token.
_RENDER = re.compile(
    r"/v1(?:alpha|beta)?/projects/[^/]+/\w+/[0-9a-f]{32}-[0-9a-f]{32}(?::get\w+|/tiles/\d+/-?\d+/-?\d+)"
)
_MISSING = (
    "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or "
    "other valid authentication credential."
)
_INVALID = (
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other "
    "valid authentication credential."
)


class Guard:
    """Asks for a bearer token, and lets pages of any origin show what is rendered.

    Open to everybody are the discovery document, the token endpoint (which asks for a signed assertion) and
    the health page (which tells a stranger nothing but that the server serves). Tiles, thumbnails and
    downloads are fetched by browsers and map widgets that send no headers of ours: their addresses are
    unguessable, are given only to callers with a token and end after a week, so an address is its own right,
    to read and to nothing else. As at the service, pages of any origin (`null` too: notebooks saved as files)
    may read them.

    Args:
        app: The application behind.
        tokens: Checks tokens.
        required: Whether one is asked for.
    """

    def __init__(self, app: ASGIApp, tokens: Tokens, required: bool) -> None:
        self._app, self._tokens, self._required = app, tokens, required

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("authorization")
        scope[TRUSTED] = not self._required or (given is not None and self._admits(given))
        rendered = scope["method"] in ("GET", "HEAD") and _RENDER.fullmatch(scope["path"]) is not None
        if not scope[TRUSTED] and not rendered and scope["path"] not in _OPEN:
            error = EngineError(_MISSING if given is None else _INVALID, 401)
            await send_error(send, error, {"WWW-Authenticate": 'Bearer realm="ee-floods"'})
            return
        await self._app(scope, receive, _for_any_origin(send) if rendered else send)

    def _admits(self, header: str) -> bool:
        scheme, _, token = header.partition(" ")
        return scheme.lower() == "bearer" and self._tokens.accepts(token.strip())


def _for_any_origin(send: Send) -> Send:
    async def marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["Access-Control-Allow-Origin"] = "*"
            headers["X-Content-Type-Options"] = "nosniff"
            headers["Referrer-Policy"] = "no-referrer"  # the address is a secret
        await send(message)

    return marked
