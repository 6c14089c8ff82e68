"""Routes that start tasks and follow them: exports, imports, operations, the project's configuration."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from ee_floods.engine.assets.ids import asset_id
from ee_floods.engine.errors import EngineError, bad_request
from ee_floods.engine.server.absent import absent_destination, absent_routes
from ee_floods.engine.server.context import Context, page_size, read_json
from ee_floods.engine.state.operation_filter import OperationFilter

__all__ = ["TasksApi"]

_PAGE = 500  # operations of one page, at most: what the client asks for (ee.data)
_LONGEST_WAIT_S = 60.0
_DESTINATIONS = ("fileExportOptions", "assetExportOptions", "tileExportOptions")
_KINDS = {
    ("image", "export"): "EXPORT_IMAGE",
    ("table", "export"): "EXPORT_FEATURES",
    ("map", "export"): "EXPORT_TILES",
    ("image", "import"): "INGEST_IMAGE",
    ("table", "import"): "INGEST_TABLE",
}


class TasksApi:
    """Starts, lists and cancels tasks.

    Args:
        context: The engine's parts.
        started: Called when a task waits.
        cancelled: Called with the id of a running task that is to end.
    """

    def __init__(
        self, context: Context, started: Callable[[], None], cancelled: Callable[[str], None]
    ) -> None:
        self._context, self._started, self._cancelled = context, started, cancelled

    def routes(self, prefix: str) -> list[BaseRoute]:
        """Return the routes below `/{version}/projects/{project}`."""
        return [
            *(
                Route(f"{prefix}/{resource}:{action}", self._starter(kind), methods=["POST"])
                for (resource, action), kind in _KINDS.items()
            ),
            *absent_routes(prefix),
            Route(f"{prefix}/operations", self._list, methods=["GET"]),
            Route(f"{prefix}/operations/{{id}}:cancel", self._cancel, methods=["POST"]),
            Route(f"{prefix}/operations/{{id}}:wait", self._wait, methods=["POST"]),
            Route(f"{prefix}/operations/{{id}}", self._operation, methods=["GET", "DELETE"]),
            Route(f"{prefix}/config", self._config, methods=["GET", "PATCH"]),
        ]

    def _starter(self, kind: str) -> Any:
        async def start(request: Request) -> Response:
            body = await read_json(request)
            self._check(kind, body)
            operation, new = self._context.operations.start(
                request.path_params["project"],
                kind,
                {**_described(kind, body), **body},
                limited=self._context.limited,
            )
            if new:
                self._started()
            return JSONResponse(operation.to_resource())

        return start

    def _check(self, kind: str, body: Mapping[str, Any]) -> None:
        """Raise what the service says at once; a task's other errors come when it ends."""
        if kind.startswith("EXPORT"):
            if not isinstance(body.get("expression"), Mapping):
                raise bad_request("Missing required field: 'expression'.")
            if not any(body.get(key) for key in _DESTINATIONS):
                absent = absent_destination(body)
                if absent is not None:
                    raise absent
                raise bad_request("Export options must be specified.")
            target = ((body.get("assetExportOptions") or {}).get("earthEngineDestination")) or {}
            name, overwrite = target.get("name"), bool(target.get("overwrite"))
        else:
            manifest = body.get("imageManifest") or body.get("tableManifest") or {}
            name, overwrite = manifest.get("name"), bool(body.get("overwrite"))
            if not name:
                raise bad_request("Manifest must contain the destination asset's 'name'.")
        if name and not self._context.operations.started(str(body.get("requestId") or "")):
            identifier = asset_id(str(name))
            self._context.created.check_target(identifier, overwrite=overwrite)
            self._context.check_quota(identifier)

    async def _list(self, request: Request) -> Response:
        query = request.query_params
        size = page_size(query.get("pageSize"), _PAGE, _PAGE)
        token = query.get("pageToken") or "0"
        if re.fullmatch("[0-9]{1,18}", token) is None:
            raise bad_request("Invalid page token.")
        wanted = OperationFilter.parse(query.get("filter", ""))
        found = self._context.operations.page(request.path_params["project"], wanted, int(token), size + 1)
        answer: dict[str, Any] = {"operations": [item.to_resource() for item in found[:size]]}
        if len(found) > size:
            answer["nextPageToken"] = str(found[size - 1].sequence)
        return JSONResponse(answer)

    async def _operation(self, request: Request) -> Response:
        operation = self._context.operations.get(request.path_params["id"])
        if request.method == "DELETE":
            raise EngineError("Operations cannot be deleted.")
        return JSONResponse(operation.to_resource())

    async def _cancel(self, request: Request) -> Response:
        operation = self._context.operations.cancel(request.path_params["id"])
        if operation.state == "CANCELLING":
            self._cancelled(operation.id)
        return JSONResponse({})

    async def _wait(self, request: Request) -> Response:
        body = await read_json(request)
        match = re.fullmatch(r"(\d+(?:\.\d+)?)s", str(body.get("timeout") or f"{_LONGEST_WAIT_S}s"))
        if match is None:
            raise bad_request("The timeout of a wait is a duration such as '10s'.")
        deadline = asyncio.get_running_loop().time() + min(float(match[1]), _LONGEST_WAIT_S)
        while True:
            operation = self._context.operations.get(request.path_params["id"])
            if operation.ended or asyncio.get_running_loop().time() >= deadline:
                return JSONResponse(operation.to_resource())
            await asyncio.sleep(0.1)

    async def _config(self, request: Request) -> Response:
        project, config = request.path_params["project"], self._context.config
        if request.method == "PATCH":
            mask = request.query_params.get("updateMask") or "max_concurrent_exports"
            if mask not in ("max_concurrent_exports", "maxConcurrentExports", "*"):
                raise bad_request(
                    f"Invalid update mask '{mask[:80]}': only max_concurrent_exports can be set."
                )
            body = await read_json(request)
            wanted = body.get("maxConcurrentExports", body.get("max_concurrent_exports"))
            config.set_at_once(project, wanted)
            self._started()  # more may run now
        return JSONResponse(config.to_resource(project))


def _described(kind: str, body: Mapping[str, Any]) -> dict[str, str]:
    """Return the description that the service gives an ingestion."""
    word = {"INGEST_IMAGE": "image", "INGEST_TABLE": "table"}.get(kind)
    if word is None:
        return {}
    manifest = body.get(f"{word}Manifest") or {}
    return {"description": f'Ingest {word}: "{asset_id(str(manifest.get("name")))}"'}
