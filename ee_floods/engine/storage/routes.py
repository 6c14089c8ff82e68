"""The routes of the Cloud Storage JSON API subset (storage/docs/json_api/v1).

Object names are percent-encoded in paths, slashes too, so paths are cut before they are decoded.
"""

from __future__ import annotations

import re
import shutil
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from urllib.parse import quote, unquote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from ee_floods.engine.errors import EngineError, bad_request
from ee_floods.engine.state.folder import StateFolder
from ee_floods.engine.storage.store import ObjectStore, Preconditions, StoredObject
from ee_floods.engine.storage.uploads import Uploads, parse_multipart, spool

__all__ = ["StorageApi"]

_PAGE = 1000  # objects of one listing; also the service's default and maximum
_CHUNK = 1 << 20
_BYTE_RANGE = re.compile(r"bytes=(\d*)-(\d*)")

JsonReader = Callable[[Request], Awaitable[Any]]


class StorageApi:
    """Answers the storage client.

    Args:
        store: Buckets and objects.
        uploads: Resumable uploads.
        folder: Where bytes are staged.
        base_url: The server's own URL, for links.
        read_json: Reads a bounded JSON body.
    """

    def __init__(
        self,
        store: ObjectStore,
        uploads: Uploads,
        folder: StateFolder,
        base_url: str,
        read_json: JsonReader,
    ) -> None:
        self._store, self._uploads, self._folder = store, uploads, folder
        self._base_url, self._read_json = base_url, read_json

    def routes(self) -> list[BaseRoute]:
        """Return the routes to mount."""
        return [
            Route("/storage/v1/b", self._buckets, methods=["GET", "POST"]),
            Route("/storage/v1/b/{bucket}", self._bucket, methods=["GET", "DELETE"]),
            Route("/storage/v1/b/{bucket}/o", self._list, methods=["GET"]),
            Route(
                "/storage/v1/b/{bucket}/o/{name:path}",
                self._object,
                methods=["GET", "DELETE", "PATCH", "PUT", "POST"],
            ),
            Route("/download/storage/v1/b/{bucket}/o/{name:path}", self._download, methods=["GET"]),
            Route("/upload/storage/v1/b/{bucket}/o", self._upload, methods=["POST", "PUT", "DELETE"]),
        ]

    async def _buckets(self, request: Request) -> Response:
        if request.method == "GET":
            return JSONResponse({"kind": "storage#buckets", "items": self._store.buckets()})
        body = await self._read_json(request)
        name = str(body.get("name") or "")
        self._store.create_bucket(name)
        return JSONResponse(self._store.bucket(name))

    async def _bucket(self, request: Request) -> Response:
        name = request.path_params["bucket"]
        if request.method == "DELETE":
            self._store.delete_bucket(name)
            return Response(status_code=204)
        return JSONResponse(self._store.bucket(name))

    async def _list(self, request: Request) -> Response:
        query = request.query_params
        return JSONResponse(
            list_objects(
                self._store,
                request.path_params["bucket"],
                prefix=query.get("prefix", ""),
                delimiter=query.get("delimiter", ""),
                token=query.get("pageToken", ""),
                limit=min(int(query.get("maxResults") or _PAGE), _PAGE),
                base_url=self._base_url,
            )
        )

    async def _object(self, request: Request) -> Response:
        bucket, name, action = _split(request)
        if action:
            return await self._copy(bucket, name, action, request)
        conditions = Preconditions.from_query(request.query_params)
        if request.method == "DELETE":
            self._store.delete(bucket, name, conditions)
            return Response(status_code=204)
        if request.method in ("PATCH", "PUT"):
            changes = await self._read_json(request)
            return JSONResponse(
                self._store.patch(bucket, name, changes, conditions).to_resource(self._base_url)
            )
        if request.method == "POST":
            raise bad_request(f"Unsupported object action: {request.url.path}")
        if request.query_params.get("alt") == "media":
            return await self._download(request)
        stored = self._store.get(bucket, name)
        conditions.check(stored)
        return JSONResponse(stored.to_resource(self._base_url))

    async def _copy(self, bucket: str, name: str, action: list[str], request: Request) -> Response:
        kind, target_bucket, target = _copy_target(action)
        source = self._store.get(bucket, name)
        staged = self._folder.stage()
        await run_in_threadpool(shutil.copyfile, source.path, staged)
        copied = self._store.put(
            target_bucket,
            target,
            staged,
            content_type=source.content_type,
            metadata=source.metadata,
            conditions=Preconditions.from_query(request.query_params),
            digest=source.digest,
        )
        resource = copied.to_resource(self._base_url)
        if kind == "copyTo":
            return JSONResponse(resource)
        size = str(source.digest.size)
        return JSONResponse(
            {
                "kind": "storage#rewriteResponse",
                "totalBytesRewritten": size,
                "objectSize": size,
                "done": True,
                "resource": resource,
            }
        )

    async def _download(self, request: Request) -> Response:
        bucket, name, _ = _split(request)
        stored = self._store.get(bucket, name)
        Preconditions.from_query(request.query_params).check(stored)
        wanted = request.query_params.get("generation")
        if wanted is not None and wanted != str(stored.generation):
            raise EngineError(f"No such object: {bucket}/{name}#{wanted}", 404)
        return media_response(stored, request.headers.get("range"))

    async def _upload(self, request: Request) -> Response:
        bucket, query = request.path_params["bucket"], request.query_params
        if "upload_id" in query:
            return await self._resume(request, query["upload_id"])
        kind = query.get("uploadType", "media")
        conditions = Preconditions.from_query(query)
        if kind == "resumable":
            resource = await self._read_json(request)
            resource.setdefault("name", query.get("name", ""))
            if "contentType" not in resource and "x-upload-content-type" in request.headers:
                resource["contentType"] = request.headers["x-upload-content-type"]
            upload = self._uploads.begin(bucket, resource, conditions)
            location = (
                f"{self._base_url}/upload/storage/v1/b/{quote(bucket, safe='')}/o"
                f"?uploadType=resumable&upload_id={upload.id}"
            )
            return Response(headers={"Location": location, "X-GUploader-UploadID": upload.id})
        staged = self._folder.stage()
        if kind == "multipart":
            resource, media_type, payload = await parse_multipart(
                request.headers.get("content-type", ""), request.stream()
            )
            await run_in_threadpool(staged.write_bytes, payload)
        else:
            resource, media_type = {}, request.headers.get("content-type", "application/octet-stream")
            await spool(staged, request.stream())
        try:
            stored = await run_in_threadpool(
                self._store.put,
                bucket,
                str(resource.get("name") or query.get("name") or ""),
                staged,
                content_type=str(resource.get("contentType") or media_type),
                metadata=resource.get("metadata") or {},
                conditions=conditions,
            )
        finally:
            staged.unlink(missing_ok=True)
        return JSONResponse(stored.to_resource(self._base_url))

    async def _resume(self, request: Request, upload_id: str) -> Response:
        upload = self._uploads.get(upload_id)
        if request.method == "DELETE":
            self._uploads.cancel(upload)
            return Response(status_code=499)  # the service's own status for a cancelled upload
        stored = await self._uploads.receive(upload, request.headers.get("content-range"), request.stream())
        if stored is not None:
            return JSONResponse(stored.to_resource(self._base_url))
        received = upload.received
        headers = {"Range": f"bytes=0-{received - 1}"} if received else {}
        return Response(status_code=308, headers=headers)


