"""What the service has and the local engine has not: each such request is answered with its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ee_floods.engine.errors import EngineError

__all__ = ["absent_destination", "absent_routes"]

_DESTINATIONS = {
    "bigqueryExportOptions": "Table exports to BigQuery",
    "featureViewExportOptions": "Table exports to FeatureView assets",
}
_PATHS = {
    "video:export": "Video exports",
    "videoMap:export": "Video map exports",
    "classifier:export": "Classifier exports",
    "featureView": "FeatureView tiles",
}


def absent_destination(body: Mapping[str, Any]) -> EngineError | None:
    """Return the error for an export to a place that the engine has not; None for others."""
    words = next((words for key, words in _DESTINATIONS.items() if body.get(key)), None)
    return None if words is None else _error(words)


def absent_routes(prefix: str) -> list[BaseRoute]:
    """Return the routes of methods that the engine has not, below `/{version}/projects/{project}`."""
    return [Route(f"{prefix}/{path}", _refusal(words), methods=["POST"]) for path, words in _PATHS.items()]


def _refusal(words: str) -> Any:
    async def refuse(_: Request) -> Response:
        raise _error(words)

    return refuse


def _error(words: str) -> EngineError:
    # Not 501: clients take codes from 500 for passing trouble and ask again for half a minute.
    return EngineError(f"{words} are not implemented by the local engine.")
