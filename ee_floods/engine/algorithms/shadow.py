"""Shadows that terrain casts."""

from __future__ import annotations

import math

import numpy as np

from ee_floods.engine.algorithms.terrain import pixel_metres
from ee_floods.engine.errors import bad_request
from ee_floods.engine.neighbourhood import padded_band
from ee_floods.engine.reading import Reader
from ee_floods.engine.records import Raster
from ee_floods.engine.registry import algorithm
from ee_floods.engine.values.image import Band, Image
from ee_floods.engine.values.pixeltype import BOOLEAN
from ee_floods.grid import Grid

_MOST = 1024
"""Pixels that are looked at towards the light, at most."""


@algorithm("HillShadow", "Terrain.hillShadow")
def hill_shadow(image: Image, azimuth: float, zenith: float, reach: int, hysteresis: bool) -> Image:
    """1 where light reaches the ground and 0 in the shadow of ground within `neighborhoodSize` pixels."""
    if not 0 <= reach <= _MOST:
        raise bad_request(f"neighborhoodSize must be between 0 and {_MOST}, received {reach}.")
    if hysteresis:
        raise bad_request("The local engine casts shadows without hysteresis only.")
    band = image.first()
    east, north = math.sin(math.radians(azimuth)), math.cos(math.radians(azimuth))
    rise = 1 / math.tan(math.radians(zenith)) if zenith % 180 else math.inf

    def compute(reader: Reader, grid: Grid) -> Raster:
        padded = padded_band(reader, band, grid, reach)
        ground = np.where(padded.raster.mask > 0, padded.raster.values, -np.inf).astype(np.float64)
        here, level = padded.inner, padded.inner.values.astype(np.float64)
        widths, height = pixel_metres(grid)
        right = 1 if grid.transform[0] > 0 else -1
        down = 1 if grid.transform[4] < 0 else -1
        longest = max(abs(east), abs(north))
        lit = np.ones(grid.shape, bool)
        for step in range(1, reach + 1):
            # One pixel at a time along the longer axis, to the nearest pixel of the ray.
            col = round(step * east / longest) * right
            row = -round(step * north / longest) * down
            distance = np.hypot(col * widths, row * height)
            lit &= padded.shifted(ground, row, col, slice(None)) <= level + distance * rise
        return Raster(BOOLEAN.cast(lit), here.mask)

    return image.with_bands([Band("shadow", BOOLEAN, band.projection, compute, (band,), band.size)])