def list_objects(
    store: ObjectStore,
    bucket: str,
    *,
    prefix: str,
    delimiter: str,
    token: str,
    limit: int,
    base_url: str,
) -> dict[str, Any]:
    """Return one page of a listing; with a delimiter, names below it are folded into `prefixes`."""
    after = urlsafe_b64decode(token).decode() if token else ""
    items: list[dict[str, Any]] = []
    prefixes: list[str] = []
    more = True
    while more and len(items) + len(prefixes) < limit:
        batch = store.page(bucket, prefix, after, limit)
        more = len(batch) == limit
        for stored in batch:
            if len(items) + len(prefixes) >= limit:
                more = True
                break
            end = stored.name.find(delimiter, len(prefix)) if delimiter else -1
            after = stored.name
            if end < 0:
                items.append(stored.to_resource(base_url))
            elif (folded := stored.name[: end + len(delimiter)]) not in prefixes:
                prefixes.append(folded)
    answer: dict[str, Any] = {"kind": "storage#objects", "items": items}
    if prefixes:
        answer["prefixes"] = prefixes
    if more:
        answer["nextPageToken"] = urlsafe_b64encode(after.encode()).decode()
    return answer


def media_response(stored: StoredObject, byte_range: str | None) -> Response:
    """Return an object's bytes, or the range of them that was asked for, with its checksums."""
    size = stored.digest.size
    first, last, status = 0, size - 1, 200
    match = _BYTE_RANGE.fullmatch(byte_range or "")
    if match is not None and (match[1] or match[2]):
        if match[1]:
            first = int(match[1])
            last = min(int(match[2]), size - 1) if match[2] else size - 1
        else:
            first = max(0, size - int(match[2]))
        if first > last:
            raise EngineError("The requested range cannot be satisfied.", 416)
        status = 206
    headers = {
        "Content-Length": str(last - first + 1),
        "X-Goog-Hash": f"crc32c={stored.digest.crc32c},md5={stored.digest.md5}",
        "X-Goog-Generation": str(stored.generation),
        "X-Goog-Metageneration": str(stored.metageneration),
        "X-Goog-Stored-Content-Length": str(size),
        "X-Goog-Stored-Content-Encoding": "identity",
        "Accept-Ranges": "bytes",
        "ETag": f'"{stored.generation}"',
    }
    if status == 206:
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"

    def chunks() -> Iterator[bytes]:
        with stored.path.open("rb") as stream:
            stream.seek(first)
            left = last - first + 1
            while left > 0 and (chunk := stream.read(min(_CHUNK, left))):
                left -= len(chunk)
                yield chunk

    return StreamingResponse(chunks(), status_code=status, headers=headers, media_type=stored.content_type)


def _split(request: Request) -> tuple[str, str, list[str]]:
    """Return bucket, object name and what follows the name (`rewriteTo`, ...), from the raw path."""
    raw = bytes(request.scope["raw_path"]).split(b"?")[0].decode("ascii")
    parts = raw.split("/b/", 1)[1].split("/")
    bucket, rest = unquote(parts[0]), parts[2:]
    for index in range(1, len(rest)):
        if rest[index] in ("rewriteTo", "copyTo") and rest[index + 1 : index + 2] == ["b"]:
            return bucket, unquote("/".join(rest[:index])), rest[index:]
    return bucket, unquote("/".join(rest)), []


def _copy_target(action: list[str]) -> tuple[str, str, str]:
    if len(action) < 5 or action[3] != "o":
        raise bad_request("A copy names its target as /rewriteTo/b/BUCKET/o/NAME.")
    return action[0], unquote(action[2]), unquote("/".join(action[4:]))
