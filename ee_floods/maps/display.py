"""Products and radar made ready to be looked at: bounded in size, on a north-up grid, in 8 bits."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ee_floods.grid import Grid, Window
from ee_floods.inference.overviews import coarsened
from ee_floods.inference.product_file import read_product
from ee_floods.inference.raster import NO_DATA, FloodRaster

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ee_floods.inference.radar_file import RadarScene

__all__ = ["as_raster", "bounded", "grey", "north_up", "radar_on", "web_mercator", "without_rotation"]

STRETCH_PERCENTILES = (2.0, 98.0)
"""Percentiles of the radar's values that are drawn black and white: the usual stretch of GIS programs."""


def as_raster(source: FloodRaster | Path) -> FloodRaster:
    """Return a product, read if it is given as a file."""
    return source if isinstance(source, FloodRaster) else read_product(Path(source))


def bounded(raster: FloodRaster, side: int) -> tuple[FloodRaster, int]:
    """Return the product with at most `side` pixels a side, and the factor by which it was made coarser."""
    factor = math.ceil(max(raster.grid.shape) / side)
    return coarsened(raster, factor), factor


def north_up(raster: FloodRaster, grid: Grid) -> FloodRaster:
    """Return the product on another grid by nearest neighbour: no class appears that was not there.

    Pixels outside the product are "no data".
    """
    fills = {"flood": NO_DATA, "water_probability": NO_DATA, "exclusion": 0}
    bands = {name: _warp(band, raster.grid, grid, fills[name]) for name, band in raster.bands.items()}
    return FloodRaster(grid=grid, properties=raster.properties, **bands)


def without_rotation(raster: FloodRaster) -> FloodRaster:
    """Return the product on a north-up grid of its own CRS, which it nearly always has already."""
    a, b, _, d, e, _ = raster.grid.transform
    if a > 0 and e < 0 and not b and not d:
        return raster
    side = min(math.hypot(a, d), math.hypot(b, e))
    return north_up(raster, _covering(raster.grid.crs, raster.grid.bounds, side))


def web_mercator(grid: Grid) -> Grid:
    """Return the Web Mercator grid of a web page over a grid, no coarser than its finer side."""
    from rasterio.warp import transform_bounds

    bounds = transform_bounds(grid.crs, "EPSG:3857", *grid.bounds, densify_pts=21)
    middle = grid.crop(Window(grid.height // 2, grid.width // 2, 1, 1)).bounds
    west, south, east, north = transform_bounds(grid.crs, "EPSG:3857", *middle)
    return _covering("EPSG:3857", bounds, min(east - west, north - south))


def radar_on(scene: RadarScene, band: str, grid: Grid) -> NDArray[np.float32]:
    """Return a radar band in dB on another grid, averaged where that is coarser, NaN where there is none."""
    from rasterio.enums import Resampling
    from rasterio.warp import reproject

    out = np.full(grid.shape, np.nan, np.float32)
    coarser = grid.scale > 0 and max(scene.grid.shape) > 1.5 * max(grid.shape)
    reproject(
        scene.bands[band],
        out,
        src_transform=scene.grid.geobox.transform,
        src_crs=scene.grid.crs,
        src_nodata=np.nan,
        dst_transform=grid.geobox.transform,
        dst_crs=grid.crs,
        dst_nodata=np.nan,
        resampling=Resampling.average if coarser else Resampling.nearest,
    )
    return out


def grey(values: NDArray[np.float32]) -> tuple[NDArray[np.uint8], float, float]:
    """Return a band stretched to 1..255 with 0 where it is NaN, and the values of black and white.

    Args:
        values: float32 `(H, W)`.

    Returns:
        uint8 `(H, W)`, the value shown black and the one shown white, in the band's unit.
    """
    valid = values[np.isfinite(values)]
    out = np.zeros(values.shape, np.uint8)
    if valid.size == 0:
        return out, math.nan, math.nan
    low, high = (float(v) for v in np.percentile(valid, STRETCH_PERCENTILES))
    span = max(high - low, 1e-6)
    scaled = np.clip((np.nan_to_num(values, nan=low) - low) / span, 0, 1)
    out = (np.rint(scaled * 254) + 1).astype(np.uint8)
    out[~np.isfinite(values)] = 0
    return out, low, high


def _covering(crs: str, bounds: tuple[float, float, float, float], side: float) -> Grid:
    left, bottom, right, top = bounds
    shape = (math.ceil((top - bottom) / side - 1e-6), math.ceil((right - left) / side - 1e-6))
    return Grid(crs, (side, 0.0, left, 0.0, -side, top), (max(shape[0], 1), max(shape[1], 1)))


def _warp(band: NDArray[np.uint8], source: Grid, target: Grid, fill: int) -> NDArray[np.uint8]:
    from rasterio.enums import Resampling
    from rasterio.warp import reproject

    out = np.full(target.shape, fill, np.uint8)
    reproject(
        band,
        out,
        src_transform=source.geobox.transform,
        src_crs=source.crs,
        dst_transform=target.geobox.transform,
        dst_crs=target.crs,
        # Without this GDAL writes 0, a legal class, where the source has nothing.
        init_dest_nodata=False,
        resampling=Resampling.nearest,
    )
    return out
