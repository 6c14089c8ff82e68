"""Chips at another pixel size: power averaged, labels by majority, with exact overlaps of pixel areas.

The chips of Sen1Floods11 are 512 pixels at 10 m, so exactly 320 pixels at 16 m, the scale of the paper. Their
degrees are taken as the 10 m that they stand for.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ee_floods.contracts.chip import S1_BANDS
from ee_floods.data.sen1floods11 import LabelledChip
from ee_floods.errors import InputError

__all__ = ["NATIVE_SCALE_M", "area_mean", "at_scale", "majority_label"]

NATIVE_SCALE_M = 10.0
"""Pixel size of Sen1Floods11's chips in m."""


def at_scale(chip: LabelledChip, scale_m: float) -> LabelledChip:
    """Return a chip at another pixel size.

    Args:
        chip: At 10 m.
        scale_m: Pixel size in m, at least 10; the chip must be a whole number of such pixels.

    Raises:
        InputError: If it is not.
    """
    if scale_m == NATIVE_SCALE_M:
        return chip
    sizes = [length * NATIVE_SCALE_M / scale_m for length in chip.grid.shape]
    if scale_m < NATIVE_SCALE_M or any(abs(size - round(size)) > 1e-9 for size in sizes):
        raise InputError(
            f"`scale` {scale_m:g} m does not divide a chip of {chip.grid.height} pixels at 10 m.",
            remedy="Use 10 or 16.",
        )
    shape = (round(sizes[0]), round(sizes[1]))
    bands = {
        name: _mean_db(values, shape) if name in S1_BANDS else area_mean(values, shape)
        for name, values in chip.bands.items()
    }
    grid = chip.grid.scaled(scale_m / NATIVE_SCALE_M)
    return replace(chip, grid=grid, bands=bands, label=majority_label(chip.label, shape))


def area_mean(values: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return the mean over each larger pixel, weighted by overlap, of the pixels that are not NaN.

    Args:
        values: `(H, W)`.
        shape: `(h, w)` of the result, over the same extent.

    Returns:
        float32 `(h, w)`, NaN where all is NaN.
    """
    valid = np.isfinite(values)
    rows, cols = _overlap(values.shape[0], shape[0]), _overlap(values.shape[1], shape[1])
    total = rows @ np.where(valid, values, 0).astype(np.float64) @ cols.T
    weight = rows @ valid.astype(np.float64) @ cols.T
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(weight > 1e-9, total / weight, np.nan)
    return mean.astype(np.float32)


def majority_label(label: NDArray[np.int8], shape: tuple[int, int]) -> NDArray[np.int8]:
    """Return the label that covers more of each larger pixel's valid part; a tie or none is -1.

    Args:
        label: `(H, W)` of -1, 0, 1.
        shape: `(h, w)` of the result, over the same extent.
    """
    rows, cols = _overlap(label.shape[0], shape[0]), _overlap(label.shape[1], shape[1])
    water = rows @ (label == 1).astype(np.float64) @ cols.T
    dry = rows @ (label == 0).astype(np.float64) @ cols.T
    # Overlaps are sums of floats: shares that agree to 1e-9 of a pixel are a tie.
    return np.where(np.abs(water - dry) < 1e-9, -1, (water > dry).astype(np.int8)).astype(np.int8)


def _mean_db(values: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
    # A mean of dB is not the dB of a mean: average the power.
    power = np.power(10.0, values.astype(np.float64) / 10)
    with np.errstate(divide="ignore"):
        return (10 * np.log10(area_mean(power, shape))).astype(np.float32)


def _overlap(fine: int, coarse: int) -> NDArray[np.float64]:
    """Return `(coarse, fine)`: the length of each fine pixel that lies in each coarse one."""
    edges = np.arange(coarse + 1) * fine / coarse
    starts = np.arange(fine)
    low = np.maximum(edges[:-1, None], starts[None, :])
    high = np.minimum(edges[1:, None], starts[None, :] + 1)
    length: NDArray[np.float64] = np.maximum(high - low, 0.0)
    return length
