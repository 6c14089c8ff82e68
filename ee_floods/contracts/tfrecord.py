"""TFRecord files of `tf.train.Example`, read and written with NumPy alone.

Only what Earth Engine's image exports hold is supported: features that are float, int64 or bytes lists,
GZIP or plain files. The framing (length, masked CRC32C, data, masked CRC32C) and the protocol buffer
are TensorFlow's; the tests compare both directions with `tf.io` and `tf.train.Example`.
"""

from __future__ import annotations

import gzip
import io
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import google_crc32c
import numpy as np
from numpy.typing import NDArray

from ee_floods.errors import CorruptFileError

__all__ = ["decode_example", "encode_example", "frame", "read_records", "read_stream", "write_records"]

Feature = NDArray[np.float32] | NDArray[np.int64] | list[bytes]
_MASK_DELTA = 0xA282EAD8  # TensorFlow's constant for masking CRCs (core/lib/hash/crc32c.h)


def frame(payload: bytes) -> bytes:
    """Return one TFRecord frame around a payload."""
    length = struct.pack("<Q", len(payload))
    return b"".join(
        (length, struct.pack("<I", _masked_crc(length)), payload, struct.pack("<I", _masked_crc(payload)))
    )


def write_records(path: Path, payloads: Iterable[bytes]) -> int:
    """Write payloads as a TFRecord file, GZIP if the name ends in `.gz`; return how many.

    The bytes depend on the payloads alone: the GZIP header carries no time and no name.
    """
    count = 0
    with path.open("wb") as raw:
        compressed = path.name.endswith(".gz")
        stream: BinaryIO | gzip.GzipFile = (
            gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=5)
            if compressed
            else raw
        )
        for payload in payloads:
            stream.write(frame(payload))
            count += 1
        if compressed:
            stream.close()
    return count


def read_records(path: Path) -> Iterator[bytes]:
    """Yield the payloads of a TFRecord file, GZIP or plain, checking every CRC.

    Raises:
        CorruptFileError: If the file is cut short or a checksum does not match.
    """
    with path.open("rb") as raw:
        yield from read_stream(raw, str(path))


def read_stream(raw: BinaryIO, source: str) -> Iterator[bytes]:
    """Yield the payloads of an open TFRecord stream; see `read_records`.

    Args:
        raw: A binary stream at its beginning, GZIP or plain.
        source: Name for messages.
    """
    head = raw.read(2)
    rest = _Prefixed(head, raw)
    stream = gzip.GzipFile(fileobj=rest, mode="rb") if head == b"\x1f\x8b" else rest
    index = 0
    while True:
        header = _read(stream, 12, source, index, allow_end=True)
        if not header:
            return
        length = struct.unpack("<Q", header[:8])[0]
        if struct.unpack("<I", header[8:])[0] != _masked_crc(header[:8]):
            raise _corrupt(source, index, "the checksum of its length does not match")
        body = _read(stream, length + 4, source, index)
        payload = body[:-4]
        if struct.unpack("<I", body[-4:])[0] != _masked_crc(payload):
            raise _corrupt(source, index, "its checksum does not match")
        yield payload
        index += 1


