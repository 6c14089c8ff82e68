"""Bands on other lattices than the one asked for: reprojection and interpolation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ee_floods.engine.errors import bad_request
from ee_floods.engine.records import Raster
from ee_floods.engine.resampling import interpolate, nearest, places, read_lattice, scale_ratio
from ee_floods.engine.values.image import Band
from ee_floods.engine.values.projection import Projection, reproject_points
from ee_floods.grid import Grid, Window

if TYPE_CHECKING:
    from ee_floods.engine.reading import Reader

__all__ = ["reproject_band", "resample_band"]


def masked(band: Band, grid: Grid) -> Raster:
    """Return a fully masked raster of a band."""
    cell = np.zeros((), band.type.dtype)
    return Raster(np.broadcast_to(cell, grid.shape), np.broadcast_to(np.float32(0), grid.shape))


def reproject_band(band: Band, target: Projection) -> Band:
    """Return a band that is always computed on `target`'s lattice, then picked by nearest neighbour."""

    def compute(reader: Reader, grid: Grid) -> Raster:
        if target.aligned(Projection.of_grid(grid)):
            return reader.read(band, grid)
        found = places(grid, target)
        if found is None:
            return masked(band, grid)
        window = found.window
        if window.height * window.width > reader.limits.reproject_pixels:
            raise bad_request(f"Reprojection output too large ({window.width}x{window.height} pixels).")
        rasters = read_lattice(lambda lattice: [reader.read(band, lattice)], target, window)
        return nearest(found, window, rasters)[0]

    return Band(band.name, band.type, target, compute, (band,), band.size)


def resample_band(band: Band, mode: str) -> Band:
    """Return a band interpolated between pixels of its default projection, coarser by powers of 2."""
    native = band.projection

    def compute(reader: Reader, grid: Grid) -> Raster:
        output = Projection.of_grid(grid)
        if native.aligned(output):
            return reader.read(band, grid)
        left, bottom, right, top = grid.bounds
        x, y = reproject_points(
            np.array([(left + right) / 2]), np.array([(bottom + top) / 2]), grid.crs, native.crs
        )
        anchor = (round(float(x[0]), 1), round(float(y[0]), 1)) if np.isfinite(x[0]) else (0.0, 0.0)
        ratio = scale_ratio(output, native, anchor)
        factor = 2.0 ** max(0, math.floor(math.log2(max(ratio, 1e-9)) + 1e-3))
        lattice = native.scaled(factor, factor)
        if lattice.aligned(output):
            return reader.read(band, grid)
        found = places(grid, lattice)
        if found is None:
            return masked(band, grid)
        row, col, height, width = found.window
        window = Window(row - 3, col - 3, height + 6, width + 6)
        raster = read_lattice(lambda area: [reader.read(band, area)], lattice, window)[0]
        mixed = interpolate(found, window, raster, mode)
        return Raster(band.type.cast(mixed.values), mixed.mask)

    return Band(band.name, band.type, native, compute, (band,), band.size)
