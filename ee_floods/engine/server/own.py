"""Routes of the engine's own, and the two documents that a client asks for first."""

from __future__ import annotations

import os
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from ee_floods.engine.errors import EngineError
from ee_floods.engine.server.context import Context, read_body
from ee_floods.engine.server.discovery import algorithms_document, discovery_document
from ee_floods.engine.server.guard import HEALTH_PATH, TRUSTED
from ee_floods.engine.server.service_account import TOKEN_PATH, RefusedAssertionError
from ee_floods.engine.server.tokens import LIFETIME_S

__all__ = ["OwnApi"]

_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_ASSERTION_LIMIT = 64 * 1024  # bytes; an assertion has some 900


class OwnApi:
    """Answers discovery, algorithms, health, reads and the token endpoint."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self, prefix: str) -> list[BaseRoute]:
        """Return the routes; `prefix` is `/{version}/projects/{project}`."""
        return [
            Route("/$discovery/rest", self._discovery, methods=["GET"]),
            Route(HEALTH_PATH, self._health, methods=["GET"]),
            Route(TOKEN_PATH, self._token, methods=["POST"]),
            Route("/ee-floods/v1/reads", self._reads, methods=["GET"]),
            Route(f"{prefix}/algorithms", self._algorithms, methods=["GET"]),
        ]

    async def _discovery(self, request: Request) -> Response:
        version = request.query_params.get("version", "v1")
        if version not in ("v1", "v1alpha", "v1beta"):
            raise EngineError(f"Discovery document not found for API service, version '{version}'.", 404)
        return Response(discovery_document(f"{self._context.url}/", version), media_type="application/json")

    async def _algorithms(self, request: Request) -> Response:
        return Response(algorithms_document(), media_type="application/json")

    async def _health(self, request: Request) -> Response:
        if not request.scope[TRUSTED]:
            return JSONResponse({"status": "serving"})
        return JSONResponse(
            {
                "status": "serving",
                "url": self._context.url,
                "project": self._context.project,
                "pid": os.getpid(),
                "state": str(self._context.folder.root),
            }
        )

    async def _reads(self, request: Request) -> Response:
        since = request.query_params.get("since", "0")
        if not (since.isascii() and since.isdigit() and len(since) <= 18):
            raise EngineError("`since` is a time in microseconds since 1970 UTC.", 400)
        return JSONResponse({"reads": list(self._context.reads.since(int(since)))})

    async def _token(self, request: Request) -> Response:
        """Trade a signed assertion for an access token (RFC 7523, section 2.1)."""
        body = await read_body(request, _ASSERTION_LIMIT)
        form = parse_qs(body.decode("ascii", "replace"))
        grant, assertion = form.get("grant_type", [""])[0], form.get("assertion", [""])[0]
        if grant != _GRANT:
            return _refusal("unsupported_grant_type", f"Invalid grant_type: {grant[:80]}")
        try:
            await run_in_threadpool(self._context.account.check, assertion)
        except RefusedAssertionError as error:
            return _refusal("invalid_grant", str(error)[:500])
        return JSONResponse(
            {"access_token": self._context.tokens.issue(), "expires_in": LIFETIME_S, "token_type": "Bearer"},
            headers={"Cache-Control": "no-store"},
        )


def _refusal(error: str, description: str) -> Response:
    return JSONResponse({"error": error, "error_description": description}, status_code=400)
