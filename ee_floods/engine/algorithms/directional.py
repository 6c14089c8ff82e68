"""Distances in one direction, as clouds are followed to their shadows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.errors import bad_request
from ee_floods.engine.neighbourhood import Padded, padded_band
from ee_floods.engine.reading import Reader
from ee_floods.engine.records import Raster
from ee_floods.engine.registry import algorithm
from ee_floods.engine.values.image import Band, Image
from ee_floods.engine.values.pixeltype import PixelType
from ee_floods.grid import Grid

_FLOAT = PixelType.named("float")
_FURTHEST = 1024
"""Pixels around a tile that are read; the service's neighbourhoods end here too."""


@algorithm("Image.directionalDistanceTransform")
def directional_distance_transform(
    source: Image, angle: float, furthest: int, label_band: str | None
) -> Image:
    """Pixels to the nearest pixel that is not 0 in a direction, masked where there is none.

    The angle is counted from east against the clock. With a label band, the other bands take the values of
    the pixel that was found.
    """
    if label_band is None and len(source.bands) != 1:
        raise bad_request(
            "Image.directionalDistanceTransform: The source must have one band, or a labelBand."
        )
    if not 0 < furthest <= _FURTHEST:
        raise bad_request(
            f"Image.directionalDistanceTransform: maxDistance must be between 1 and {_FURTHEST}, "
            f"received {furthest}."
        )
    label = source.first() if label_band is None else source.band(label_band)
    steps = _steps(angle, furthest)

    def distance(reader: Reader, grid: Grid) -> Raster:
        padded = padded_band(reader, label, grid, furthest)
        found = _nearest(padded, steps)
        lengths = np.array([math.hypot(row, col) for row, col in steps], np.float32)
        return Raster(lengths[np.maximum(found, 0)], np.where(found >= 0, padded.inner.mask, np.float32(0)))

    def carried(band: Band) -> Band:
        def compute(reader: Reader, grid: Grid) -> Raster:
            found = _nearest(padded_band(reader, label, grid, furthest), steps)
            padded = padded_band(reader, band, grid, furthest)
            values, mask = np.array(padded.inner.values), np.zeros(found.shape, np.float32)
            for number, (row, col) in enumerate(steps):
                here = found == number
                values[here] = padded.shifted(padded.raster.values, row, col, slice(None))[here]
                mask[here] = padded.shifted(padded.raster.mask, row, col, slice(None))[here]
            return Raster(values, mask)

        return Band(band.name, band.type, band.projection, compute, (label, band), band.size)

    others = [carried(band) for band in source.bands if band is not label]
    measured = Band("distance", _FLOAT, label.projection, distance, (label,), label.size)
    return source.with_bands((*others, measured))


def _steps(angle: float, furthest: int) -> list[tuple[int, int]]:
    """Offsets `(row, column)` of the pixels along a line, the pixel itself first."""
    if not math.isfinite(angle):
        raise bad_request(f"The angle must be finite, not {angle}.")
    across, up = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    longest = max(abs(across), abs(up))
    offsets = [(-round(i * up / longest), round(i * across / longest)) for i in range(furthest + 1)]
    return [offset for offset in offsets if math.hypot(*offset) <= furthest]


def _nearest(padded: Padded, steps: Sequence[tuple[int, int]]) -> NDArray[Any]:
    """Return the number of the first step to a pixel that is set; -1 where there is none."""
    filled = (padded.raster.values != 0) & (padded.raster.mask > 0)
    found = np.full(padded.inner.mask.shape, -1, np.intp)
    for number, (row, col) in enumerate(steps):
        hit = padded.shifted(filled, row, col, slice(None))
        found[(found < 0) & hit] = number
    return found
