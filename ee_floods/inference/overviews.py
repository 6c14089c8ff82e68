"""Coarser versions of a product's bands: the mode of classes, the mean of valid values, a pick of bits.

GDAL builds all bands' overviews with one method; a flood product needs three, and a mode whose ties do not
depend on the order of pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from ee_floods.contracts.product import OVERVIEW_RESAMPLING, FloodClass
from ee_floods.inference.raster import NO_DATA, FloodRaster

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["coarsened", "mean_of_valid", "mode_of_valid", "overview_factors", "sample"]

TIE_ORDER = (
    FloodClass.FLOOD,
    FloodClass.WATER_NOT_SEPARATED,
    FloodClass.SEASONAL_WATER,
    FloodClass.PERMANENT_WATER,
    FloodClass.DRY,
    FloodClass.NOT_OBSERVABLE,
)
"""Which class wins a tie in an overview: the one that a person zoomed out should not miss."""


def overview_factors(shape: tuple[int, int], block: int) -> tuple[int, ...]:
    """Return the factors 2, 4, 8, ... of the overviews until one fits into a block of `block` pixels."""
    factors = []
    factor = 1
    while max(shape) / factor > block:
        factor *= 2
        factors.append(factor)
    return tuple(factors)


def mode_of_valid(flood: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """Return the commonest class of every `factor` x `factor` block, "no data" only where all of it is.

    Args:
        flood: uint8 `(H, W)` of `FloodClass`.
        factor: Pixels per side of a block; blocks at the right and bottom may be cut.

    Returns:
        uint8 `(ceil(H / factor), ceil(W / factor))`. A tie goes to the first class of `TIE_ORDER`.
    """
    best = np.full(_shape(flood, factor), NO_DATA, np.uint8)
    most = np.zeros(best.shape, np.uint32)
    for value in TIE_ORDER:
        count = _block_sum(flood == value, factor, np.uint32)
        more = count > most
        best[more], most[more] = value, count[more]
    return best


def mean_of_valid(percent: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """Return the mean of the valid values of every block, rounded; 255 where none is valid. See above."""
    valid = percent != NO_DATA
    count = _block_sum(valid, factor, np.uint32)
    total = _block_sum(np.where(valid, percent, np.uint8(0)), factor, np.uint64)
    mean = np.full(count.shape, NO_DATA, np.uint8)
    some = count > 0
    mean[some] = np.rint(total[some] / count[some]).astype(np.uint8)
    return mean


def sample(bits: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """Return the middle pixel of every block (the last one where a block is cut)."""
    rows, cols = (
        np.minimum(np.arange(count) * factor + factor // 2, length - 1)
        for count, length in zip(_shape(bits, factor), bits.shape, strict=True)
    )
    return bits[np.ix_(rows, cols)]


_BY_NAME: Mapping[str, Callable[[NDArray[np.uint8], int], NDArray[np.uint8]]] = {
    "mode": mode_of_valid,
    "average": mean_of_valid,
    "nearest": sample,
}


def coarsened(raster: FloodRaster, factor: int) -> FloodRaster:
    """Return the product with pixels `factor` times as large, each band by its own method."""
    if factor == 1:
        return raster
    bands = {name: _BY_NAME[OVERVIEW_RESAMPLING[name]](band, factor) for name, band in raster.bands.items()}
    return FloodRaster(grid=raster.grid.scaled(factor), properties=raster.properties, **bands)


def _shape(band: NDArray[np.uint8], factor: int) -> tuple[int, int]:
    return -(-band.shape[0] // factor), -(-band.shape[1] // factor)


def _block_sum(
    values: NDArray[np.bool_] | NDArray[np.uint8], factor: int, dtype: type[np.unsignedinteger]
) -> NDArray[np.unsignedinteger]:
    # reduceat sums what is there, so blocks that the border cuts need no padding.
    rows = np.add.reduceat(values, np.arange(0, values.shape[0], factor), axis=0, dtype=dtype)
    return np.asarray(np.add.reduceat(rows, np.arange(0, values.shape[1], factor), axis=1, dtype=dtype))
