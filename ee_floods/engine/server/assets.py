"""Routes of assets: get, list, create, patch, delete, copy, move, pixels, features, policies."""

from __future__ import annotations

import re
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from ee_floods.engine.assets.ids import asset_id, asset_name, is_root
from ee_floods.engine.assets.quota import MAX_ASSETS, MAX_BYTES
from ee_floods.engine.errors import EngineError, bad_request
from ee_floods.engine.server.context import Context, read_json

__all__ = ["AssetsApi"]

# What a COG-backed image's place is called: by the reference, and by older clients.
_LOCATIONS = ("cloudStorageLocation", "gcsLocation", "gcs_location")
# A client that makes the parents of an asset asks for these first where it takes the id for a legacy one.
_ABOVE_ROOT = re.compile(r"projects(/[^/]+)?")
_METHODS = ["GET", "POST", "PATCH", "DELETE"]


class AssetsApi:
    """Answers questions about assets and changes those that clients created."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self, prefix: str) -> list[BaseRoute]:
        """Return the routes below `/{version}/projects/{project}`."""
        return [
            Route(f"{prefix}:listAssets", self._list_root, methods=["GET"]),
            Route(f"{prefix}/image:importExternal", self._external, methods=["POST"]),
            Route(f"{prefix}/assets", self._root, methods=["GET", "POST"]),
            Route(f"{prefix}/assets/{{rest:path}}", self._asset, methods=_METHODS),
        ]

    async def _list_root(self, request: Request) -> Response:
        parent = f"projects/{request.path_params['project']}/assets"
        return await self._context.document("listing", parent, dict(request.query_params))

    async def _root(self, request: Request) -> Response:
        project = request.path_params["project"]
        if request.method == "GET":
            return await self._get(f"projects/{project}/assets")
        body = await read_json(request)
        wanted = request.query_params.get("assetId") or ""
        if not wanted:
            raise bad_request("Asset ID is required.")
        identifier = asset_id(f"projects/{project}/assets/{wanted}")
        self._context.check_quota(identifier)
        location = next((body[key] for key in _LOCATIONS if body.get(key)), None)
        if location is not None:
            manifest = {**body, "name": identifier, "tilesets": [{"sources": [location]}]}
            await self._make("register_image", manifest, request.query_params.get("overwrite") == "true")
            return await self._get(identifier)
        await run_in_threadpool(
            self._context.created.make_folder,
            identifier,
            str(body.get("type") or ""),
            body.get("properties") or {},
        )
        return await self._get(identifier)

    async def _external(self, request: Request) -> Response:
        """Make a COG-backed image; unlike an import this is done at once, and answers with the asset."""
        body = await read_json(request)
        manifest = body.get("imageManifest") or {}
        await self._make("register_image", manifest, bool(body.get("overwrite")))
        return await self._get(asset_id(str(manifest.get("name") or "")))

    async def _make(self, call: str, *arguments: Any) -> None:
        """Let a worker stage an asset, and publish it."""
        made = await self._context.call(call, *arguments)
        await run_in_threadpool(self._context.created.publish, made.new)

    async def _asset(self, request: Request) -> Response:
        project, rest = request.path_params["project"], request.path_params["rest"]
        path, colon, action = rest.rpartition(":")
        if not colon:
            path, action = rest, ""
        identifier = asset_id(f"projects/{project}/assets/{path}")
        if request.method == "GET":
            return await self._read(identifier, action, dict(request.query_params))
        if request.method == "DELETE" and not action:
            await self._check_changeable(identifier)
            await run_in_threadpool(self._context.created.delete, identifier)
            return JSONResponse({})
        body = await read_json(request)
        if request.method == "PATCH" and not action:
            mask = body.get("updateMask") or {}
            paths = mask.get("paths") or () if isinstance(mask, dict) else str(mask).split(",")
            await self._check_changeable(identifier)
            await run_in_threadpool(
                self._context.created.update, identifier, body.get("asset") or {}, list(paths)
            )
            return await self._get(identifier)
        return await self._act(identifier, action, body)

    async def _read(self, identifier: str, action: str, query: dict[str, str]) -> Response:
        if action == "":
            return await self._get(identifier)
        if action in ("listAssets", "listImages"):
            return await self._context.document("listing", identifier, query)
        if action == "listFeatures":
            return await self._context.document("asset_features", identifier, query)
        raise _unknown(action)

    async def _act(self, identifier: str, action: str, body: dict[str, Any]) -> Response:
        created = self._context.created
        target = asset_id(str(body.get("destinationName") or ""))
        if action == "copy":
            await self._copy(identifier, target, bool(body.get("overwrite")))
            return await self._get(target)
        if action == "move":
            await self._check_changeable(identifier)
            await run_in_threadpool(created.move, identifier, target)
            return await self._get(target)
        if action == "getPixels":
            return await self._context.blob("asset_pixels", identifier, body)
        if action == "getIamPolicy":
            await self._context.call("asset", identifier)  # 404 if it is not there
            return JSONResponse(created.policy(identifier))
        if action == "setIamPolicy":
            policy = body.get("policy") or {}
            await self._check_changeable(identifier)
            created.set_policy(identifier, policy)
            return JSONResponse(policy)
        if action == "testIamPermissions":
            return JSONResponse({"permissions": body.get("permissions") or []})
        raise _unknown(action)

    async def _copy(self, source: str, target: str, overwrite: bool) -> None:
        created = self._context.created
        self._context.check_quota(target)
        if created.holds(source):
            await run_in_threadpool(created.copy, source, target, overwrite=overwrite)
            return
        made = await self._context.call("copy_asset", source, target, overwrite)
        if made.folder is not None:
            type_, properties = made.folder
            await run_in_threadpool(created.make_folder, target, type_, properties)
        else:
            await run_in_threadpool(created.publish, made.new)

    async def _check_changeable(self, identifier: str) -> None:
        """Raise 404 for an asset that is absent, 403 for one that no client made."""
        if is_root(identifier) or self._context.created.holds(identifier):
            return
        await self._context.call("asset", identifier)
        raise EngineError(f"Asset '{identifier}' does not exist or doesn't allow this operation.", 403)

    async def _get(self, identifier: str) -> Response:
        if _ABOVE_ROOT.fullmatch(identifier):
            return JSONResponse({"type": "FOLDER", "name": asset_name(identifier), "id": identifier})
        if not is_root(identifier):
            return await self._context.document("asset", identifier)
        count, size = self._context.created.usage(identifier)
        return JSONResponse(
            {
                "type": "FOLDER",
                "name": asset_name(identifier),
                "id": identifier,
                # 64-bit integers are strings in the service's JSON.
                "quota": {
                    "sizeBytes": str(size),
                    "maxSizeBytes": str(MAX_BYTES),
                    "assetCount": str(count),
                    "maxAssets": str(MAX_ASSETS),
                },
            }
        )


def _unknown(action: str) -> EngineError:
    return EngineError(f"Method '{action}' is not implemented by the local engine.")
