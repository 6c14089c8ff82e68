"""Absolute pixel lattices and their blocks: where a window's pixels lie on the Earth.

A lattice is an endless pixel grid of one CRS. It is cut into square blocks of `BLOCK` pixels, the unit
that is computed and cached, so a pixel's value cannot depend on the window that asked for it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.grid import Grid

__all__ = ["BLOCK", "EARTH_RADIUS", "Block", "Lattice", "lonlat_of", "unit_vectors"]

BLOCK = 120
"""Side of a block in pixels: a multiple of 8 (nodes), 6 (60 m bands) and 2 (20 m bands)."""

EARTH_RADIUS = 6_371_008.8
"""Mean radius of the Earth in m (IUGG); the world is a sphere under geodetic latitude."""

_METRES_PER_DEGREE = math.pi * EARTH_RADIUS / 180
_NODE_SPACING = 90.0
"""Widest spacing of nodes in m: fields down to 350 m wavelength survive cubic interpolation from 80 m."""

_FINE_SPACING = 45.0


def unit_vectors(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return unit vectors `(..., 3)` of longitudes and latitudes in degrees."""
    lam, phi = np.radians(lon), np.radians(lat)
    cos = np.cos(phi)
    return np.stack([cos * np.cos(lam), cos * np.sin(lam), np.sin(phi)], axis=-1)


def lonlat_of(vectors: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return longitudes and latitudes in degrees of unit vectors `(..., 3)`."""
    lon = np.degrees(np.arctan2(vectors[..., 1], vectors[..., 0]))
    lat = np.degrees(np.arcsin(np.clip(vectors[..., 2], -1, 1)))
    return lon, lat


@lru_cache(maxsize=256)
def _to_lonlat(crs: str) -> Any:
    from pyproj import Transformer

    return Transformer.from_crs(crs, "EPSG:4326", always_xy=True)


@dataclass(frozen=True)
class Lattice:
    """An endless north-up pixel grid.

    Args:
        crs: `EPSG:4326` or a projected CRS in m.
        pixel: Pixel size in CRS units.
        x0: Left edge of column 0 in CRS units, 0 <= x0 < BLOCK * pixel.
        y0: Upper edge of row 0 in CRS units, likewise.
    """

    crs: str
    pixel: float
    x0: float = 0.0
    y0: float = 0.0

    @classmethod
    def under(cls, grid: Grid) -> tuple[Lattice, int, int]:
        """Return the lattice that a north-up grid of square pixels lies on, and its first row and column."""
        pixel = grid.transform[0]
        col = math.floor(grid.transform[2] / (pixel * BLOCK) + 1e-6)
        row = math.floor(-grid.transform[5] / (pixel * BLOCK) + 1e-6)
        x0 = round(grid.transform[2] - col * pixel * BLOCK, 9)
        y0 = round(grid.transform[5] + row * pixel * BLOCK, 9)
        # What is left over whole pixels moves into the row and column, so that all grids whose corners
        # differ by whole pixels share one lattice, and its cache.
        extra_col, extra_row = math.floor(x0 / pixel + 1e-6), math.floor(-y0 / pixel + 1e-6)
        x0, y0 = round(x0 - extra_col * pixel, 9), round(y0 + extra_row * pixel, 9)
        lattice = cls(grid.crs, pixel, x0 + 0.0, y0 + 0.0)
        return lattice, row * BLOCK + extra_row, col * BLOCK + extra_col

    @property
    def metres(self) -> float:
        """Pixel height in m."""
        return self.pixel * _METRES_PER_DEGREE if self.crs == "EPSG:4326" else self.pixel

    def block(self, row: int, col: int) -> Block:
        """Return the block at block row and column."""
        return Block(self, row, col)

    def lonlat(
        self, rows: NDArray[np.float64], cols: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return longitudes and latitudes in degrees of fractional pixel coordinates."""
        x = self.x0 + cols * self.pixel
        y = self.y0 - rows * self.pixel
        if self.crs == "EPSG:4326":
            return (x + 180) % 360 - 180, np.clip(y, -90, 90)
        lon, lat = _to_lonlat(self.crs).transform(x, y)
        return np.asarray(lon), np.asarray(lat)


@dataclass(frozen=True)
class Block:
    """`BLOCK` x `BLOCK` pixels of a lattice, and the nodes on which its smooth fields are evaluated."""

    lattice: Lattice
    row: int
    col: int

    @property
    def first_row(self) -> int:
        """Absolute row of the first pixel."""
        return self.row * BLOCK

    @property
    def first_col(self) -> int:
        """Absolute column of the first pixel."""
        return self.col * BLOCK

    @cached_property
    def step(self) -> int:
        """Pixels between the nodes of smooth fields."""
        return _step(self.lattice.metres, _NODE_SPACING)

    @cached_property
    def fine_step(self) -> int:
        """Pixels between the nodes of the smallest relief."""
        return _step(self.lattice.metres, _FINE_SPACING)

    def node_lonlat(self, step: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return longitude and latitude `(m, m)` in degrees of the nodes that `noise.upsample` expects."""
        if step == 1:
            at = np.arange(BLOCK) + 0.5
        else:
            at = np.arange(-1, BLOCK // step + 2, dtype=np.float64) * step
        rows, cols = np.meshgrid(self.first_row + at, self.first_col + at, indexing="ij")
        return self.lattice.lonlat(rows, cols)

    @cached_property
    def lonlat(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Longitude and latitude of the nodes at `step`."""
        return self.node_lonlat(self.step)

    @cached_property
    def vectors(self) -> NDArray[np.float64]:
        """Unit vectors `(m, m, 3)` of the nodes at `step`."""
        return unit_vectors(*self.lonlat)

    @cached_property
    def points(self) -> NDArray[np.float64]:
        """The nodes in m from the Earth's centre, `(m, m, 3)`."""
        return self.vectors * EARTH_RADIUS

    @cached_property
    def center(self) -> NDArray[np.float64]:
        """Unit vector `(3,)` of the block's middle."""
        middle = np.array(BLOCK / 2)
        return unit_vectors(*self.lattice.lonlat(self.first_row + middle, self.first_col + middle))

    @cached_property
    def reach(self) -> float:
        """Chord in Earth radii from the middle that holds every node."""
        return float(np.sqrt(((self.vectors - self.center) ** 2).sum(axis=-1).max()))


def _step(metres: float, spacing: float) -> int:
    return next((step for step in (8, 4, 2) if step * metres <= spacing), 1)
