"""Layers that do not change: GLO30 elevation, MERIT Hydro and WorldCover."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.records import BandRecord, ImageRecord, Raster
from ee_floods.engine.world.cover import SURFACES, surfaces
from ee_floods.engine.world.fields import Fields
from ee_floods.engine.world.hydrology import days_of, milliseconds
from ee_floods.engine.world.lattice import Block
from ee_floods.engine.world.places import Bounds
from ee_floods.engine.world.raster import read_bands
from ee_floods.grid import Grid, Window

__all__ = ["DEM", "DEM_2024", "MERIT_HYDRO", "WORLD_COVER", "GroundLayers"]

DEM = "COPERNICUS/DEM/GLO30"
DEM_2024 = "COPERNICUS/DEM/GLO30_2024_1"
"""The release that succeeds it; this world has one terrain, so both hold the same heights."""
MERIT_HYDRO = "MERIT/Hydro/v1_0_1"
WORLD_COVER = "ESA/WorldCover/v200"

_DEM_ID = re.compile(r"Copernicus_DSM_COG_10_([NS])(\d{2})_00_([EW])(\d{3})_00_DEM")

_COVER_CODES = {
    "forest": 10, "green": 40, "dry": 30, "soil": 40, "sand": 60, "urban": 50, "dark": 60, "water": 80,
    "flooded_vegetation": 90,
}  # fmt: skip
"""WorldCover's code of each surface; bare soil of fields is cropland in a yearly map."""

_COVER_DAY = days_of(milliseconds("2021-07-01"))


class GroundLayers:
    """Serves the unchanging layers.

    Args:
        fields: The world.
    """

    def __init__(self, fields: Fields) -> None:
        self._fields = fields

    def merit(self) -> ImageRecord:
        """Return MERIT Hydro's global image: `elv` and `hnd` in m, 3 arc seconds."""
        pixel = 1 / 1200
        grid = Grid("EPSG:4326", (pixel, 0.0, -180.0, 0.0, -pixel, 85.0), (145 * 1200, 360 * 1200))
        bands = (BandRecord("elv", "float32", grid), BandRecord("hnd", "float32", grid))
        properties = {"system:index": "v1_0_1", "system:time_start": 536457600000, "simulated": True}
        source = _Source(self._fields, bands)
        return ImageRecord(MERIT_HYDRO, bands, properties, _box(-180, -60, 180, 85), True, source)

    def world_cover(self) -> ImageRecord:
        """Return WorldCover 2021: band `Map`, 1/12000 degree."""
        pixel = 1 / 12000
        grid = Grid("EPSG:4326", (pixel, 0.0, -180.0, 0.0, -pixel, 83.0), (143 * 12000, 360 * 12000))
        bands = (BandRecord("Map", "uint8", grid, "MODE"),)
        properties = {
            "system:index": "2021",
            "system:time_start": round(milliseconds("2021-01-01")),
            "system:time_end": round(milliseconds("2022-01-01")),
            "simulated": True,
        }
        source = _Source(self._fields, bands)
        footprint = _box(-180, -60, 180, 83)
        return ImageRecord(f"{WORLD_COVER}/2021", bands, properties, footprint, True, source)

    def dem_tile(self, south: int, west: int, collection: str = DEM) -> ImageRecord:
        """Return the 1 degree tile of a release of GLO30 with the given lower left corner."""
        pixel = 1 / 3600
        grid = Grid("EPSG:4326", (pixel, 0.0, float(west), 0.0, -pixel, south + 1.0), (3600, 3600))
        bands = (BandRecord("DEM", "float32", grid),)
        index = (
            f"Copernicus_DSM_COG_10_{'N' if south >= 0 else 'S'}{abs(south):02d}_00_"
            f"{'E' if west >= 0 else 'W'}{abs(west):03d}_00_DEM"
        )
        properties = {
            "system:index": index,
            "system:time_start": round(milliseconds("2010-12-01")),
            "system:time_end": round(milliseconds("2015-02-01")),
            "simulated": True,
        }
        source = _Source(self._fields, bands)
        footprint = _box(west, south, west + 1, south + 1)
        return ImageRecord(f"{collection}/{index}", bands, properties, footprint, True, source)

    def dem_named(self, index: str, collection: str = DEM) -> ImageRecord | None:
        """Return the tile of a `system:index`, or None."""
        match = _DEM_ID.fullmatch(index)
        if not match:
            return None
        south = int(match[2]) * (1 if match[1] == "N" else -1)
        west = int(match[4]) * (1 if match[3] == "E" else -1)
        record = self.dem_tile(south, west, collection) if -60 <= south < 80 and -180 <= west < 180 else None
        return record if record and record.properties["system:index"] == index else None

    def dem_corners(self, bounds: Bounds) -> list[tuple[int, int]]:
        """Return the lower left corners of the tiles over a box, in order of `system:index`."""
        souths = range(max(math.floor(bounds.south), -60), min(math.ceil(bounds.north), 80))
        wests = {
            (w + 180) % 360 - 180 for w in range(math.floor(bounds.west), math.ceil(bounds.east + 1e-12))
        }
        return sorted(
            ((s, w) for s in souths for w in wests), key=lambda c: (c[0] < 0, abs(c[0]), c[1] < 0, abs(c[1]))
        )

    def dem_records(self, corners: Sequence[tuple[int, int]], collection: str = DEM) -> Iterator[ImageRecord]:
        """Yield the records of tiles of a release."""
        for south, west in corners:
            yield self.dem_tile(south, west, collection)


class _Source:
    """Pixels of an unchanging layer."""

    def __init__(self, fields: Fields, bands: tuple[BandRecord, ...]) -> None:
        self._fields = fields
        self._bands = {band.name: band for band in bands}

    def read(self, bands: Sequence[str], level: int, window: Window) -> list[Raster]:
        """See `RasterSource.read`."""

        def evaluate(
            block: Block, side: int, native: bool
        ) -> list[tuple[NDArray[np.float32], NDArray[np.float32] | None]]:
            return [(self._layer(block, name), None) for name in bands]

        return read_bands([self._bands[name] for name in bands], 1, level, window, evaluate)

    def _layer(self, block: Block, name: str) -> NDArray[np.float32]:
        ground = self._fields.ground(block)
        if name == "hnd":
            return np.maximum(ground.hand, 0)
        if name == "Map":
            shares = surfaces(
                self._fields.cover(block), self._fields.scene(block, _COVER_DAY).water, _COVER_DAY
            )
            codes = np.array([_COVER_CODES[s] for s in SURFACES], dtype=np.float32)
            # Fields count as one class, whether green, stubble or ploughed.
            shares[1] += shares[3] + 0.5 * shares[2]
            return np.asarray(codes[shares.argmax(axis=0)])
        return ground.elevation


def _box(west: float, south: float, east: float, north: float) -> dict[str, object]:
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}
