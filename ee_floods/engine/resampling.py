"""From one lattice of pixels to another: nearest neighbour, interpolation, pyramid levels."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.records import Raster
from ee_floods.engine.values.image import is_opaque
from ee_floods.engine.values.projection import Projection, centres, reproject_points, same_system
from ee_floods.grid import Grid, Window

__all__ = ["Places", "interpolate", "level_of", "nearest", "places", "read_lattice", "scale_ratio"]

# An output centre that lies on an edge between input pixels by less than this belongs to the next pixel,
# so that rounding of origins such as 499980.0000001 cannot flip rows or columns.
_EDGE = 1e-6


@dataclass(frozen=True)
class Places:
    """Where the pixel centres of a grid fall on a lattice, in fractional lattice pixels.

    Args:
        rows: `(H, 1)` or `(H, W)`.
        cols: `(1, W)` or `(H, W)`.
        window: Lattice pixels that hold them all.
        finite: `(H, W)` where the coordinates exist; None where all do.
    """

    rows: NDArray[np.floating[Any]]
    cols: NDArray[np.floating[Any]]
    window: Window
    finite: NDArray[np.bool_] | None

    @property
    def separable(self) -> bool:
        """Whether rows and columns are independent of each other."""
        return bool(self.rows.shape[1] == 1 and self.cols.shape[0] == 1)


@functools.lru_cache(maxsize=64)
def places(grid: Grid, lattice: Projection) -> Places | None:
    """Return where a grid's centres fall on a lattice; None where none can be projected."""
    transform, other = grid.transform, lattice.transform
    straight = not (transform[1] or transform[3] or other[1] or other[3])
    if straight and same_system(grid.crs, lattice.crs):
        x = transform[2] + transform[0] * (np.arange(grid.width) + 0.5)
        y = transform[5] + transform[4] * (np.arange(grid.height) + 0.5)
        cols, rows = ((x - other[2]) / other[0])[None, :], ((y - other[5]) / other[4])[:, None]
        finite = None
    else:
        cols, rows = _smooth(grid, lattice) or lattice.pixels(*centres(grid, lattice.crs))
        good = np.isfinite(cols) & np.isfinite(rows)
        finite = None if good.all() else good
        if finite is not None:
            if not finite.any():
                return None
            cols, rows = np.where(finite, cols, cols[finite][0]), np.where(finite, rows, rows[finite][0])
    row0, row1 = math.floor(rows.min() + _EDGE), math.floor(rows.max() + _EDGE)
    col0, col1 = math.floor(cols.min() + _EDGE), math.floor(cols.max() + _EDGE)
    return Places(rows, cols, Window(row0, col0, row1 - row0 + 1, col1 - col0 + 1), finite)


_NODES = 12
"""Points along each side of a grid through which a polynomial stands for a projection. Projections are
analytic, so that its error falls by orders of magnitude with each two points."""
_SMOOTH_PIXELS = 32  # a smaller grid is projected as fast point by point


def _smooth(grid: Grid, lattice: Projection) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Return columns and rows of a grid's centres on a lattice, interpolated between a few exact points.

    The whole outline and a lattice of points inside are projected as well: if the polynomial misses one of
    them by `_EDGE` of a pixel, or a coordinate does not exist (the antimeridian, a pole, the end of a
    projection lies within), the answer is None and every point has to be projected.
    """
    if min(grid.shape) < _SMOOTH_PIXELS:
        return None
    height, width = grid.shape
    node_rows, node_cols = _nodes(height), _nodes(width)
    exact = _on_lattice(grid, lattice, *np.meshgrid(node_cols, node_rows))
    if not np.isfinite(exact).all():
        return None
    over_rows, over_cols = _interpolation(height), _interpolation(width)
    # Not by a BLAS: its threads would wait for the cores that other workers have.
    cols, rows = np.einsum("ik,pkl->pil", over_rows, np.einsum("pkl,jl->pkj", exact, over_cols))
    check_rows, check_cols = _checked(height, width)
    seen = _on_lattice(grid, lattice, check_cols + 0.5, check_rows + 0.5)
    errors = np.abs(seen - np.stack([cols[check_rows, check_cols], rows[check_rows, check_cols]]))
    return (cols, rows) if np.isfinite(seen).all() and errors.max() < _EDGE else None


def _on_lattice(
    grid: Grid, lattice: Projection, cols: NDArray[Any], rows: NDArray[Any]
) -> NDArray[np.float64]:
    """Return columns and rows on a lattice, stacked, of places given in a grid's pixels."""
    a, b, c, d, e, f = grid.transform
    x, y = reproject_points(c + a * cols + b * rows, f + d * cols + e * rows, grid.crs, lattice.crs)
    with np.errstate(invalid="ignore"):  # a coordinate that does not exist is infinite
        return np.stack(lattice.pixels(x, y))


