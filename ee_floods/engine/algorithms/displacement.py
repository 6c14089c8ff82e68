"""Images warped by images of displacements."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.bands import each_band
from ee_floods.engine.errors import bad_request
from ee_floods.engine.reading import Reader
from ee_floods.engine.records import Raster
from ee_floods.engine.registry import algorithm
from ee_floods.engine.resampling import Places, interpolate, nearest, read_lattice
from ee_floods.engine.values.image import Band, Image
from ee_floods.engine.values.projection import Projection, centres, reproject_points
from ee_floods.grid import Grid, Window

_MODES = ("nearest_neighbor", "bilinear", "bicubic")
_MARGIN = 3
"""Pixels around a place that bicubic interpolation reads."""


@algorithm("Image.displace")
def displace(image: Image, displacement: Image, mode: str, most: float | None) -> Image:
    """Each pixel from where its displacement points: metres east and north in the displacement's CRS."""
    if mode not in _MODES:
        raise bad_request(f"Unknown interpolation mode '{mode}'. Use one of {list(_MODES)}.")
    if len(displacement.bands) < 2:
        raise bad_request("The displacement must have two bands: X and Y.")
    across, down = displacement.bands[:2]
    frame = across.projection

    def one(band: Band) -> Band:
        def compute(reader: Reader, grid: Grid) -> Raster:
            dx, dy = reader.read(across, grid), reader.read(down, grid)
            known = (dx.mask > 0) & (dy.mask > 0)
            if most is not None:
                known &= np.maximum(np.abs(dx.values), np.abs(dy.values)) <= most
            x, y = centres(grid, frame.crs)
            unit = frame.unit_metres
            x, y = x + np.where(known, dx.values, 0) / unit, y + np.where(known, dy.values, 0) / unit
            x, y = reproject_points(x, y, frame.crs, grid.crs)
            lattice = Projection.of_grid(grid)
            cols, rows = lattice.pixels(x, y)
            finite = np.isfinite(cols) & np.isfinite(rows) & known
            if not finite.any():
                return Raster(np.zeros(grid.shape, band.type.dtype), np.zeros(grid.shape, np.float32))
            rows, cols = (np.where(finite, found, found[finite][0]) for found in (rows, cols))
            window = _around(rows, cols)
            if window.height * window.width > reader.limits.reproject_pixels:
                raise bad_request(f"Displacements reach too far ({window.width}x{window.height} pixels).")
            places = Places(rows, cols, window, finite)
            raster = read_lattice(lambda area: [reader.read(band, area)], lattice, window)[0]
            if mode == "nearest_neighbor":
                return nearest(places, window, [raster])[0]
            mixed = interpolate(places, window, raster, mode)
            return Raster(band.type.cast(mixed.values), mixed.mask)

        return Band(band.name, band.type, band.projection, compute, (band, across, down), band.size)

    return each_band(image, one)


def _around(rows: NDArray[Any], cols: NDArray[Any]) -> Window:
    """The lattice pixels that some places need."""
    top, left = math.floor(rows.min()) - _MARGIN, math.floor(cols.min()) - _MARGIN
    bottom, right = math.ceil(rows.max()) + _MARGIN, math.ceil(cols.max()) + _MARGIN
    return Window(top, left, bottom - top, right - left)
