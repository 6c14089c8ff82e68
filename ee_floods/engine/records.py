"""Stored things as the evaluator sees them, whatever holds them: mounted files, created assets, the world.

A `Library` finds assets; an `ImageRecord` describes one image and reads windows of one pyramid level.
Nothing is read until the evaluator asks for pixels.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ee_floods.grid import Grid, Window

__all__ = ["AssetRecord", "BandRecord", "ImageRecord", "Library", "Raster", "RasterSource", "TableRecord"]


@dataclass(frozen=True)
class Raster:
    """Values and mask of one band on one grid.

    Args:
        values: `(H, W)` in the band's own type; undefined where the mask is 0. Pixels that are arrays add
            axes, or are packed (`array_pixels`).
        mask: `(H, W)` float32 in 0..1.
    """

    values: NDArray[np.generic]
    mask: NDArray[np.float32]


@dataclass(frozen=True)
class BandRecord:
    """One stored band.

    Args:
        name: Band name.
        dtype: NumPy name of the stored type (`uint8`, `int16`, `float32`, ...).
        grid: Native grid: CRS, transform, dimensions.
        pyramid: How coarser levels are made: MEAN, MODE, SAMPLE, MIN, MAX or MEDIAN.
        valid_range: Narrower range than the type's, when the service states one.
    """

    name: str
    dtype: str
    grid: Grid
    pyramid: str = "MEAN"
    valid_range: tuple[float, float] | None = None


class RasterSource(Protocol):
    """What reads the pixels of one image."""

    def read(self, bands: Sequence[str], level: int, window: Window) -> list[Raster]:
        """Return one raster per band of a window of a pyramid level.

        Level k has pixels 2**k times the native ones from the same origin (`Grid.scaled(2**k)`); pixels of
        the window outside the image are masked. The same pixel is the same value whatever the window.
        """


@dataclass(frozen=True)
class ImageRecord:
    """One stored image.

    Args:
        id: Full asset id, such as `COPERNICUS/S1_GRD/S1A_IW_...`.
        bands: Its bands, in order.
        properties: JSON-able properties, `system:time_start` (ms since 1970 UTC) among them.
        footprint: GeoJSON geometry in longitude/latitude degrees; None means everywhere.
        simulated: Whether its pixels were invented.
        source: Reads the pixels.
    """

    id: str
    bands: tuple[BandRecord, ...]
    properties: Mapping[str, Any]
    footprint: Mapping[str, Any] | None
    simulated: bool
    source: RasterSource


@dataclass(frozen=True)
class TableRecord:
    """One stored feature collection: GeoJSON features in longitude/latitude, each with an `id`."""

    id: str
    features: Sequence[Mapping[str, Any]]
    properties: Mapping[str, Any]
    simulated: bool


@dataclass(frozen=True)
class AssetRecord:
    """What `assets.get` says of an asset, pixels apart.

    Args:
        id: Full asset id.
        type: IMAGE, IMAGE_COLLECTION, TABLE or FOLDER.
        properties: Asset-level properties; `simulated` is added by whoever serves them.
        simulated: Whether anything in it was invented.
        update_time: RFC 3339, for the client's listings.
    """

    id: str
    type: str
    properties: Mapping[str, Any] = field(default_factory=dict)
    simulated: bool = False
    update_time: str = "1970-01-01T00:00:00Z"


class Library(Protocol):
    """Something that holds assets. Ids are as in expressions: `COPERNICUS/...` or `projects/P/assets/...`."""

    def asset(self, asset_id: str) -> AssetRecord | None:
        """Return the record of an asset, or None if this library does not hold it."""

    def image(self, asset_id: str) -> ImageRecord | None:
        """Return an image, alone or of a collection, or None."""

    def collection(
        self,
        asset_id: str,
        *,
        bounds: tuple[float, float, float, float] | None = None,
        start_ms: float | None = None,
        end_ms: float | None = None,
    ) -> Iterable[ImageRecord] | None:
        """Return the images of a collection in order of `system:index`, or None if there is no such one.

        `bounds` (west, south, east, north; degrees) and `[start_ms, end_ms)` narrow the answer; a library may
        return more than they admit, never less.
        """

    def table(self, asset_id: str) -> TableRecord | None:
        """Return a feature collection, or None."""

    def children(self, parent_id: str) -> Iterable[AssetRecord]:
        """Return the assets directly in a folder or collection, in order of id."""
