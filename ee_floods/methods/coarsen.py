"""From the sensor's pixels to larger ones: power averaged by area, labels by majority.

Earth Engine reads an input by nearest neighbour unless told otherwise, so that 10 m radar asked for at 16 m
is a nearest pick of 10 m speckle. The graphs here go through `reduceResolution`, which weighs each input
pixel by its mask and by the share of the output pixel that it covers; the twins do the same on arrays.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ee_floods.errors import InputError
from ee_floods.methods.decibel import db_to_power, db_to_power_image, power_to_db, power_to_db_image

if TYPE_CHECKING:
    import ee
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "INVALID",
    "TIE_TOLERANCE",
    "majority",
    "majority_image",
    "mean",
    "mean_image",
    "mean_power",
    "mean_power_image",
]

INVALID = -1
"""Label value of a pixel that is neither water nor dry."""

TIE_TOLERANCE = 1e-6
"""Shares of an output pixel's area closer than this are a tie: above the rounding of float32 sums."""


def mean(values: NDArray[np.floating], factor: float) -> NDArray[np.float64]:
    """Return the area-weighted mean of the valid pixels under each larger pixel.

    Args:
        values: `(H, W)`, NaN where masked.
        factor: Side of an output pixel in input pixels, at least 1; grids share their upper left corner.

    Returns:
        `(floor(H / factor), floor(W / factor))`: the larger pixels that lie wholly inside; NaN where no input
        pixel is valid.
    """
    import numpy as np

    if factor < 1:
        raise InputError(f"`factor` must be at least 1, received {factor}.")
    array = np.asarray(values, dtype=np.float64)
    valid = np.isfinite(array)
    rows, cols = (_shares(length, factor) for length in array.shape)
    total = rows @ np.where(valid, array, 0.0) @ cols.T
    weight = rows @ valid.astype(np.float64) @ cols.T
    out = np.full(total.shape, np.nan)
    np.divide(total, weight, out=out, where=weight > 0)
    return out


def _shares(length: int, factor: float) -> NDArray[np.float64]:
    """Return `(n_out, length)`: the length of each input pixel that lies in each output pixel."""
    import numpy as np

    edges = np.arange(math.floor(length / factor + 1e-9) + 1) * factor
    pixels = np.arange(length)
    low = np.maximum(edges[:-1, None], pixels[None, :])
    high = np.minimum(edges[1:, None], pixels[None, :] + 1)
    return np.asarray(np.clip(high - low, 0.0, None))


def mean_power(db: NDArray[np.floating], factor: float) -> NDArray[np.float64]:
    """Return backscatter in dB on larger pixels: power is averaged, see `mean` for the arguments."""
    return power_to_db(mean(db_to_power(db), factor))


def majority(labels: NDArray[np.integer], factor: float) -> NDArray[np.int8]:
    """Return labels on larger pixels: the majority by area of the valid ones, a tie being invalid.

    Args:
        labels: `(H, W)` of -1 (invalid), 0 (dry) and 1 (water).
        factor: As in `mean`.
    """
    import numpy as np

    water = mean((labels == 1).astype(np.float64), factor)
    dry = mean((labels == 0).astype(np.float64), factor)
    out = np.full(water.shape, INVALID, dtype=np.int8)
    out[water > dry + TIE_TOLERANCE] = 1
    out[dry > water + TIE_TOLERANCE] = 0
    return out


def _max_pixels(factor: float) -> int:
    """Return how many input pixels can touch one output pixel, doubled for grids that are not parallel."""
    return max(64, 2 * math.ceil(factor + 2) ** 2)


def mean_image(image: ee.Image, factor: float) -> ee.Image:
    """Return a graph whose bands are area-weighted means when asked for on a coarser grid.

    Args:
        image: All bands in one default projection: that of the sensor, not of a composite.
        factor: Side of an output pixel in input pixels; sets how many input pixels may be read.
    """
    import ee

    return image.reduceResolution(reducer=ee.Reducer.mean(), maxPixels=_max_pixels(factor))


def mean_power_image(db: ee.Image, factor: float) -> ee.Image:
    """Return a graph of backscatter in dB whose power is averaged on a coarser grid, see `mean_image`."""
    return power_to_db_image(mean_image(db_to_power_image(db), factor))


def majority_image(label: ee.Image, factor: float) -> ee.Image:
    """Return a graph of a label (-1, 0, 1) that is the majority of valid pixels on a coarser grid.

    Args:
        label: One band; masked pixels take no part.
        factor: As in `mean_image`.
    """
    water = mean_image(label.eq(1).toFloat(), factor)
    dry = mean_image(label.eq(0).toFloat(), factor)
    lead = water.subtract(dry)
    tie = lead.abs().lte(TIE_TOLERANCE)
    return lead.gt(TIE_TOLERANCE).subtract(tie).rename(label.bandNames())
