"""Work on whole blocks of pixels: each pixel gets one value, whatever tile is asked for.

Segments, or the cheapest way through an area, follow from every pixel around. Computed for the tile that is
asked for, they would change with the tile. So they are computed on blocks that lie fixed on the lattice of
pixels, each with a margin, and the tile is cut out of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING

import numpy as np

from ee_floods.engine.records import Raster
from ee_floods.grid import Grid, Window

if TYPE_CHECKING:
    from ee_floods.engine.reading import Reader

__all__ = ["BLOCK", "in_blocks", "lattice_position"]

BLOCK = 256
"""Side of a block, pixels: a tile of the service's."""


def lattice_position(grid: Grid) -> tuple[int, int]:
    """Return the row and column of a grid's first pixel, counted from the origin of its CRS."""
    a, _, x, _, e, y = grid.transform
    return math.floor(y / e + 1e-6), math.floor(x / a + 1e-6)


def in_blocks(
    reader: Reader, grid: Grid, key: Hashable, compute: Callable[[Grid], list[Raster]], size: int = BLOCK
) -> list[Raster]:
    """Return what `compute` makes of the blocks under a grid, cut to the grid.

    Args:
        reader: Keeps the blocks for the next tile.
        grid: What is asked for.
        key: Tells computations apart.
        compute: Makes all bands of one block; it reads as much around it as it needs.
        size: Side of a block, pixels.
    """
    row, col = lattice_position(grid)
    down, across = row % size, col % size
    columns: list[list[Raster]] = []
    for top in range(-down, grid.height, size):
        parts: list[list[Raster]] = []
        for left in range(-across, grid.width, size):
            block = grid.crop(Window(top, left, size, size))
            rasters = reader.once((key, block), lambda block=block: compute(block))  # type: ignore[misc]
            rows = slice(max(-top, 0), min(grid.height - top, size))
            cols = slice(max(-left, 0), min(grid.width - left, size))
            parts.append([Raster(r.values[rows, cols], r.mask[rows, cols]) for r in rasters])
        columns.append(_joined(parts, 1))
    return _joined(columns, 0)


def _joined(parts: list[list[Raster]], axis: int) -> list[Raster]:
    return [
        Raster(
            np.concatenate([part[k].values for part in parts], axis),
            np.concatenate([part[k].mask for part in parts], axis),
        )
        for k in range(len(parts[0]))
    ]
