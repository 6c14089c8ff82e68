"""Limits of the interactive service, as the local engine enforces them."""

from __future__ import annotations

import dataclasses
import sys
from dataclasses import dataclass

__all__ = ["Limits"]

_UNLIMITED = sys.maxsize


@dataclass(frozen=True)
class Limits:
    """What one request may ask for.

    Args:
        request_bytes: Size of one computePixels answer: each pixel its bytes plus one mask byte a band
            (https://developers.google.com/earth-engine/guides/usage, 48 MiB).
        dimension: Pixels along one side of an answer.
        bands: Bands of one answer.
        elements: Elements of a collection in one `getInfo` ("accumulated over 5000 elements").
        rectangle_pixels: Pixels of one `sampleRectangle`, which answers with arrays.
        reproject_pixels: Pixels that one `reproject` may ask of its input in a tile; the service's own number
            is not published, this one is chosen so that such a read stays under 1 GiB (assumed).
        cache_bytes: Memory for pixels that several parts of a graph share.
        memory_bytes: Memory that one request may take beyond what its worker holds. The service's own number
            is not published; this one holds an answer of 48 MiB and forty inputs of its size (assumed).
        timeout_s: Seconds an interactive request may take; enforced by whoever runs the evaluator.
    """

    request_bytes: int = 48 * 1024 * 1024
    dimension: int = 32768
    bands: int = 1024
    elements: int = 5000
    rectangle_pixels: int = 262_144
    reproject_pixels: int = 8192 * 8192
    cache_bytes: int = 192 * 1024 * 1024
    memory_bytes: int = 2 * 1024**3
    timeout_s: float = 300.0

    @classmethod
    def none(cls) -> Limits:
        """Return limits that never bind; the cache keeps its bound, and memory the machine's."""
        names = {field.name for field in dataclasses.fields(cls)} - {"cache_bytes", "timeout_s"}
        return cls(**dict.fromkeys(names, _UNLIMITED), timeout_s=float("inf"))

    def batch(self) -> Limits:
        """Return the limits of a batch task: no bound on sizes, elements or time; memory is the machine's."""
        return dataclasses.replace(Limits.none(), cache_bytes=self.cache_bytes)
