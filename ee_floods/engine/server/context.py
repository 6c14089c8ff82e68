"""What the routes share: state, workers, and how an answer says what it was computed from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ee_floods.contracts.provenance import AssetUse
from ee_floods.engine.assets.created import CreatedAssets
from ee_floods.engine.assets.quota import check_quota
from ee_floods.engine.errors import EngineError, bad_request
from ee_floods.engine.server.forms import checked_body
from ee_floods.engine.server.pool import WorkerCrashError, WorkerPool
from ee_floods.engine.server.service_account import ServiceAccount
from ee_floods.engine.server.tokens import Tokens
from ee_floods.engine.state.database import Database
from ee_floods.engine.state.folder import StateFolder
from ee_floods.engine.state.operations import Operations
from ee_floods.engine.state.project_config import ProjectConfig
from ee_floods.engine.state.reads import Reads
from ee_floods.engine.storage.store import ObjectStore

__all__ = [
    "ASSETS_HEADER",
    "BODY_LIMIT",
    "SIMULATED_HEADER",
    "Context",
    "page_size",
    "provenance_headers",
    "read_body",
    "read_json",
]

ASSETS_HEADER = "X-EE-Floods-Assets"
SIMULATED_HEADER = "X-EE-Floods-Simulated"

BODY_LIMIT = 10 * 1024 * 1024
"""Bytes of a JSON body; the service's own limit on a request's payload."""

_DEPTH = 300
"""Levels of lists and objects in a body. The client nests to about 50 and refers to the rest (ee.serializer);
Python's own reader, writer and pickler give up near 1,000, each at another depth."""

_AT_ONCE = 1 << 18  # bytes; a larger body is parsed in a thread, so that others are answered meanwhile
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_NO_BRACKETS = bytes(sorted(set(range(256)) - set(b"[]{}")))
_STEP = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_LISTED = 8  # ids in the header; a composite may have thousands, a header may not


@dataclass(frozen=True)
class Context:
    """One engine's parts, as the routes see them.

    Args:
        url: The server's own URL, without a slash at the end.
        project: Project whose root folder exists from the start.
        limited: Whether the service's limits hold.
        timeout_s: Seconds an interactive request may take.
        tokens: Names what browsers fetch, issues and checks access tokens.
        account: The service account that clients may use.
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
    config: ProjectConfig
    pool: WorkerPool
    tokens: Tokens
    account: ServiceAccount

    def check_quota(self, asset_id: str, *, new_bytes: int = 0) -> None:
        """Raise 429 unless the limits allow one more asset of some bytes."""
        if self.limited:
            check_quota(self.created, asset_id, new_bytes=new_bytes)

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


async def read_body(request: Request, limit: int = BODY_LIMIT) -> bytes:
    """Return a request's body, whatever it says of its length.

    Raises:
        EngineError: If it is longer than `limit` bytes.
    """
    collected = bytearray()
    async for chunk in request.stream():
        collected += chunk
        if len(collected) > limit:
            raise EngineError(f"Request payload size exceeds the limit: {limit} bytes.", 400)
    return bytes(collected)


async def read_json(request: Request) -> dict[str, Any]:
    """Return a request's JSON object; an empty body is an empty object.

    Raises:
        EngineError: If it is too large, too deep, or not a JSON object.
    """
    body = await read_body(request)
    if not body.strip():
        return {}
    return await run_in_threadpool(_parse, body) if len(body) > _AT_ONCE else _parse(body)


def page_size(value: str | None, default: int, largest: int) -> int:
    """Return the size of a page: the default for none or 0, the largest for more than that.

    Raises:
        EngineError: If it is not a whole number from 0 on.
    """
    text = value or "0"
    if not (text.isascii() and text.isdigit()):
        raise bad_request(f"Invalid value at 'page_size' (TYPE_INT32), \"{text[:40]}\"")
    return min(int(text[:10]), largest) or default


def _parse(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
        if b"\\ud" in body.lower():  # half of a surrogate pair is no text: it cannot be stored or sent back
            json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise bad_request("Invalid JSON payload received.") from error
    if not isinstance(document, Mapping):
        raise bad_request("Invalid JSON payload received. A JSON object is expected.")
    brackets = _STRING.sub(b"", body).translate(None, _NO_BRACKETS)
    if max(accumulate(map(_STEP.__getitem__, brackets))) > _DEPTH:
        raise bad_request(f"Invalid JSON payload received. It is nested more than {_DEPTH} levels deep.")
    return checked_body(document)
