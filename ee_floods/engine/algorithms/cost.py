"""The cheapest way to every pixel."""

from __future__ import annotations

import math

import numpy as np
import scipy
import skimage
from numpy.typing import NDArray

from ee_floods.engine.blocks import in_blocks
from ee_floods.engine.errors import bad_request
from ee_floods.engine.neighbourhood import Padded
from ee_floods.engine.reading import Reader
from ee_floods.engine.records import Raster
from ee_floods.engine.registry import algorithm
from ee_floods.engine.values.image import Band, Image
from ee_floods.engine.values.pixeltype import DOUBLE
from ee_floods.engine.values.projection import Projection, reproject_points
from ee_floods.grid import Grid

_EARTH_RADIUS = 6378137.0
"""Metres; apidocs/ee-image-cumulativecost."""

_MOST = 2048
"""Pixels that `maxDistance` may span."""


def _steps(grid: Grid, geodetic: bool) -> tuple[float, float]:
    """Metres from a pixel to the one below and to the one on the right, in the middle of a grid."""
    a, b, c, d, e, f = grid.transform
    if not geodetic:
        unit = Projection(grid.crs).unit_metres
        return math.hypot(b, e) * unit, math.hypot(a, d) * unit
    col, row = np.array([0.0, 0.0, 1.0]) + grid.width / 2, np.array([0.0, 1.0, 0.0]) + grid.height / 2
    x, y = c + a * col + b * row, f + d * col + e * row
    lon, lat = (np.radians(v) for v in reproject_points(x, y, grid.crs, "EPSG:4326"))
    half = np.sin((lat - lat[0]) / 2) ** 2 + np.cos(lat) * np.cos(lat[0]) * np.sin((lon - lon[0]) / 2) ** 2
    _, down, right = 2 * _EARTH_RADIUS * np.arcsin(np.sqrt(half))
    return float(down), float(right)


def _cheapest(cost: Raster, source: Raster, steps: tuple[float, float], most: float) -> Raster:
    """Cost times metres from the nearest source; masked beyond `most` metres and where no way leads."""
    begins = (source.values != 0) & (source.mask > 0)
    passable = cost.mask > 0
    if not (begins & passable).any():
        return Raster(np.zeros(begins.shape), np.zeros(begins.shape, np.float32))
    prices = np.where(passable, cost.values, np.inf).astype(np.float64)
    if (prices < 0).any():
        raise bad_request("The cost must not be negative.")
    found, _ = skimage.graph.MCP_Geometric(prices, sampling=steps).find_costs(np.argwhere(begins & passable))
    near = scipy.ndimage.distance_transform_edt(~begins, sampling=steps) <= most
    reached: NDArray[np.bool_] = np.isfinite(found) & near & passable
    return Raster(np.where(reached, found, 0), reached.astype(np.float32))


@algorithm("Image.cumulativeCost")
def cumulative_cost(cost: Image, source: Image, most: float, geodetic: bool) -> Image:
    """The least cost (cost of pixels times metres) of a way from a source, within `maxDistance` metres."""
    if len(cost.bands) != 1:
        raise bad_request(f"The local engine takes one band of costs, received {len(cost.bands)}.")
    band, begins, key = cost.first(), source.first(), object()

    def compute(reader: Reader, grid: Grid) -> Raster:
        def one(block: Grid) -> list[Raster]:
            steps = _steps(block, geodetic)
            pad = math.ceil(most / min(steps))
            if pad > _MOST:
                raise bad_request(
                    f"maxDistance ({most:g} m) spans {pad} pixels; at most {_MOST} are searched. "
                    "Ask at a larger scale."
                )
            outer = block.padded(pad) if pad else block
            found = _cheapest(reader.read(band, outer), reader.read(begins, outer), steps, most)
            return [Padded(found, pad).inner]

        return in_blocks(reader, grid, key, one)[0]

    return cost.with_bands([Band(band.name, DOUBLE, band.projection, compute, (band, begins), band.size)])