class _Prefixed(io.RawIOBase):
    """A stream with bytes put back in front."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head, self._rest = head, rest

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        head, self._head = self._head, b""
        if size < 0:
            return head + self._rest.read()
        self._head = head[size:]
        head = head[:size]
        return head + (self._rest.read(size - len(head)) if len(head) < size else b"")


def _read(
    stream: BinaryIO | io.RawIOBase | gzip.GzipFile,
    size: int,
    source: str,
    index: int,
    *,
    allow_end: bool = False,
) -> bytes:
    try:
        data = stream.read(size) or b""
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _corrupt(source, index, f"the GZIP stream is broken ({error})") from error
    if len(data) == size or (allow_end and not data):
        return data
    raise _corrupt(source, index, f"the file ends after {len(data)} of {size} bytes")


def _corrupt(source: str, index: int, why: str) -> CorruptFileError:
    return CorruptFileError(
        f"{source}: record {index} cannot be read: {why}.",
        remedy="Copy or export the shard again; the records before it are intact.",
    )


def _masked_crc(data: bytes) -> int:
    crc = int(google_crc32c.value(data))
    return ((crc >> 15 | crc << 17 & 0xFFFFFFFF) + _MASK_DELTA) & 0xFFFFFFFF


# --- tf.train.Example: field 1 of Example is Features, whose field 1 is map<string, Feature>. ---


def encode_example(features: Mapping[str, NDArray[np.generic] | list[bytes]]) -> bytes:
    """Return a serialised `tf.train.Example`, features sorted by name so that bytes are reproducible.

    Args:
        features: Floating arrays become a FloatList, integer arrays an Int64List (both row-major),
            lists of bytes a BytesList.
    """
    entries = []
    for name in sorted(features):
        entry = _field(1, name.encode()) + _field(2, _encode_feature(features[name]))
        entries.append(_field(1, entry))
    return _field(1, b"".join(entries))


def _encode_feature(value: NDArray[np.generic] | list[bytes]) -> bytes:
    if isinstance(value, list):
        return _field(1, b"".join(_field(1, item) for item in value))
    if np.issubdtype(value.dtype, np.floating):
        return _field(2, _field(1, np.ascontiguousarray(value, dtype="<f4").tobytes()))
    packed = b"".join(_varint(int(v) & 0xFFFFFFFFFFFFFFFF) for v in value.ravel())
    return _field(3, _field(1, packed))


def _field(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def decode_example(payload: bytes, source: str = "example") -> dict[str, Feature]:
    """Return the features of a serialised `tf.train.Example` as flat arrays.

    Raises:
        CorruptFileError: If the bytes are not an Example.
    """
    try:
        return _decode(payload)
    except (IndexError, ValueError, struct.error, UnicodeDecodeError) as error:
        raise CorruptFileError(
            f"{source} is not a tf.train.Example ({error}).", remedy="Give TFRecords of image chips."
        ) from error


def _decode(payload: bytes) -> dict[str, Feature]:
    features: dict[str, Feature] = {}
    for number, block in _fields(payload):
        if number != 1:
            continue
        for kind, entry in _fields(block):
            if kind != 1:
                continue
            parts = dict(_fields(entry))
            features[bytes(parts.get(1, b"")).decode()] = _decode_feature(parts.get(2, b""))
    return features


def _decode_feature(data: bytes | memoryview) -> Feature:
    for number, block in _fields(data):
        if number == 1:
            return [bytes(item) for _, item in _fields(block)]
        if number == 2:
            return _floats(block)
        if number == 3:
            return _integers(block)
    return np.zeros(0, np.float32)


def _floats(block: memoryview) -> NDArray[np.float32]:
    chunks = [np.frombuffer(data, "<f4") for _, data in _fields(block)]
    return np.concatenate(chunks).astype(np.float32, copy=False) if chunks else np.zeros(0, np.float32)


def _integers(block: memoryview) -> NDArray[np.int64]:
    values: list[int] = []
    for _, data in _fields(block):
        position = 0
        while position < len(data):
            value, position = _read_varint(data, position)
            values.append(value - (1 << 64) if value >> 63 else value)
    return np.array(values, np.int64)


def _fields(data: bytes | memoryview) -> Iterator[tuple[int, memoryview]]:
    view = memoryview(data)
    position, end = 0, len(view)
    while position < end:
        key, position = _read_varint(view, position)
        number, wire = key >> 3, key & 7
        if wire == 2:
            size, position = _read_varint(view, position)
        elif wire in (1, 5):  # unpacked fixed64 and fixed32
            size = 8 if wire == 1 else 4
        elif wire == 0:  # an unpacked varint, given as its own bytes
            start = position
            _, position = _read_varint(view, position)
            yield number, view[start:position]
            continue
        else:
            raise ValueError(f"wire type {wire}")
        if position + size > end:
            raise ValueError(f"a field of {size} bytes in the {end - position} that are left")
        yield number, view[position : position + size]
        position += size


def _read_varint(view: memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = view[position]
        value |= (byte & 0x7F) << shift
        position += 1
        if byte < 0x80:
            return value, position
        shift += 7
        if shift > 63:
            raise ValueError("a varint of more than 64 bits")
