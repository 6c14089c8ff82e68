"""Cloud Storage: one client for Google's and the local engine's; downloads resume, uploads claim."""

from __future__ import annotations

import base64
import logging
import mimetypes
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import google_crc32c

from ee_floods.errors import CorruptFileError, InputError
from ee_floods.service.faults import ConflictError, NotFoundError
from ee_floods.service.retry import retry
from ee_floods.session import Session, current

__all__ = ["SIMULATED_KEY", "Storage", "StorageUri", "StoredObject"]

SIMULATED_KEY = "simulated"
"""Metadata key of an object that holds simulated data; its value is `"true"` or `"false"`."""
_CHUNK = 1 << 20
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StorageUri:
    """`gs://bucket/name`; the name may be empty or a prefix."""

    bucket: str
    name: str

    @classmethod
    def parse(cls, text: str) -> StorageUri:
        """Read `gs://bucket` or `gs://bucket/name`.

        Raises:
            InputError: If it is something else.
        """
        scheme, _, rest = text.partition("://")
        bucket, _, name = rest.partition("/")
        if scheme != "gs" or not bucket:
            raise InputError(f"{text!r} is no storage address.", remedy="Give gs://BUCKET/PREFIX.")
        return cls(bucket, name)

    def __str__(self) -> str:
        return f"gs://{self.bucket}/{self.name}"

    def __truediv__(self, part: str) -> StorageUri:
        joined = f"{self.name.rstrip('/')}/{part}" if self.name else part
        return StorageUri(self.bucket, joined)


@dataclass(frozen=True)
class StoredObject:
    """What storage says of an object; `crc32c` is base64 of its big-endian bytes, as storage writes it."""

    uri: StorageUri
    size: int
    crc32c: str
    generation: int
    metadata: Mapping[str, str] = field(default_factory=dict)


