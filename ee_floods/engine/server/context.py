"""What the routes share: state, workers, and how an answer says what it was computed from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ee_floods.contracts.provenance import AssetUse
from ee_floods.engine.assets.created import CreatedAssets
from ee_floods.engine.errors import EngineError, bad_request
from ee_floods.engine.server.pool import WorkerCrashError, WorkerPool
from ee_floods.engine.state.database import Database
from ee_floods.engine.state.folder import StateFolder
from ee_floods.engine.state.operations import Operations
from ee_floods.engine.state.reads import Reads
from ee_floods.engine.storage.store import ObjectStore

__all__ = ["ASSETS_HEADER", "BODY_LIMIT", "SIMULATED_HEADER", "Context", "provenance_headers", "read_json"]

ASSETS_HEADER = "X-EE-Floods-Assets"
SIMULATED_HEADER = "X-EE-Floods-Simulated"

BODY_LIMIT = 10 * 1024 * 1024
"""Bytes of a JSON body; the service's own limit on a request's payload."""

_LISTED = 8  # ids in the header; a composite may have thousands, a header may not


@dataclass(frozen=True)
class Context:
    """One engine's parts, as the routes see them.

    Args:
        url: The server's own URL, without a slash at the end.
        project: Project whose root folder exists from the start.
        limited: Whether the service's limits hold.
        timeout_s: Seconds an interactive request may take.
    """

    url: str
    project: str
    limited: bool
    timeout_s: float | None
    folder: StateFolder
    database: Database
    store: ObjectStore
    created: CreatedAssets
    operations: Operations
    reads: Reads
    pool: WorkerPool

    async def call(self, name: str, *arguments: Any) -> Any:
        """Make an interactive call in a worker and write down what it read.

        Raises:
            EngineError: As the call raises it; 500 if the worker died, and the next call finds another one.
        """
        try:
            answer = await self.pool.run(name, *arguments, timeout=self.timeout_s)
        except WorkerCrashError as error:
            raise EngineError("An internal error has occurred.", 500) from error
        uses: Sequence[AssetUse] = getattr(answer, "assets", ())
        self.reads.add(name, uses)
        return answer

    async def document(self, name: str, *arguments: Any) -> Response:
        """Return a worker's JSON answer."""
        answer = await self.call(name, *arguments)
        return JSONResponse(answer.body, headers=provenance_headers(answer.assets))

    async def blob(self, name: str, *arguments: Any) -> Response:
        """Return a worker's binary answer."""
        answer = await self.call(name, *arguments)
        headers = provenance_headers(answer.assets)
        if answer.filename:
            headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(answer.filename)}"
        return Response(answer.body, media_type=answer.media_type, headers=headers)


def provenance_headers(uses: Iterable[AssetUse]) -> dict[str, str]:
    """Return the headers that say how many and which assets an answer used, and whether any is simulated."""
    found = sorted(uses)
    listed = ",".join(quote(use.id, safe="/:") for use in found[:_LISTED])
    return {
        ASSETS_HEADER: f"{len(found)};{listed}" if found else "0",
        SIMULATED_HEADER: "true" if any(use.simulated for use in found) else "false",
    }


async def read_json(request: Request) -> dict[str, Any]:
    """Return a request's JSON object; an empty body is an empty object.

    Raises:
        EngineError: If it is too large, or not a JSON object.
    """
    collected = bytearray()
    async for chunk in request.stream():
        collected += chunk
        if len(collected) > BODY_LIMIT:
            raise EngineError(f"Request payload size exceeds the limit: {BODY_LIMIT} bytes.", 400)
    if not collected.strip():
        return {}
    try:
        document = json.loads(bytes(collected))
    except (ValueError, RecursionError) as error:
        raise bad_request("Invalid JSON payload received.") from error
    if not isinstance(document, Mapping):
        raise bad_request("Invalid JSON payload received. A JSON object is expected.")
    return dict(document)
