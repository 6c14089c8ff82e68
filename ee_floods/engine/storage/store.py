"""Buckets and objects: bytes in files that the engine names, facts in the database.

An object's file is written to the staging folder first and moved into place; the row that makes it visible is
written in a transaction after that. So an object is there whole or not at all, whenever the process dies.
Object names never become paths, so none can leave the folder.
"""

from __future__ import annotations

import json
import re
import sqlite3
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import md5
from pathlib import Path
from typing import Any
from urllib.parse import quote

import google_crc32c

from ee_floods.engine.errors import EngineError, bad_request
from ee_floods.engine.state.database import Database, now_us, timestamp
from ee_floods.engine.state.folder import StateFolder

__all__ = ["Digest", "ObjectStore", "Preconditions", "StoredObject", "digest_file", "parse_uri"]

_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")  # storage/docs/buckets#naming
_NAME_BYTES = 1024  # storage/docs/objects#naming
_CHUNK = 1 << 20
_GCS_URI = re.compile(r"gs://([^/]+)/(.+)", re.DOTALL)


@dataclass(frozen=True)
class Digest:
    """Size and checksums of some bytes; the checksums in base64, as the service writes them."""

    size: int
    md5: str
    crc32c: str


@dataclass(frozen=True)
class Preconditions:
    """What must hold for a write or a read to go on; None asks nothing.

    Args:
        generation: `ifGenerationMatch`; 0 means that the object must not exist.
        not_generation: `ifGenerationNotMatch`.
        metageneration: `ifMetagenerationMatch`.
    """

    generation: int | None = None
    not_generation: int | None = None
    metageneration: int | None = None

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> Preconditions:
        """Read the query parameters of a request."""

        def number(name: str) -> int | None:
            text = query.get(name)
            if text is None:
                return None
            if not text.isdigit():
                raise bad_request(f"Invalid value for {name}: {text!r}")
            return int(text)

        return cls(
            number("ifGenerationMatch"), number("ifGenerationNotMatch"), number("ifMetagenerationMatch")
        )

    def check(self, found: StoredObject | None) -> None:
        """Raise 412 unless the object as it is meets them."""
        generation = 0 if found is None else found.generation
        if (
            (self.generation is not None and generation != self.generation)
            or (self.not_generation is not None and generation == self.not_generation)
            or (
                self.metageneration is not None
                and found is not None
                and found.metageneration != self.metageneration
            )
        ):
            raise EngineError(
                "At least one of the pre-conditions you specified did not hold.", 412, "conditionNotMet"
            )


@dataclass(frozen=True)
class StoredObject:
    """One object: its facts and the file that holds its bytes."""

    bucket: str
    name: str
    generation: int
    metageneration: int
    digest: Digest
    content_type: str
    metadata: Mapping[str, str]
    path: Path
    create_time: int
    update_time: int

    @property
    def simulated(self) -> bool:
        """Whether it is marked as computed from simulated data."""
        return str(self.metadata.get("simulated", "")).lower() == "true"

    def to_resource(self, base_url: str) -> dict[str, Any]:
        """Return the `storage#object` resource."""
        link = f"{base_url}/storage/v1/b/{self.bucket}/o/{quote(self.name, safe='')}"
        media = f"{base_url}/download{link[len(base_url) :]}?generation={self.generation}&alt=media"
        return {
            "kind": "storage#object",
            "id": f"{self.bucket}/{self.name}/{self.generation}",
            "selfLink": link,
            "mediaLink": media,
            "name": self.name,
            "bucket": self.bucket,
            "generation": str(self.generation),
            "metageneration": str(self.metageneration),
            "contentType": self.content_type,
            "storageClass": "STANDARD",
            "size": str(self.digest.size),
            "md5Hash": self.digest.md5,
            "crc32c": self.digest.crc32c,
            "etag": b64encode(f"{self.generation}/{self.metageneration}".encode()).decode(),
            "metadata": dict(self.metadata),
            "timeCreated": timestamp(self.create_time),
            "updated": timestamp(self.update_time),
        }


