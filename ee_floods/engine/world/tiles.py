"""Tiles of the military grid as Sentinel-2 uses them: 109.8 km squares in UTM, 10 km of overlap."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.world.lattice import unit_vectors
from ee_floods.engine.world.places import Bounds, transformer
from ee_floods.grid import Grid

__all__ = ["TILE_SIZE", "Tile", "tile_named", "tiles_over"]

TILE_SIZE = 109_800.0
"""m; 10,980 pixels of 10 m."""

_SQUARE = 100_000.0

_BANDS = "CDEFGHJKLMNPQRSTUVWX"
"""Latitude bands of 8 degrees from 80 south (the last has 12)."""

_COLUMNS = ("ABCDEFGH", "JKLMNPQR", "STUVWXYZ")

_ROWS = "ABCDEFGHJKLMNPQRSTUV"

_LIMITS = (-60.0, 80.0)
"""Latitudes within which tiles are imaged."""


@dataclass(frozen=True)
class Tile:
    """One tile: UTM zone, hemisphere, and the easting and northing of its square in 100 km.

    Args:
        zone: 1 to 60.
        north: Hemisphere whose UTM coordinates are used.
        column: Easting / 100 km of the square's left edge, 1 to 8.
        row: Northing / 100 km of its lower edge.
    """

    zone: int
    north: bool
    column: int
    row: int

    @property
    def crs(self) -> str:
        """EPSG code."""
        return f"EPSG:{(32600 if self.north else 32700) + self.zone}"

    def grid(self, scale: float) -> Grid:
        """Return the tile's grid with pixels of 10, 20 or 60 m."""
        # Corners are multiples of 60 m, as the real ones, so that bands of all scales share them.
        x0 = math.floor(self.column * _SQUARE / 60) * 60.0
        y0 = math.ceil((self.row + 1) * _SQUARE / 60) * 60.0
        side = round(TILE_SIZE / scale)
        return Grid(self.crs, (scale, 0.0, x0, 0.0, -scale, y0), (side, side))

    @cached_property
    def _outline(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        left, bottom, right, top = self.grid(60.0).bounds
        x = np.array([left, (left + right) / 2, right, right, right, (left + right) / 2, left, left, left])
        y = np.array([top, top, top, (top + bottom) / 2, bottom, bottom, bottom, (top + bottom) / 2, top])
        lon, lat = transformer(self.crs).transform(x, y, direction="INVERSE")
        lon = lon[0] + (lon - lon[0] + 180) % 360 - 180
        return lon, lat

    @cached_property
    def lonlat(self) -> tuple[float, float]:
        """Longitude and latitude of the middle in degrees."""
        left, bottom, right, top = self.grid(60.0).bounds
        lon, lat = transformer(self.crs).transform(
            (left + right) / 2, (bottom + top) / 2, direction="INVERSE"
        )
        return float(lon), float(lat)

    @cached_property
    def center(self) -> NDArray[np.float64]:
        """Unit vector `(3,)` of the middle."""
        lon, lat = self.lonlat
        return unit_vectors(np.array(lon), np.array(lat))

    @cached_property
    def samples(self) -> NDArray[np.float64]:
        """Unit vectors `(256, 3)` of 16 x 16 places spread over the tile."""
        left, bottom, right, top = self.grid(60.0).bounds
        share = (np.arange(16) + 0.5) / 16
        x, y = np.meshgrid(left + share * (right - left), top - share * (top - bottom))
        lon, lat = transformer(self.crs).transform(x.ravel(), y.ravel(), direction="INVERSE")
        return unit_vectors(np.asarray(lon), np.asarray(lat))

    @property
    def polygon(self) -> dict[str, Any]:
        """GeoJSON outline in degrees."""
        lon, lat = self._outline
        ring = [[round(float(x), 6), round(float(y), 6)] for x, y in zip(lon, lat, strict=True)]
        return {"type": "Polygon", "coordinates": [[*ring[:-1], ring[0]]]}

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north in degrees."""
        lon, lat = self._outline
        return float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())

    @cached_property
    def name(self) -> str:
        """Such as `42RVT`."""
        middle = (self.column + 0.5) * _SQUARE, (self.row + 0.5) * _SQUARE
        _, lat = transformer(self.crs).transform(*middle, direction="INVERSE")
        band = _BANDS[min(max(int((lat + 80) // 8), 0), len(_BANDS) - 1)]
        letters = _COLUMNS[(self.zone - 1) % 3][self.column - 1]
        row = (self.row + (5 if self.zone % 2 == 0 else 0)) % len(_ROWS)
        return f"{self.zone:02d}{band}{letters}{_ROWS[row]}"


@lru_cache(maxsize=65536)
def _tile(zone: int, north: bool, column: int, row: int) -> Tile | None:
    """The tile of a square, or None if the square lies outside its zone or hemisphere."""
    if not 1 <= column <= 8 or row < 0:
        return None
    tile = Tile(zone, north, column, row)
    # A square belongs to every zone of 6 degrees that its own 100 km reach into.
    x0, y0 = column * _SQUARE, row * _SQUARE
    x = np.array([x0, x0 + _SQUARE / 2, x0 + _SQUARE])
    lon, lat = transformer(tile.crs).transform(x, np.full(3, y0 + _SQUARE / 2), direction="INVERSE")
    if not _LIMITS[0] <= lat[1] <= _LIMITS[1] or (lat[1] >= 0) != north:
        return None
    west = zone * 6.0 - 186
    turned = west + 3 + (lon - west - 3 + 180) % 360 - 180
    return tile if turned[2] > west and turned[0] < west + 6 else None


def tiles_over(bounds: Bounds) -> Iterator[Tile]:
    """Yield every tile that meets a box in degrees."""
    south, north = max(bounds.south, _LIMITS[0]), min(bounds.north, _LIMITS[1])
    if south > north:
        return
    seen = set()
    # Tiles reach 10 km past their squares and squares past their zones: look a little further.
    margin = 1.2 / max(math.cos(math.radians(min(max(abs(south), abs(north)), 79.0))), 0.19)
    first = math.floor((bounds.west - margin + 180) / 6)
    last = math.floor((bounds.east + margin + 180) / 6)
    for number in range(first, min(last, first + 59) + 1):
        zone = number % 60 + 1
        middle = zone * 6.0 - 183
        for hemisphere in (True, False):
            low, high = (max(south, 0.0), north) if hemisphere else (south, min(north, 0.0))
            if (hemisphere and north < -0.2) or (not hemisphere and south > 0.2):
                continue
            crs = f"EPSG:{(32600 if hemisphere else 32700) + zone}"
            _, y = transformer(crs).transform([middle, middle], [low, max(high, low)])
            rows = range(math.floor(min(y) / _SQUARE) - 2, math.floor(max(y) / _SQUARE) + 3)
            for row in rows:
                for column in range(1, 9):
                    tile = _tile(zone, hemisphere, column, row)
                    if tile and tile.name not in seen and _meet(tile.bounds, bounds):
                        seen.add(tile.name)
                        yield tile


def tile_named(name: str) -> Tile | None:
    """Return the tile of a name such as `42RVT`, or None if there is none."""
    zone, band, letter = int(name[:2]), name[2], name[3]
    if not 1 <= zone <= 60 or band not in _BANDS or letter not in _COLUMNS[(zone - 1) % 3]:
        return None
    if name[4] not in _ROWS:
        return None
    column = _COLUMNS[(zone - 1) % 3].index(letter) + 1
    shift = (_ROWS.index(name[4]) - (5 if zone % 2 == 0 else 0)) % len(_ROWS)
    for row in range(shift, 100, len(_ROWS)):
        tile = _tile(zone, band >= "N", column, row)
        if tile and tile.name == name:
            return tile
    return None


def _meet(tile: tuple[float, float, float, float], box: Bounds) -> bool:
    west, south, east, north = tile
    if south > box.north or north < box.south:
        return False
    return any(west + turn <= box.east and east + turn >= box.west for turn in (-360, 0, 360))
