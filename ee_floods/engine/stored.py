"""Stored images as lazy bands: the pyramid level, one read for all bands, nearest neighbour."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ee_floods.engine.records import BandRecord, ImageRecord, Raster
from ee_floods.engine.resampling import Places, level_of, nearest, places, scale_ratio
from ee_floods.engine.values.geometry import Geometry
from ee_floods.engine.values.image import Band, Image
from ee_floods.engine.values.pixeltype import PixelType
from ee_floods.engine.values.projection import Projection, crs_of, reproject_points
from ee_floods.grid import Grid, Window

if TYPE_CHECKING:
    from ee_floods.engine.reading import Reader

__all__ = ["StoredGroup", "stored_image"]

# An image wider than this has no meaningful middle for its scale; the output grid's own middle is used.
_LOCAL_SPAN_DEGREES = 20.0
_RECENT = 6


class StoredGroup:
    """Bands of one stored image that share a native grid and are read together.

    Args:
        record: The image.
        bands: Its bands on this grid.
    """

    def __init__(self, record: ImageRecord, bands: Sequence[BandRecord]) -> None:
        self.record = record
        self.bands = {band.name: band for band in bands}
        self.grid = bands[0].grid
        self.projection = Projection.of_grid(self.grid)
        self.wanted: set[str] = set()
        self._recent: dict[int, list[Window]] = {}
        left, bottom, right, top = self.grid.bounds
        degrees = right - left if crs_of(self.grid.crs).is_geographic else (right - left) / 111_000
        self._local = degrees < _LOCAL_SPAN_DEGREES
        self._anchor = ((left + right) / 2, (bottom + top) / 2)
        self._around = degrees > 359.9 and bool(crs_of(self.grid.crs).is_geographic)

    def want(self, name: str) -> None:
        """Note that a band will be read."""
        self.wanted.add(name)

    def level(self, grid: Grid) -> int:
        """Return the pyramid level that an output grid is answered from."""
        anchor = self._anchor
        if not self._local:
            left, bottom, right, top = grid.bounds
            x, y = reproject_points(
                np.array([(left + right) / 2]), np.array([(bottom + top) / 2]), grid.crs, self.grid.crs
            )
            # Whole degrees, so that neighbouring tiles of one answer seldom differ.
            anchor = (round(float(x[0])), round(float(y[0]))) if np.isfinite(x[0]) else anchor
        a, b, _, d, e, _ = grid.transform
        flat = Projection(grid.crs, (a, b, 0.0, d, e, 0.0))
        return level_of(scale_ratio(flat, self.projection, anchor), self.grid.shape)

    def read(self, reader: Reader, name: str, grid: Grid) -> Raster:
        """Return one band on an output grid; the other wanted bands are read with it."""
        self.wanted.add(name)
        found = reader.peek((self, name, grid))
        if found is None:
            level = self.level(grid)
            names = [n for n in self.bands if n in self.wanted and reader.peek((self, n, grid)) is None]
            for each, raster in zip(names, self._on(reader, names, level, grid), strict=True):
                reader.keep((self, each, grid), raster)
                if each == name:
                    found = raster
        assert found is not None
        return found

    def _on(self, reader: Reader, names: list[str], level: int, grid: Grid) -> list[Raster]:
        factor = 2**level
        native = self.grid if level == 0 else self.grid.scaled(factor)
        lattice = Projection.of_grid(native)
        spots = places(grid, lattice)
        if spots is None:
            return [self._masked(name, grid) for name in names]
        if self._around and (spots.window.col < 0 or spots.window.col + spots.window.width > native.width):
            spots = _wrapped(spots, native.width)
        row0, col0 = max(spots.window.row, 0), max(spots.window.col, 0)
        row1 = min(spots.window.row + spots.window.height, native.height)
        col1 = min(spots.window.col + spots.window.width, native.width)
        if row1 <= row0 or col1 <= col0:
            return [self._masked(name, grid) for name in names]
        window = Window(row0, col0, row1 - row0, col1 - col0)
        held, rasters = self._window(reader, names, level, window)
        return nearest(spots, held, rasters)

    def _window(
        self, reader: Reader, names: list[str], level: int, window: Window
    ) -> tuple[Window, list[Raster]]:
        """Return pixels that cover a window of a level, from memory where a wider window was read before."""
        for held in self._recent.get(level, ()):
            if (
                held.row <= window.row and held.col <= window.col
                and held.row + held.height >= window.row + window.height
                and held.col + held.width >= window.col + window.width
            ):  # fmt: skip
                kept = [reader.peek((self, name, level, held)) for name in names]
                if all(raster is not None for raster in kept):
                    return held, [raster for raster in kept if raster is not None]
        rasters = self.record.source.read(names, level, window)
        for name, raster in zip(names, rasters, strict=True):
            key: Hashable = (self, name, level, window)
            reader.keep(key, raster)
        recent = self._recent.setdefault(level, [])
        recent.insert(0, window)
        del recent[_RECENT:]
        return window, rasters

    def _masked(self, name: str, grid: Grid) -> Raster:
        dtype = _type_of(self.bands[name]).dtype
        return Raster(
            np.broadcast_to(np.zeros((), dtype), grid.shape), np.broadcast_to(np.float32(0), grid.shape)
        )


def _wrapped(spots: Places, width: int) -> Places:
    cols = np.mod(spots.cols, width)
    col0, col1 = int(np.floor(cols.min())), int(np.floor(cols.max()))
    return replace(spots, cols=cols, window=spots.window._replace(col=col0, width=col1 - col0 + 1))


def _type_of(band: BandRecord) -> PixelType:
    named = PixelType.named(band.dtype)
    return named if band.valid_range is None else named.ranged(*band.valid_range)


def stored_image(record: ImageRecord, version: int = 1) -> Image:
    """Return a stored image as lazy bands."""
    groups: dict[Grid, list[BandRecord]] = {}
    for band in record.bands:
        groups.setdefault(band.grid, []).append(band)
    by_grid = {grid: StoredGroup(record, bands) for grid, bands in groups.items()}

    def lazy(band: BandRecord) -> Band:
        group, name, type_ = by_grid[band.grid], band.name, _type_of(band)

        def compute(reader: Reader, grid: Grid) -> Raster:
            raster = group.read(reader, name, grid)
            return Raster(type_.cast(raster.values), raster.mask)

        return Band(name, type_, group.projection, compute, size=band.grid.shape, stored=(group, name))

    footprint = None if record.footprint is None else Geometry.from_json(record.footprint)
    properties = {"system:index": record.id.rsplit("/", 1)[-1], **record.properties}
    return Image(tuple(lazy(band) for band in record.bands), properties, footprint, record.id, version)