class ObjectStore:
    """The buckets of one state folder."""

    def __init__(self, database: Database, folder: StateFolder) -> None:
        self._database = database
        self._folder = folder

    def create_bucket(self, name: str) -> None:
        """Create a bucket.

        Raises:
            EngineError: 400 for an illegal name, 409 if it is there.
        """
        if not _BUCKET.fullmatch(name) or ".." in name:
            raise bad_request(f"Invalid bucket name: '{name}'")
        with self._database.transaction() as connection:
            if self.has_bucket(name):
                raise EngineError(
                    "Your previous request to create the named bucket succeeded and you already own it.", 409
                )
            connection.execute("INSERT INTO buckets VALUES (?, ?)", (name, now_us()))

    def ensure_bucket(self, name: str) -> None:
        """Create a bucket unless it is there."""
        if not self.has_bucket(name):
            self.create_bucket(name)

    def has_bucket(self, name: str) -> bool:
        """Whether there is such a bucket."""
        return self._database.row("SELECT 1 FROM buckets WHERE name = ?", (name,)) is not None

    def bucket(self, name: str) -> dict[str, Any]:
        """Return the `storage#bucket` resource.

        Raises:
            EngineError: 404 if there is none.
        """
        row = self._database.row("SELECT * FROM buckets WHERE name = ?", (name,))
        if row is None:
            raise EngineError("The specified bucket does not exist.", 404)
        return {
            "kind": "storage#bucket",
            "id": name,
            "name": name,
            "location": "US",
            "locationType": "multi-region",
            "storageClass": "STANDARD",
            "timeCreated": timestamp(row["create_time"]),
            "updated": timestamp(row["create_time"]),
            "metageneration": "1",
            "projectNumber": "0",
        }

    def buckets(self) -> list[dict[str, Any]]:
        """Return every bucket's resource, by name."""
        rows = self._database.rows("SELECT name FROM buckets ORDER BY name")
        return [self.bucket(row["name"]) for row in rows]

    def delete_bucket(self, name: str) -> None:
        """Delete an empty bucket."""
        self.bucket(name)
        with self._database.transaction() as connection:
            if self._database.row("SELECT 1 FROM objects WHERE bucket = ? LIMIT 1", (name,)) is not None:
                raise EngineError("The bucket you tried to delete is not empty.", 409)
            connection.execute("DELETE FROM buckets WHERE name = ?", (name,))

    def put(
        self,
        bucket: str,
        name: str,
        staged: Path,
        *,
        content_type: str = "application/octet-stream",
        metadata: Mapping[str, str] | None = None,
        conditions: Preconditions | None = None,
        digest: Digest | None = None,
        replaced: list[Path] | None = None,
    ) -> StoredObject:
        """Make a staged file an object; the file is moved, and what it replaces is deleted.

        Args:
            bucket: An existing bucket.
            name: Object name.
            staged: A finished file in the staging folder.
            content_type: MIME type.
            metadata: The object's own key-value pairs.
            conditions: What must hold of the object that is replaced.
            digest: Its checksums, if they are known; computed otherwise.
            replaced: Takes the file of a replaced object, for a caller whose own transaction goes on; by
                default that file is deleted here.

        Raises:
            EngineError: 404 for an unknown bucket, 400 for an illegal name, 412 for failed conditions.
        """
        if not 0 < len(name.encode()) <= _NAME_BYTES or name in (".", "..") or "\n" in name or "\r" in name:
            raise bad_request(f"Invalid object name: {name[:80]!r}")
        digest = digest or digest_file(staged)
        path = self._folder.objects / staged.name
        with self._database.transaction() as connection:
            if not self.has_bucket(bucket):
                raise EngineError("The specified bucket does not exist.", 404)
            old = self.find(bucket, name)
            (conditions or Preconditions()).check(old)
            staged.rename(path)
            now = now_us()
            newest = connection.execute("SELECT coalesce(max(generation), 0) FROM objects").fetchone()[0]
            connection.execute(
                "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    bucket,
                    name,
                    max(now, newest + 1),
                    digest.size,
                    digest.md5,
                    digest.crc32c,
                    content_type,
                    json.dumps({str(k): str(v) for k, v in (metadata or {}).items()}),
                    path.name,
                    now,
                    now,
                ),
            )
        if old is not None and replaced is not None:
            replaced.append(old.path)
        elif old is not None:
            old.path.unlink(missing_ok=True)
        return self.get(bucket, name)

    def find(self, bucket: str, name: str) -> StoredObject | None:
        """Return an object, or None."""
        row = self._database.row("SELECT * FROM objects WHERE bucket = ? AND name = ?", (bucket, name))
        return None if row is None else self._object(row)

    def get(self, bucket: str, name: str) -> StoredObject:
        """Return an object.

        Raises:
            EngineError: 404 if there is none.
        """
        found = self.find(bucket, name)
        if found is None:
            raise EngineError(f"No such object: {bucket}/{name}", 404)
        return found

    def page(self, bucket: str, prefix: str, after: str, limit: int) -> Sequence[StoredObject]:
        """Return objects whose names start with `prefix` and sort after `after`, in order of name."""
        self.bucket(bucket)
        rows = self._database.rows(
            "SELECT * FROM objects WHERE bucket = ? AND name > ? AND substr(name, 1, ?) = ?"
            " ORDER BY name LIMIT ?",
            (bucket, after, len(prefix), prefix, limit),
        )
        return [self._object(row) for row in rows]

    def delete(self, bucket: str, name: str, conditions: Preconditions) -> None:
        """Delete an object."""
        with self._database.transaction() as connection:
            found = self.get(bucket, name)
            conditions.check(found)
            connection.execute("DELETE FROM objects WHERE bucket = ? AND name = ?", (bucket, name))
        found.path.unlink(missing_ok=True)

    def patch(
        self, bucket: str, name: str, changes: Mapping[str, Any], conditions: Preconditions
    ) -> StoredObject:
        """Change `metadata` (merged; None removes a key) and `contentType` of an object."""
        with self._database.transaction() as connection:
            found = self.get(bucket, name)
            conditions.check(found)
            merged = dict(found.metadata) | dict(changes.get("metadata") or {})
            metadata = {str(k): str(v) for k, v in merged.items() if v is not None}
            connection.execute(
                "UPDATE objects SET metadata = ?, content_type = ?, metageneration = metageneration + 1,"
                " update_time = ? WHERE bucket = ? AND name = ?",
                (
                    json.dumps(metadata),
                    str(changes.get("contentType") or found.content_type),
                    now_us(),
                    bucket,
                    name,
                ),
            )
        return self.get(bucket, name)

    def collect_garbage(self, keep: set[str]) -> None:
        """Delete files that no row names: leftovers of a process that was killed between two steps.

        Args:
            keep: Names of files of uploads that are under way.
        """
        known = keep | {row["file"] for row in self._database.rows("SELECT file FROM objects")}
        for path in self._folder.objects.iterdir():
            if path.name not in known:
                path.unlink(missing_ok=True)

    def _object(self, row: sqlite3.Row) -> StoredObject:
        return StoredObject(
            row["bucket"],
            row["name"],
            row["generation"],
            row["metageneration"],
            Digest(row["size"], row["md5"], row["crc32c"]),
            row["content_type"],
            json.loads(row["metadata"]),
            self._folder.objects / row["file"],
            row["create_time"],
            row["update_time"],
        )


def digest_file(path: Path) -> Digest:
    """Return the size and checksums of a file."""
    hasher, crc, size = md5(usedforsecurity=False), 0, 0
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            hasher.update(chunk)
            crc = google_crc32c.extend(crc, chunk)
            size += len(chunk)
    checksum = b64encode(int(crc).to_bytes(4, "big")).decode()
    return Digest(size, b64encode(hasher.digest()).decode(), checksum)


def parse_uri(uri: str) -> tuple[str, str]:
    """Return bucket and object name of a `gs://` URI.

    Raises:
        EngineError: If it is not one.
    """
    match = _GCS_URI.fullmatch(uri)
    if match is None:
        raise bad_request(f"Invalid Cloud Storage URI: '{uri}'.")
    return match[1], match[2]
