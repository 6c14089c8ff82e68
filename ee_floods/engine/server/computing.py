"""Routes that compute: values, pixels, features, maps, thumbnails, table downloads."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from ee_floods.engine.errors import EngineError, bad_request
from ee_floods.engine.server.context import Context, read_json
from ee_floods.engine.state.database import now_us

__all__ = ["ComputingApi"]

_RENDER_DAYS = 7  # how long the name of a map or thumbnail is good for
# What checks a request when it is made, so that its errors come then, and what answers it.
_CHECKS = {
    "maps": "check_map",
    "thumbnails": "check_thumbnail",
    "videoThumbnails": "check_frames",
    "filmstripThumbnails": "check_frames",
}
_PIXELS = {"thumbnails": "thumbnail", "videoThumbnails": "video", "filmstripThumbnails": "filmstrip"}


class ComputingApi:
    """Answers what is computed while the client waits."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self, prefix: str) -> list[BaseRoute]:
        """Return the routes below `/{version}/projects/{project}`."""
        routes: list[BaseRoute] = [
            Route(f"{prefix}/value:compute", self._value, methods=["POST"]),
            Route(f"{prefix}/image:computePixels", self._pixels, methods=["POST"]),
            Route(f"{prefix}/table:computeFeatures", self._features, methods=["POST"]),
            Route(
                f"{prefix}/maps/{{id}}/tiles/{{zoom:int}}/{{x:int}}/{{y:int}}", self._tile, methods=["GET"]
            ),
            Route(f"{prefix}/imageCollection:computeImages", self._images, methods=["POST"]),
            Route(f"{prefix}/{{kind:render}}/{{id}}:getPixels", self._thumbnail, methods=["GET"]),
            Route(f"{prefix}/tables/{{id}}:getFeatures", self._table, methods=["GET"]),
        ]
        routes += [Route(f"{prefix}/{{kind:render}}", self._create, methods=["POST"])]
        return routes

    async def _value(self, request: Request) -> Response:
        body = await read_json(request)
        expression = body.get("expression")
        if not isinstance(expression, dict):
            raise bad_request("Missing required field: 'expression'.")
        return await self._context.document("value", expression)

    async def _pixels(self, request: Request) -> Response:
        return await self._context.blob("pixels", await read_json(request))

    async def _features(self, request: Request) -> Response:
        return await self._context.document("features", await read_json(request))

    async def _images(self, request: Request) -> Response:
        return await self._context.document("images", await read_json(request))

    async def _create(self, request: Request) -> Response:
        kind, project = request.path_params["kind"], request.path_params["project"]
        body = await read_json(request)
        if kind in _CHECKS:
            await self._context.call(_CHECKS[kind], body)
        identifier = self._keep(kind, body)
        return JSONResponse({"name": f"projects/{project}/{kind}/{identifier}"})

    async def _tile(self, request: Request) -> Response:
        parameters = request.path_params
        body = self._kept("maps", parameters["id"])
        answer = await self._context.blob("tile", body, parameters["zoom"], parameters["x"], parameters["y"])
        # Maps in notebooks and pages read tiles from another origin; tiles change nothing.
        answer.headers["Access-Control-Allow-Origin"] = "*"
        return answer

    async def _thumbnail(self, request: Request) -> Response:
        kind = request.path_params["kind"]
        if kind not in _PIXELS:
            raise EngineError(f"{kind.capitalize()} have no pixels of their own.", 404)
        return await self._context.blob(_PIXELS[kind], self._kept(kind, request.path_params["id"]))

    async def _table(self, request: Request) -> Response:
        return await self._context.blob("table_download", self._kept("tables", request.path_params["id"]))

    def _keep(self, kind: str, body: dict[str, Any]) -> str:
        """Store a request under a name made of its content; the same request has the same name.

        Whoever knows the name may fetch it without a token (see `server.guard`), so it cannot be guessed.
        """
        text = json.dumps(body, sort_keys=True)
        identifier = self._context.tokens.render_name(f"{kind}\n{text}")
        oldest = now_us() - _RENDER_DAYS * 24 * 3600 * 1_000_000
        with self._context.database.transaction() as connection:
            connection.execute("DELETE FROM renders WHERE create_time < ?", (oldest,))
            connection.execute(
                "INSERT OR REPLACE INTO renders VALUES (?, ?, ?, ?)", (identifier, kind, text, now_us())
            )
        return identifier

    def _kept(self, kind: str, identifier: str) -> dict[str, Any]:
        row = self._context.database.row(
            "SELECT request FROM renders WHERE id = ? AND kind = ?", (identifier, kind)
        )
        if row is None:
            raise EngineError(f"{kind[:-1].capitalize()} '{identifier}' not found or expired.", 404)
        body: dict[str, Any] = json.loads(row["request"])
        return body
