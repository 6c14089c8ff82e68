"""Pixels around pixels: padded reads, moving windows, fast sums and extremes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy
from numpy.typing import NDArray

from ee_floods.engine.array_bands import require_numbers
from ee_floods.engine.errors import bad_request
from ee_floods.engine.records import Raster
from ee_floods.engine.values.image import Band
from ee_floods.engine.values.kernel import Kernel, Weights
from ee_floods.engine.values.pixeltype import PixelType
from ee_floods.engine.values.reducer import Reducer, Samples
from ee_floods.grid import Grid

if TYPE_CHECKING:
    from ee_floods.engine.reading import Reader

__all__ = ["Padded", "correlate", "neighbours", "padded_band", "reduce_window", "stack_window"]

_STACK_BYTES = 96 * 1024 * 1024
"""Memory for the stack of shifted pixels of one chunk of rows."""


class Padded:
    """A band read on a padded grid.

    Args:
        raster: Pixels of the padded grid.
        pad: Pixels on every side.
    """

    def __init__(self, raster: Raster, pad: int) -> None:
        self.raster = raster
        self.pad = pad

    def shifted(self, array: NDArray[Any], row: int, col: int, rows: slice) -> NDArray[Any]:
        """Return the pixels `row`, `col` away from those of some rows of the inner grid."""
        height, width = (n - 2 * self.pad for n in array.shape[:2])
        start, stop, _ = rows.indices(height)
        return array[self.pad + row + start : self.pad + row + stop, self.pad + col : self.pad + col + width]

    @property
    def inner(self) -> Raster:
        """The pixels of the inner grid."""
        cut = slice(self.pad, -self.pad or None), slice(self.pad, -self.pad or None)
        return Raster(self.raster.values[cut], self.raster.mask[cut])


def padded_band(reader: Reader, band: Band, grid: Grid, pad: int) -> Padded:
    """Read a band on a grid and `pad` pixels around it."""
    require_numbers(band)
    return Padded(reader.read(band, grid.padded(pad) if pad else grid), pad)


def neighbours(
    band: Band,
    kernel: Kernel,
    type_: PixelType,
    function: Callable[[Padded, Weights, Grid], Raster],
    name: str | None = None,
) -> Band:
    """Return a band made from the neighbourhood of each pixel of another."""

    def compute(reader: Reader, grid: Grid) -> Raster:
        weights = kernel.on(grid)
        raster = function(padded_band(reader, band, grid, weights.reach), weights, grid)
        return Raster(type_.cast(raster.values), raster.mask)

    return Band(name or band.name, type_, band.projection, compute, (band,), band.size)


def correlate(padded: Padded, values: NDArray[Any], weights: Weights) -> NDArray[np.float64]:
    """Return the weighted sum of the neighbours of every inner pixel (weights are not flipped)."""
    kernel = np.zeros((2 * weights.reach + 1,) * 2)
    y, x = weights.reach - weights.y, weights.reach - weights.x
    kernel[y : y + weights.values.shape[0], x : x + weights.values.shape[1]] = weights.values
    data = values.astype(np.float64)
    rows, cols = np.abs(kernel).sum(axis=1), np.abs(kernel).sum(axis=0)
    total = np.abs(kernel).sum()
    if (
        kernel.size > 25
        and total > 0
        and np.allclose(kernel, np.outer(kernel.sum(axis=1), cols) / total)
        and (kernel >= 0).all()
    ):
        first = scipy.ndimage.correlate1d(data, rows / total, axis=0, mode="constant")
        found = scipy.ndimage.correlate1d(first, cols, axis=1, mode="constant")
    elif kernel.size > 400:
        from scipy.signal import fftconvolve

        found = fftconvolve(data, kernel[::-1, ::-1], mode="same")
    else:
        found = scipy.ndimage.correlate(data, kernel, mode="constant")
    cut = slice(padded.pad, -padded.pad or None)
    return np.asarray(found[cut, cut])


def stack_window(
    padded: list[Padded], weights: Weights, rows: slice
) -> tuple[list[NDArray[Any]], NDArray[np.float32], NDArray[np.float64]]:
    """Return shifted values per band `(N, h, w)`, their joint mask `(N, h, w)` and kernel weights `(N,)`."""
    offsets = weights.offsets()
    if not offsets:
        raise bad_request("The kernel has no weight that is not 0.")
    values = [np.stack([p.shifted(p.raster.values, r, c, rows) for r, c, _ in offsets]) for p in padded]
    masks = np.stack([padded[0].shifted(padded[0].raster.mask, r, c, rows) for r, c, _ in offsets])
    for p in padded[1:]:
        masks = np.minimum(masks, np.stack([p.shifted(p.raster.mask, r, c, rows) for r, c, _ in offsets]))
    return values, masks, np.array([w for _, _, w in offsets])


def _extreme(padded: Padded, weights: Weights, largest: bool) -> Raster:
    values: NDArray[Any] = padded.raster.values
    mask = padded.raster.mask
    if values.dtype.kind == "f":
        fill: Any = -np.inf if largest else np.inf
    else:
        info = np.iinfo(values.dtype)
        fill = info.min if largest else info.max
    if not weights.values.any():
        raise bad_request("The kernel has no weight that is not 0.")
    footprint = np.zeros((2 * weights.reach + 1,) * 2, bool)
    y, x = weights.reach - weights.y, weights.reach - weights.x
    footprint[y : y + weights.values.shape[0], x : x + weights.values.shape[1]] = weights.values != 0
    run = scipy.ndimage.maximum_filter if largest else scipy.ndimage.minimum_filter
    filled = np.where(mask > 0, values, fill)
    cut = slice(padded.pad, -padded.pad or None)
    found = run(filled, footprint=footprint, mode="constant", cval=fill)[cut, cut]
    seen = scipy.ndimage.maximum_filter(mask, footprint=footprint, mode="constant")[cut, cut]
    return Raster(np.where(seen > 0, found, 0), (seen > 0).astype(np.float32))


def _mean(padded: Padded, weights: Weights, use_mask: bool) -> Raster:
    share = padded.raster.mask if use_mask else (padded.raster.mask > 0)
    positive = Weights(weights.values, weights.x, weights.y)
    total = correlate(padded, share.astype(np.float64), positive)
    found = correlate(padded, np.where(padded.raster.mask > 0, padded.raster.values, 0) * share, positive)
    any_weight = total > 1e-12
    return Raster(
        np.where(any_weight, found / np.where(any_weight, total, 1), 0), any_weight.astype(np.float32)
    )


def reduce_window(padded: list[Padded], weights: Weights, reducer: Reducer, inputs: str) -> list[Raster]:
    """Return the outputs of a reducer over each pixel's neighbourhood; masked where no neighbour is valid.

    Args:
        padded: One per input of the reducer.
        weights: The kernel; neighbours of weight 0 take no part.
        reducer: The reducer.
        inputs: What weighs an input: `kernel`, `mask` or `min` of both.
    """
    if reducer.name in ("min", "max") and reducer.inputs == 1:
        return [_extreme(padded[0], weights, reducer.name == "max")]
    if reducer.name == "mean" and inputs == "kernel" and (weights.values >= 0).all():
        return [_mean(padded[0], weights, False)]
    first = padded[0]
    height, width = (n - 2 * first.pad for n in first.raster.mask.shape)
    count = max(len(weights.offsets()), 1)
    chunk = max(1, int(_STACK_BYTES / (count * width * 8 * len(padded))))
    parts: list[list[Raster]] = []
    for start in range(0, height, chunk):
        rows = slice(start, min(start + chunk, height))
        values, masks, kernel = stack_window(padded, weights, rows)
        given = np.broadcast_to(kernel[:, None, None], masks.shape)
        weigh = {"kernel": np.where(masks > 0, given, 0), "mask": masks, "min": np.minimum(masks, given)}[
            inputs
        ]
        samples = Samples(values, weigh, masks > 0)
        anything = (masks > 0).any(axis=0)
        parts.append([
            Raster(np.asarray(v), (np.broadcast_to(ok, anything.shape) & anything).astype(np.float32))
            for v, ok in reducer.reduce_stack(samples)
        ])  # fmt: skip
    return [
        Raster(
            np.concatenate([part[i].values for part in parts]),
            np.concatenate([part[i].mask for part in parts]),
        )
        for i in range(len(parts[0]))
    ]
