"""Windows out of blocks: from an image's grid, level and window to the absolute blocks beneath and back.

Levels up to `MEAN_LEVELS` are means (modes of labels) of native pixels. Coarser levels are evaluated at
their own pixels' centres, without speckle and with water as the share of a pixel that lies below stage;
that keeps the area of water, and keeps a map of a continent from costing a continent of native pixels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.records import BandRecord, Raster
from ee_floods.engine.world.lattice import BLOCK, Block, Lattice
from ee_floods.grid import Grid, Window

__all__ = ["MEAN_LEVELS", "Evaluate", "read_bands", "reduce_blocks"]

MEAN_LEVELS = 2
"""20 and 40 m of a 10 m band come from native pixels; from 80 m on the analytic world is used."""

Field = NDArray[np.float32]

Evaluate = Callable[[Block, int, bool], list[tuple[Field, Field | None]]]
"""From a block, the side in block pixels of one band pixel, and whether pixels are native, to a value and a
mask (None: all valid) per band, each `(BLOCK // side, BLOCK // side)`."""


def read_bands(
    bands: Sequence[BandRecord], side: int, level: int, window: Window, evaluate: Evaluate
) -> list[Raster]:
    """Return a window of bands that share one grid.

    Args:
        bands: Bands on one north-up grid with square pixels.
        side: Pixels of the native lattice along the side of a band pixel (6 for 60 m bands over 10 m).
        level: Pyramid level.
        window: In pixels of this level.
        evaluate: Computes the bands of one block.
    """
    grid = bands[0].grid
    if level == 0 or side * 2**level <= 2**MEAN_LEVELS:
        factor = 2**level
        native = Window(*(int(v) * factor for v in window))
        fine = Grid(grid.crs, _shrunk(grid, side), (grid.height * side, grid.width * side))
        values, masks = _assemble(fine, grid, native, side, len(bands), evaluate, native_pixels=True)
    else:
        factor, side = 1, 1
        coarse = grid.scaled(2**level)
        values, masks = _assemble(coarse, coarse, window, 1, len(bands), evaluate, native_pixels=False)
    rasters = []
    for band, value, mask in zip(bands, values, masks, strict=True):
        if factor > 1:
            value, mask = _coarsen(value, mask, factor, band.pyramid == "MODE")
        if not band.dtype.startswith("float"):
            value = np.rint(value)
        rasters.append(Raster(value.astype(band.dtype), mask))
    return rasters


def reduce_blocks(values: Field, side: int) -> Field:
    """Return means of `side` x `side` pixels of `(..., H, W)`."""
    if side == 1:
        return values
    # Sums of slices: several times faster than a mean over two short axes.
    rows = values[..., 0::side, :].copy()
    for i in range(1, side):
        rows += values[..., i::side, :]
    total = rows[..., 0::side].copy()
    for i in range(1, side):
        total += rows[..., i::side]
    total *= np.float32(1 / side**2)
    return total


def _shrunk(grid: Grid, side: int) -> tuple[float, float, float, float, float, float]:
    a, _, c, _, e, f = grid.transform
    return (a / side, 0.0, c, 0.0, e / side, f)


def _assemble(
    fine: Grid, grid: Grid, window: Window, side: int, count: int, evaluate: Evaluate, *, native_pixels: bool
) -> tuple[list[Field], list[Field]]:
    """Paste blocks into a window of `grid`; what lies outside the grid stays masked."""
    lattice, row0, col0 = Lattice.under(fine)
    row0, col0 = row0 // side, col0 // side
    height, width = window.height, window.width
    values = [np.zeros((height, width), dtype=np.float32) for _ in range(count)]
    masks = [np.zeros((height, width), dtype=np.float32) for _ in range(count)]
    per = BLOCK // side
    top, bottom = max(window.row, 0), min(window.row + height, grid.height)
    left, right = max(window.col, 0), min(window.col + width, grid.width)
    if top >= bottom or left >= right:
        return values, masks
    for block_row in range(math.floor((row0 + top) / per), math.floor((row0 + bottom - 1) / per) + 1):
        for block_col in range(math.floor((col0 + left) / per), math.floor((col0 + right - 1) / per) + 1):
            bands = evaluate(lattice.block(block_row, block_col), side, native_pixels)
            r0, r1 = max(block_row * per - row0, top), min((block_row + 1) * per - row0, bottom)
            c0, c1 = max(block_col * per - col0, left), min((block_col + 1) * per - col0, right)
            into = (slice(r0 - window.row, r1 - window.row), slice(c0 - window.col, c1 - window.col))
            r, c = row0 - block_row * per, col0 - block_col * per
            part = (slice(r0 + r, r1 + r), slice(c0 + c, c1 + c))
            for i, (value, mask) in enumerate(bands):
                values[i][into] = value[part]
                masks[i][into] = 1 if mask is None else mask[part]
    return values, masks


def _coarsen(values: Field, mask: Field, factor: int, mode: bool) -> tuple[Field, Field]:
    """Mean of the valid pixels, or their most frequent value, of `factor` x `factor` pixels."""
    height, width = values.shape[0] // factor, values.shape[1] // factor
    cells = values.reshape(height, factor, width, factor).swapaxes(1, 2).reshape(height, width, -1)
    valid = mask.reshape(height, factor, width, factor).swapaxes(1, 2).reshape(height, width, -1)
    share = valid.mean(axis=-1, dtype=np.float32)
    if mode:
        codes = np.unique(cells[valid > 0]) if (valid > 0).any() else np.zeros(1, dtype=np.float32)
        counts = np.stack([((cells == code) * valid).sum(axis=-1) for code in codes])
        return codes[counts.argmax(axis=0)].astype(np.float32), share
    total = (cells * valid).sum(axis=-1, dtype=np.float32)
    return total / np.maximum(valid.sum(axis=-1, dtype=np.float32), np.float32(1e-6)), share
