"""Terrain slope in degrees from heights, over the four neighbours of a pixel.

slope = atan(hypot((E - W) / 2dx, (N - S) / 2dy)); Earth Engine's `Terrain.slope` is the same
(https://developers.google.com/earth-engine/apidocs/ee-terrain-slope).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ee
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["STEEP_DEGREES", "slope", "slope_image"]

STEEP_DEGREES = 5.0
"""Slope from which standing flood water is not expected (UN-SPIDER recommended practice)."""


def slope(height: NDArray[np.floating], pixel: tuple[float, float]) -> NDArray[np.float64]:
    """Return slope in degrees.

    Args:
        height: `(H, W)` in m, north up, NaN where masked.
        pixel: `(width, height)` of a pixel in m, both positive.

    Returns:
        `(H, W)`, NaN where one of the four neighbours is masked or outside.
    """
    import numpy as np

    z = np.pad(np.asarray(height, dtype=np.float64), 1, constant_values=np.nan)
    across = (z[1:-1, 2:] - z[1:-1, :-2]) / (2 * pixel[0])
    along = (z[:-2, 1:-1] - z[2:, 1:-1]) / (2 * pixel[1])
    return np.asarray(np.degrees(np.arctan(np.hypot(across, along))))


def slope_image(height: ee.Image) -> ee.Image:
    """Return a graph with band `slope` in degrees.

    Args:
        height: One band in m **with the projection of its source**: a mosaic has lost it, and the slope of a
            1 degree grid is no slope (`setDefaultProjection` first, see `query.terrain`).
    """
    import ee

    return ee.Terrain.slope(height).rename("slope")
