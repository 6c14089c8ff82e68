"""The ASGI application: every route and what wraps them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from ee_floods.engine.errors import EngineError
from ee_floods.engine.server.assets import AssetsApi
from ee_floods.engine.server.computing import ComputingApi
from ee_floods.engine.server.context import Context, read_json
from ee_floods.engine.server.faults import Faults
from ee_floods.engine.server.guard import Guard
from ee_floods.engine.server.limiter import RequestLimiter
from ee_floods.engine.server.middleware import ErrorForm, LongQueries, TrustedCallers
from ee_floods.engine.server.own import OwnApi
from ee_floods.engine.server.tasks import TasksApi
from ee_floods.engine.storage.routes import StorageApi
from ee_floods.engine.storage.uploads import Uploads

__all__ = ["build_app"]

_PREFIX = "/{version:api_version}/projects/{project}"


class _Word(Convertor[str]):
    """A path segment that is one of a few words."""

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


class _Version(_Word):
    regex = "v1alpha|v1beta|v1"


class _Rendered(_Word):
    regex = "maps|thumbnails|videoThumbnails|filmstripThumbnails|tables"


def build_app(
    context: Context,
    uploads: Uploads,
    *,
    hosts: frozenset[str],
    any_address: bool,
    guarded: bool,
    faults: Faults | None,
    started: Callable[[], None],
    cancelled: Callable[[str], None],
    lifespan: Callable[[], AbstractAsyncContextManager[None]],
) -> Starlette:
    """Return the application.

    Args:
        context: The engine's parts.
        uploads: Resumable uploads.
        hosts: Names under which the server is reached.
        any_address: Whether any literal IP address is one of them.
        guarded: Whether callers must show a token.
        faults: Faults and delays to answer with, or None.
        started: Called when a task waits.
        cancelled: Called with the id of a task to end.
        lifespan: Wraps the time in which the application serves.
    """
    register_url_convertor("api_version", _Version())
    register_url_convertor("render", _Rendered())
    storage = StorageApi(context.store, uploads, context.folder, context.url, read_json)
    routes: list[BaseRoute] = [
        *OwnApi(context).routes(_PREFIX),
        *ComputingApi(context).routes(_PREFIX),
        *TasksApi(context, started, cancelled).routes(_PREFIX),
        *AssetsApi(context).routes(_PREFIX),
        *storage.routes(),
    ]

    @asynccontextmanager
    async def served(_: Starlette) -> AsyncIterator[None]:
        async with lifespan():
            yield

    middleware = [
        Middleware(TrustedCallers, hosts=hosts, any_address=any_address),
        Middleware(Guard, tokens=context.tokens, required=guarded),
        Middleware(ErrorForm),
        Middleware(LongQueries),
    ]
    if context.limited:
        middleware.append(Middleware(RequestLimiter))
    if faults is not None:
        middleware.append(Middleware(faults.wrap))
    return Starlette(
        routes=routes,
        middleware=middleware,
        exception_handlers={HTTPException: _http_error, EngineError: _engine_error},
        lifespan=served,
    )


async def _engine_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, EngineError)
    return JSONResponse(error.to_dict(), status_code=error.code)


async def _http_error(request: Request, error: Exception) -> Response:
    code = error.status_code if isinstance(error, HTTPException) else 500
    message = {
        404: f"The local engine does not answer {request.method} {request.url.path}.",
        405: f"{request.method} is not allowed here.",
    }.get(code, "The request was refused.")
    return JSONResponse(EngineError(message, code).to_dict(), status_code=code)