class Storage:
    """Cloud Storage of a session.

    Args:
        session: Whose storage; defaults to the open one.
    """

    def __init__(self, session: Session | None = None) -> None:
        self._session = session or current()
        self._lazy: Any = None

    @property
    def _client(self) -> Any:
        if self._lazy is None:
            from google.api_core.client_options import ClientOptions
            from google.cloud import storage

            endpoint = self._session.storage_endpoint
            self._lazy = storage.Client(
                project=self._session.project,
                credentials=self._session.credentials,
                client_options=None if endpoint is None else ClientOptions(api_endpoint=endpoint),
            )
        return self._lazy

    def ensure_bucket(self, name: str) -> None:
        """Create a bucket in the session's project unless it is there.

        Raises:
            AccessError: If the service does not allow it.
        """

        def create() -> None:
            if self._client.lookup_bucket(name) is None:
                self._client.create_bucket(name)

        retry(create, doing=f"making the bucket {name}")

    def list(self, uri: StorageUri) -> tuple[StoredObject, ...]:
        """Return the objects whose names begin with a prefix, sorted by name."""

        def collect() -> tuple[StoredObject, ...]:
            blobs: Iterator[Any] = self._client.list_blobs(uri.bucket, prefix=uri.name or None)
            return tuple(sorted((_stored(blob) for blob in blobs), key=lambda item: item.uri.name))

        return retry(collect, doing=f"listing {uri}")

    def stat(self, uri: StorageUri) -> StoredObject | None:
        """Return what storage says of one object, or None if it is not there."""

        def look() -> StoredObject | None:
            blob = self._client.bucket(uri.bucket).get_blob(uri.name)
            return None if blob is None else _stored(blob)

        return retry(look, doing=f"looking at {uri}")

    def read(self, uri: StorageUri) -> bytes:
        """Return the bytes of a small object.

        Raises:
            NotFoundError: If it is not there.
        """
        return retry(
            lambda: bytes(self._client.bucket(uri.bucket).blob(uri.name).download_as_bytes()),
            doing=f"reading {uri}",
        )

    def download(self, uri: StorageUri, path: Path) -> Path:
        """Bring an object to a file, whole or not at all; a download that was cut short goes on.

        A file that already has the object's bytes is left alone.

        Raises:
            NotFoundError: If the object is not there.
            CorruptFileError: If the bytes that arrived are not the object's.
        """
        stored = self.stat(uri)
        if stored is None:
            raise NotFoundError(
                f"There is no object {uri}.", remedy="Is the name right, and may you read it?"
            )
        if path.is_file() and _matches(path, stored):
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        # The generation is in the name, so that bytes of an older object are never continued.
        partial = path.with_name(f".{path.name}.{stored.generation}.part")
        retry(lambda: self._fetch(stored, partial), doing=f"downloading {uri}")
        if not _matches(partial, stored):
            partial.unlink()
            raise CorruptFileError(
                f"{uri} arrived with another checksum than storage gives.", remedy="Download it again."
            )
        return partial.replace(path)

    def upload(
        self,
        source: Path | bytes,
        uri: StorageUri,
        *,
        metadata: Mapping[str, str] | None = None,
        overwrite: bool = False,
    ) -> StoredObject:
        """Write an object unless another is there; one with the same bytes is left alone.

        Args:
            source: A file or bytes.
            uri: Where to.
            metadata: Metadata of the object, `SIMULATED_KEY` among it.
            overwrite: Whether an object with other bytes is replaced.

        Raises:
            InputError: If an object with other bytes is there and `overwrite` is not given.
        """
        size, checksum = _measure(source)
        there = self.stat(uri)
        if there is not None and (there.size, there.crc32c) == (size, checksum):
            return there
        if there is not None and not overwrite:
            raise _occupied(uri)
        generation = 0 if there is None else there.generation
        try:
            retry(lambda: self._put(source, uri, metadata or {}, generation), doing=f"uploading {uri}")
        except ConflictError as error:
            # Somebody wrote it meanwhile, or our own first try did arrive.
            there = self.stat(uri)
            if there is None or (there.size, there.crc32c) != (size, checksum):
                raise _occupied(uri) from error
        written = self.stat(uri)
        if written is None or (written.size, written.crc32c) != (size, checksum):
            raise CorruptFileError(f"{uri} does not hold what was uploaded.", remedy="Upload it again.")
        return written

    def delete(self, uri: StorageUri) -> None:
        """Remove an object; one that is not there is no error."""

        def remove() -> None:
            blob = self._client.bucket(uri.bucket).get_blob(uri.name)
            if blob is not None:
                blob.delete()

        try:
            retry(remove, doing=f"removing {uri}")
        except NotFoundError:  # our own first try did arrive, and its answer was lost
            return

    def _fetch(self, stored: StoredObject, partial: Path) -> None:
        partial.touch()
        begin = partial.stat().st_size
        if begin == stored.size and _matches(partial, stored):
            return
        if begin >= stored.size:  # longer, or as long and damaged
            partial.write_bytes(b"")
            begin = 0
        blob = self._client.bucket(stored.uri.bucket).blob(stored.uri.name, generation=stored.generation)
        with partial.open("ab") as sink:
            # The checksum of the whole is compared afterwards; the client cannot check a part.
            blob.download_to_file(sink, start=begin or None, checksum=None, raw_download=True)

    def _put(
        self, source: Path | bytes, uri: StorageUri, metadata: Mapping[str, str], generation: int
    ) -> None:
        blob = self._client.bucket(uri.bucket).blob(uri.name)
        blob.metadata = dict(metadata)
        kind = mimetypes.guess_type(uri.name)[0] or "application/octet-stream"
        options = {"content_type": kind, "if_generation_match": generation, "checksum": "crc32c"}
        if isinstance(source, bytes):
            blob.upload_from_string(source, **options)
        else:
            blob.upload_from_filename(str(source), **options)


def _stored(blob: Any) -> StoredObject:
    return StoredObject(
        StorageUri(str(blob.bucket.name), str(blob.name)),
        int(blob.size or 0),
        str(blob.crc32c or ""),
        int(blob.generation or 0),
        {str(k): str(v) for k, v in (blob.metadata or {}).items()},
    )


def _measure(source: Path | bytes) -> tuple[int, str]:
    checksum: Any = google_crc32c.Checksum()  # type: ignore[no-untyped-call]
    size = 0
    if isinstance(source, bytes):
        checksum.update(source)
        size = len(source)
    else:
        with source.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                checksum.update(chunk)
                size += len(chunk)
    return size, base64.b64encode(checksum.digest()).decode()


def _matches(path: Path, stored: StoredObject) -> bool:
    return path.stat().st_size == stored.size and _measure(path) == (stored.size, stored.crc32c)


def _occupied(uri: StorageUri) -> InputError:
    return InputError(
        f"{uri} exists with other content.", remedy="Give another name, or overwrite it (`--overwrite`)."
    )
