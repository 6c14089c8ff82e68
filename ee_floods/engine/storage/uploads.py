"""The three ways in which bytes reach an object: simple, multipart and resumable uploads."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ee_floods.engine.errors import EngineError, bad_request
from ee_floods.engine.state.database import Database, now_us
from ee_floods.engine.state.folder import StateFolder
from ee_floods.engine.storage.store import ObjectStore, Preconditions, StoredObject

__all__ = ["Upload", "Uploads", "parse_multipart", "spool"]

_MULTIPART_LIMIT = 64 << 20  # bytes held in memory; the client sends more than 8 MiB as a resumable upload
_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")
_ABANDONED_US = 7 * 24 * 3600 * 1_000_000  # a resumable session lives a week at the service


@dataclass(frozen=True)
class Upload:
    """A resumable upload that is under way."""

    id: str
    bucket: str
    name: str
    content_type: str
    metadata: Mapping[str, str]
    conditions: Preconditions
    path: Path

    @property
    def received(self) -> int:
        """Bytes that have arrived."""
        return self.path.stat().st_size if self.path.exists() else 0


class Uploads:
    """Resumable uploads of one state folder; they survive a restart of the server."""

    def __init__(self, database: Database, folder: StateFolder, store: ObjectStore) -> None:
        self._database = database
        self._folder = folder
        self._store = store

    def begin(self, bucket: str, resource: Mapping[str, Any], conditions: Preconditions) -> Upload:
        """Open a session; `resource` holds `name`, `contentType` and `metadata`."""
        self._store.bucket(bucket)
        upload_id = uuid.uuid4().hex
        path = self._folder.objects / f"upload-{upload_id}"
        path.touch()
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO uploads VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    upload_id,
                    bucket,
                    str(resource.get("name") or ""),
                    str(resource.get("contentType") or "application/octet-stream"),
                    json.dumps(resource.get("metadata") or {}),
                    json.dumps([conditions.generation, conditions.not_generation, conditions.metageneration]),
                    path.name,
                    now_us(),
                ),
            )
        return self.get(upload_id)

    def get(self, upload_id: str) -> Upload:
        """Return a session.

        Raises:
            EngineError: 404 if there is none.
        """
        row = self._database.row("SELECT * FROM uploads WHERE id = ?", (upload_id,))
        if row is None:
            raise EngineError("Upload session not found.", 404)
        return Upload(
            row["id"],
            row["bucket"],
            row["name"],
            row["content_type"],
            json.loads(row["metadata"]),
            Preconditions(*json.loads(row["conditions"])),
            self._folder.objects / row["file"],
        )

    async def receive(
        self, upload: Upload, content_range: str | None, body: AsyncIterator[bytes]
    ) -> StoredObject | None:
        """Append a chunk; return the object once all bytes are there.

        Args:
            upload: The session.
            content_range: The header: `bytes A-B/TOTAL`, `bytes A-B/*`, `bytes */TOTAL`; None for all bytes.
            body: The chunk.
        """
        first, total = 0, None
        if content_range is not None:
            match = _RANGE.fullmatch(content_range.strip())
            if match is None:
                raise bad_request(f"Invalid Content-Range: {content_range!r}")
            total = None if match[3] == "*" else int(match[3])
            first = upload.received if match[1] is None else int(match[1])
        if first > upload.received:
            raise EngineError("A chunk begins after the last byte that has arrived.", 416)
        with upload.path.open("r+b") as stream:
            stream.truncate(first)
            stream.seek(first)
            async for chunk in body:
                stream.write(chunk)
        if content_range is None:
            total = upload.received
        if total is None or upload.received < total:
            return None
        return self._finish(upload)

    def cancel(self, upload: Upload) -> None:
        """Forget a session and its bytes."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM uploads WHERE id = ?", (upload.id,))
        upload.path.unlink(missing_ok=True)

    def collect_garbage(self) -> set[str]:
        """Drop sessions older than a week; return the names of the files of those that live."""
        for row in self._database.rows(
            "SELECT id FROM uploads WHERE create_time < ?", (now_us() - _ABANDONED_US,)
        ):
            self.cancel(self.get(row["id"]))
        return {row["file"] for row in self._database.rows("SELECT file FROM uploads")}

    def _finish(self, upload: Upload) -> StoredObject:
        staged = upload.path.rename(self._folder.stage())
        try:
            return self._store.put(
                upload.bucket,
                upload.name,
                staged,
                content_type=upload.content_type,
                metadata=upload.metadata,
                conditions=upload.conditions,
            )
        finally:
            staged.unlink(missing_ok=True)
            self.cancel(upload)


async def spool(path: Path, body: AsyncIterator[bytes]) -> Path:
    """Write a request's body to a file and return it."""
    with path.open("wb") as stream:
        async for chunk in body:
            stream.write(chunk)
    return path


async def parse_multipart(content_type: str, body: AsyncIterator[bytes]) -> tuple[dict[str, Any], str, bytes]:
    """Return resource, content type and bytes of a `multipart/related` upload.

    Raises:
        EngineError: If the body is not of two parts, or larger than 64 MiB.
    """
    match = re.search(r'boundary="?([^";]+)"?', content_type)
    if match is None:
        raise bad_request("A multipart upload needs a boundary.")
    collected = bytearray()
    async for chunk in body:
        collected += chunk
        if len(collected) > _MULTIPART_LIMIT:
            raise EngineError("The multipart upload is too large; use a resumable upload.", 413)
    delimiter = b"--" + match[1].encode()
    # The bytes may hold anything, the delimiter apart: parts are cut at "\r\n" + delimiter.
    parts = (b"\r\n" + bytes(collected)).split(b"\r\n" + delimiter)
    if len(parts) < 4:
        raise bad_request("A multipart upload has two parts: the resource and the bytes.")
    _, resource = _part(parts[1])
    media_type, payload = _part(parts[2])
    try:
        document = json.loads(resource)
    except ValueError as error:
        raise bad_request("The first part of a multipart upload is the object's resource in JSON.") from error
    if not isinstance(document, dict):
        raise bad_request("The first part of a multipart upload is the object's resource in JSON.")
    return document, media_type, payload


def _part(raw: bytes) -> tuple[str, bytes]:
    """Return content type and content of one part."""
    head, _, content = raw.partition(b"\r\n\r\n")
    match = re.search(rb"content-type:\s*([^\r\n]+)", head, re.IGNORECASE)
    return (match[1].decode().strip() if match else "application/octet-stream"), content
