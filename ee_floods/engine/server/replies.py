"""Answers that are sent below the framework, where there are no routes."""

from __future__ import annotations

import json
from collections.abc import Mapping

from starlette.types import Send

from ee_floods.engine.errors import EngineError

__all__ = ["send_error"]


async def send_error(send: Send, error: EngineError, headers: Mapping[str, str] | None = None) -> None:
    """Send an error in the service's form."""
    body = json.dumps(error.to_dict()).encode()
    all_headers = {
        "content-type": "application/json; charset=UTF-8",
        "content-length": str(len(body)),
        **(headers or {}),
    }
    await send(
        {
            "type": "http.response.start",
            "status": error.code,
            "headers": [(name.lower().encode(), value.encode()) for name, value in all_headers.items()],
        }
    )
    await send({"type": "http.response.body", "body": body})