def _nodes(size: int) -> NDArray[np.float64]:
    """Return Chebyshev's points between the first and the last pixel centre, in pixels."""
    angles = (np.arange(_NODES) + 0.5) * np.pi / _NODES
    return 0.5 + (size - 1) * (1 - np.cos(angles)) / 2


@functools.lru_cache(maxsize=64)
def _interpolation(size: int) -> NDArray[np.float64]:
    """Return weights `(size, _NODES)` of the nodes at each pixel centre (barycentric; Berrut 2004)."""
    nodes, centre = _nodes(size), np.arange(size) + 0.5
    order = np.arange(_NODES)
    weights = (-1.0) ** order * np.sin((order + 0.5) * np.pi / _NODES)
    distance = centre[:, None] - nodes[None, :]
    hit = distance == 0
    ratio = weights / np.where(hit, 1.0, distance)
    found = ratio / ratio.sum(axis=1, keepdims=True)
    return np.asarray(np.where(hit.any(axis=1, keepdims=True), hit.astype(np.float64), found))


@functools.lru_cache(maxsize=64)
def _checked(height: int, width: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return rows and columns of the outline and of a lattice of pixels inside it."""
    rows, cols = np.arange(height), np.arange(width)
    inner_rows, inner_cols = np.meshgrid(rows[:: max(1, height // 9)], cols[:: max(1, width // 9)])
    first_rows, first_cols = np.zeros(width, np.intp), np.zeros(height, np.intp)
    return (
        np.concatenate([first_rows, first_rows + height - 1, rows, rows, inner_rows.ravel()]),
        np.concatenate([cols, cols, first_cols, first_cols + width - 1, inner_cols.ravel()]),
    )


def nearest(found: Places, window: Window, rasters: Sequence[Raster]) -> list[Raster]:
    """Return the pixel of `rasters` (which cover `window`) under each place; masked outside the window."""
    rows = np.floor(found.rows + _EDGE).astype(np.intp) - window.row
    cols = np.floor(found.cols + _EDGE).astype(np.intp) - window.col
    inside_rows = (rows >= 0) & (rows < window.height)
    inside_cols = (cols >= 0) & (cols < window.width)
    outside = None if inside_rows.all() and inside_cols.all() else ~(inside_rows & inside_cols)
    if outside is not None:
        rows, cols = rows.clip(0, window.height - 1), cols.clip(0, window.width - 1)
    if found.finite is not None:
        outside = ~found.finite if outside is None else outside | ~found.finite
    picked: tuple[Any, Any] = (rows, cols)
    if found.separable:
        picked = _slices(rows[:, 0], cols[0]) or (rows, cols)
    flat = None if isinstance(picked[0], slice) else rows * window.width + cols  # (H, W)
    answer, masks = [], dict[int, NDArray[np.float32]]()
    for raster in rasters:
        mask = masks.get(id(raster.mask))
        if mask is None:
            if is_opaque(raster.mask):
                mask = np.broadcast_to(np.float32(1), (rows.shape[0], cols.shape[1]))
            else:
                mask = _picked(raster.mask, picked, flat)
            if outside is not None:
                mask = np.where(outside, np.float32(0), mask)
            masks[id(raster.mask)] = mask
        answer.append(Raster(_picked(raster.values, picked, flat), mask))
    return answer


def _picked(array: NDArray[Any], picked: tuple[Any, Any], flat: NDArray[np.intp] | None) -> NDArray[Any]:
    if flat is None or array.ndim > 2 or not array.flags.c_contiguous:
        return np.asarray(array[picked])
    return array.take(flat)  # several times faster than two indices


def _slices(rows: NDArray[np.intp], cols: NDArray[np.intp]) -> tuple[slice, slice] | None:
    """Slices for indices that step evenly forward: a view instead of a copy."""
    answer = []
    for index in (rows, cols):
        step = int(index[1] - index[0]) if index.size > 1 else 1
        if step < 1 or (index.size > 1 and not (np.diff(index) == step).all()):
            return None
        answer.append(slice(int(index[0]), int(index[-1]) + 1, step))
    return answer[0], answer[1]


def interpolate(found: Places, window: Window, raster: Raster, mode: str) -> Raster:
    """Return a band interpolated from the pixels around each place.

    Neighbours that are masked take no part, and the mask is that of the nearest pixel (assumed).

    Args:
        found: Places on the lattice of `raster`.
        window: What `raster` covers; at least two pixels more than the places on each side, where it can.
        raster: The pixels.
        mode: `bilinear`, or `bicubic` (cubic convolution with a = -0.5; Keys 1981).
    """
    nearby = nearest(found, window, [raster])[0]
    rows, cols = found.rows - 0.5 - window.row, found.cols - 0.5 - window.col
    row0, col0 = np.floor(rows).astype(np.intp), np.floor(cols).astype(np.intp)
    taps = range(2) if mode == "bilinear" else range(-1, 3)
    weigh = _linear if mode == "bilinear" else _cubic
    valid = raster.mask > 0
    values = np.where(valid, raster.values, 0).astype(np.float64)
    total, weights = np.zeros(nearby.mask.shape), np.zeros(nearby.mask.shape)
    for i in taps:
        for j in taps:
            r, c = (row0 + i).clip(0, window.height - 1), (col0 + j).clip(0, window.width - 1)
            weight = weigh(rows - (row0 + i)) * weigh(cols - (col0 + j)) * valid[r, c]
            total += weight * values[r, c]
            weights += weight
    safe = np.abs(weights) > 1e-6
    picked = np.where(safe, total / np.where(safe, weights, 1), nearby.values)
    return Raster(picked, nearby.mask)


def _linear(t: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.maximum(0.0, 1.0 - np.abs(t))


def _cubic(t: NDArray[np.float64]) -> NDArray[np.float64]:
    t = np.abs(t)
    near = 1.5 * t**3 - 2.5 * t**2 + 1
    far = -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2
    return np.where(t <= 1, near, np.where(t < 2, far, 0.0))


@functools.lru_cache(maxsize=4096)
def scale_ratio(grid_projection: Projection, native: Projection, anchor: tuple[float, float]) -> float:
    """Return how many native pixels one output pixel spans on a side, at `anchor` (in the native CRS).

    The anchor belongs to the image, not to the tile, so that all tiles of an answer read the same level.
    """
    if same_system(grid_projection.crs, native.crs):
        return grid_projection.pixel_size / native.pixel_size
    x, y = reproject_points(np.array([anchor[0]]), np.array([anchor[1]]), native.crs, grid_projection.crs)
    a, b, _, d, e, _ = grid_projection.transform
    xs, ys = np.array([x[0], x[0] + a, x[0] + b]), np.array([y[0], y[0] + d, y[0] + e])
    cols, rows = native.pixels(*reproject_points(xs, ys, grid_projection.crs, native.crs))
    area = abs((cols[1] - cols[0]) * (rows[2] - rows[0]) - (cols[2] - cols[0]) * (rows[1] - rows[0]))
    return math.sqrt(area) if math.isfinite(area) and area > 0 else 1.0


def level_of(ratio: float, shape: tuple[int, int]) -> int:
    """Return the nearest finer pyramid level; levels end when the image fits into 256 x 256 pixels.

    Source: https://developers.google.com/earth-engine/guides/scale (pyramids up to one tile).
    """
    last = max(0, math.ceil(math.log2(max(shape) / 256))) if max(shape) > 256 else 0
    return min(max(0, math.floor(math.log2(max(ratio, 1e-9)) + 1e-3)), last)


def read_lattice(read: Callable[[Grid], list[Raster]], lattice: Projection, window: Window) -> list[Raster]:
    """Read the pixels of a window of an unbounded lattice."""
    moved = lattice.translated(window.col, window.row)
    return read(Grid(lattice.crs, moved.transform, (window.height, window.width)))
