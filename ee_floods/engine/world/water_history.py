"""`JRC/GSW1_4/GlobalSurfaceWater`: how often each place was under water, by the world's own stage.

The share of time that stage lies above a pixel's height above drainage is counted over 1984-2021 at nodes
every few km and interpolated between them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.records import BandRecord, ImageRecord, Raster
from ee_floods.engine.world.fields import Cache, Fields
from ee_floods.engine.world.hydrology import days_of, milliseconds
from ee_floods.engine.world.lattice import BLOCK, Block, unit_vectors
from ee_floods.engine.world.raster import read_bands
from ee_floods.grid import Grid, Window

__all__ = ["GLOBAL_SURFACE_WATER", "WaterHistory"]

GLOBAL_SURFACE_WATER = "JRC/GSW1_4/GlobalSurfaceWater"

_PIXEL = 0.00025
_NORTH, _SOUTH = 80.0, -60.0
"""Latitudes between which JRC has data."""

_LEVELS = np.linspace(-3.0, 9.0, 121)
"""m above drainage at which exceedance is tabulated."""

_CURVE = {"occurrence": 0, "recurrence": 1, "seasonality": 2}
"""Row of `WaterHistory.curves` behind each band."""

_FULL = {"occurrence": 100, "recurrence": 100, "seasonality": 12}
"""Value of each band where water never leaves."""

_CANOPY_LIMIT = 0.7
"""Share of trees from which the optical record behind JRC sees no water beneath."""


class WaterHistory:
    """Counts water over the years and serves it as the image that JRC publishes.

    Args:
        fields: The world.
    """

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        history = fields.config.history
        start, end = days_of(milliseconds(history.start)), days_of(milliseconds(history.end))
        self._days = np.arange(start, end, history.sample_days)
        year = np.floor(self._days / 365.25).astype(int)
        self._year = np.flatnonzero(np.diff(year, prepend=year[0] - 1))
        self._last = self._days >= days_of(milliseconds("2021-01-01"))
        self._curves: Cache[NDArray[np.float32]] = Cache(4096)

    def image(self) -> ImageRecord:
        """Return the global image."""
        shape = (round((_NORTH - _SOUTH) / _PIXEL), round(360 / _PIXEL))
        grid = Grid("EPSG:4326", (_PIXEL, 0.0, -180.0, 0.0, -_PIXEL, _NORTH), shape)
        bands = (
            BandRecord("occurrence", "uint8", grid, "MEAN", (0, 100)),
            BandRecord("recurrence", "uint8", grid, "MEAN", (0, 100)),
            BandRecord("seasonality", "uint8", grid, "MEAN", (0, 12)),
            BandRecord("max_extent", "uint8", grid, "MODE", (0, 1)),
        )
        properties = {
            "system:index": "GlobalSurfaceWater",
            "system:time_start": round(milliseconds("1984-03-16")),
            "system:time_end": round(milliseconds("2022-01-01")),
            "simulated": True,
        }
        footprint = {
            "type": "Polygon",
            "coordinates": [[[-180, _SOUTH], [180, _SOUTH], [180, _NORTH], [-180, _NORTH], [-180, _SOUTH]]],
        }
        return ImageRecord(GLOBAL_SURFACE_WATER, bands, properties, footprint, True, _Source(self, bands))

    def curves(self, lon: float, lat: float) -> NDArray[np.float32]:
        """Return what is exceeded at a place, `(3, 121)` over heights of `_LEVELS`.

        Rows: share of time, share of years with at least a month of water, and share of 2021.
        """

        def make() -> NDArray[np.float32]:
            vector = unit_vectors(np.array(lon), np.array(lat))
            low = float(self._fields.climate.at(vector[None])["low_stage"][0])
            stage = np.maximum(self._fields.hydrology.series(vector, self._days), low)
            wet = stage[:, None] > _LEVELS  # (T, 121)
            years = np.add.reduceat(wet.astype(np.int32), self._year, axis=0)
            month = 30 / self._fields.config.history.sample_days
            rows = [wet.mean(axis=0), (years >= month).mean(axis=0), wet[self._last].mean(axis=0)]
            return np.array(rows, dtype=np.float32)

        return self._curves.get((lon, lat), make)

    def share(self, block: Block, rows: Sequence[int]) -> NDArray[np.float32]:
        """Return rows of `curves` at a block's pixels, `(len(rows), BLOCK, BLOCK)`."""
        chosen = list(rows)
        ground, cover = self._fields.ground(block), self._fields.cover(block)
        heights = np.clip(
            (ground.hand - np.float32(_LEVELS[0])) * np.float32(10), 0, len(_LEVELS) - 1.001
        ).astype(np.float32)
        below = heights.astype(np.intp)
        part = heights - below
        lon, lat = block.lonlat if block.step == 1 else block.node_lonlat(1)
        lon0 = float(lon[0, 0])
        lon = lon0 + (lon - lon0 + 180) % 360 - 180
        spacing = self._fields.config.history.node_degrees
        # A block of a coarse level spans many nodes: widen them in powers of two, from absolute zero.
        while (lon.max() - lon.min()) / spacing > 6:
            spacing *= 2
        col, row = lon / spacing, lat / spacing
        total = np.zeros((len(chosen), BLOCK, BLOCK), dtype=np.float32)
        for i in range(math.floor(row.min()), math.floor(row.max()) + 2):
            weight_row = np.maximum(1 - np.abs(row - i), 0)
            for j in range(math.floor(col.min()), math.floor(col.max()) + 2):
                weight = (weight_row * np.maximum(1 - np.abs(col - j), 0)).astype(np.float32)
                if not weight.any():
                    continue
                node_lon = round((j * spacing + 180) % 360 - 180, 6)
                curves = self.curves(node_lon, round(min(max(i * spacing, -89.9), 89.9), 6))[chosen]
                total += weight * (curves[:, below] * (1 - part) + curves[:, below + 1] * part)
        return np.asarray(total * (cover.forest < _CANOPY_LIMIT), dtype=np.float32)

    @property
    def never_below(self) -> float:
        """Share of time under which water was never seen."""
        return self._fields.config.history.never_below


class _Source:
    """Pixels of the global image."""

    def __init__(self, history: WaterHistory, bands: tuple[BandRecord, ...]) -> None:
        self._history = history
        self._bands = {band.name: band for band in bands}

    def read(self, bands: Sequence[str], level: int, window: Window) -> list[Raster]:
        """See `RasterSource.read`."""
        records = [self._bands[name] for name in bands]
        rows = sorted({0, *(_CURVE[name] for name in bands if name in _CURVE)})

        def evaluate(
            block: Block, side: int, native: bool
        ) -> list[tuple[NDArray[np.float32], NDArray[np.float32] | None]]:
            shares = self._history.share(block, rows)
            wet = (shares[0] >= self._history.never_below).astype(np.float32)
            found: list[tuple[NDArray[np.float32], NDArray[np.float32] | None]] = []
            for name in bands:
                if name == "max_extent":
                    found.append((wet, None))
                    continue
                share = shares[rows.index(_CURVE[name])] * np.float32(_FULL[name])
                # Seen at all is 1 % at least; months of 2021 may be none.
                least = 0 if name == "seasonality" else 1
                found.append((np.maximum(np.rint(share), least).astype(np.float32), wet))
            return found

        return read_bands(records, 1, level, window, evaluate)
