"""Pixels of regions: the grid that a region is read on, and its samples with their weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.array_pixels import concatenated, is_packed, items
from ee_floods.engine.errors import bad_request
from ee_floods.engine.reading import Reader
from ee_floods.engine.records import Raster
from ee_floods.engine.regions import SMALLEST_WEIGHT, coverage, grid_of_region, inside
from ee_floods.engine.values.geometry import Geometry
from ee_floods.engine.values.image import Band, Image
from ee_floods.engine.values.projection import Projection
from ee_floods.engine.values.reducer import Samples
from ee_floods.grid import Grid, Window

__all__ = ["RegionPixels", "pixels_within", "read_region", "region_grid", "region_of"]

_TILE = 512


@dataclass(frozen=True)
class RegionPixels:
    """Pixels of a region, flattened: N of them that any reducer could use.

    Args:
        rasters: One per band, `(N,)` values and mask each.
        covered: `(N,)` fraction of each pixel inside the region.
        centred: `(N,)` whether the pixel's centre is inside.
        rows: `(N,)` row on the grid.
        cols: `(N,)` column on the grid.
    """

    rasters: Sequence[Raster]
    covered: NDArray[np.float64]
    centred: NDArray[np.bool_]
    rows: NDArray[np.intp]
    cols: NDArray[np.intp]

    def samples(self, bands: Sequence[int]) -> Samples:
        """Return the samples of some bands together: masked as soon as one of them is."""
        mask = self.rasters[bands[0]].mask
        for band in bands[1:]:
            mask = np.minimum(mask, self.rasters[band].mask)
        weights = np.minimum(mask, self.covered)
        return Samples(
            [self.rasters[band].values for band in bands],
            np.where(weights >= SMALLEST_WEIGHT, weights, 0.0),
            self.centred & (mask > 0),
        )


def region_of(image: Image, geometry: Geometry | None) -> Geometry:
    """Return the region to work on: the image's footprint by default.

    Raises:
        EngineError: If that is unbounded.
    """
    region = geometry if geometry is not None else image.geometry
    if region.unbounded:
        raise bad_request("Provide 'geometry' parameter when aggregating over an unbounded image.")
    return region


def region_grid(region: Geometry, projection: Projection, most: float, best_effort: bool) -> Grid:
    """Return the grid of a region, coarsened by powers of two if `best_effort` and there are too many pixels.

    Raises:
        EngineError: If there are too many pixels.
    """
    while True:
        grid = grid_of_region(region, projection)
        box = grid.height * grid.width
        if box <= most:
            return grid
        pixels = pixels_within(region, grid)
        if pixels <= most:
            return grid
        if not best_effort:
            raise bad_request(
                f"Too many pixels in the region. Found {pixels}, but maxPixels allows only {int(most)}.\n"
                "Ensure that you are not aggregating at a higher resolution than you intended; that is a "
                "frequent cause of this error. If not, then you may set the 'maxPixels' limit to a higher "
                "value, or set 'bestEffort' to true to aggregate at a lower resolution."
            )
        projection = projection.scaled(2, 2)


def pixels_within(region: Geometry, grid: Grid) -> int:
    """Return about how many pixels of a region's grid lie in it, at least one: by area, none is looked at."""
    left, bottom, right, top = grid.bounds
    share = region.planar(grid.crs).area / max((right - left) * (top - bottom), 1e-300)
    return max(1, int(grid.height * grid.width * min(1.0, share)))


def _objects(raster: Raster) -> Raster:
    """Arrays of different lengths as objects, which reducers and samples take one by one."""
    return Raster(items(raster.values), raster.mask) if is_packed(raster.values) else raster


def read_region(reader: Reader, bands: Sequence[Band], region: Geometry, grid: Grid) -> RegionPixels:
    """Read the pixels that a region touches, tile by tile."""
    parts: list[
        tuple[list[Raster], NDArray[np.float64], NDArray[np.bool_], NDArray[np.intp], NDArray[np.intp]]
    ] = []
    several = grid.height * grid.width > _TILE * _TILE
    for row in range(0, grid.height, _TILE):
        for col in range(0, grid.width, _TILE):
            window = Window(row, col, min(_TILE, grid.height - row), min(_TILE, grid.width - col))
            tile = grid.crop(window)
            covered = coverage(region, tile)
            centres = inside(region, tile)
            centred = np.ones(tile.shape, bool) if centres is None else centres
            taken = (covered >= SMALLEST_WEIGHT) | centred
            if not taken.any():
                continue
            everything = bool(taken.all())
            rasters = reader.read_all(bands, tile)
            rows, cols = np.nonzero(taken)
            flat = [
                Raster(
                    r.values.reshape(-1, *r.values.shape[2:]) if everything else r.values[taken],
                    np.ravel(r.mask) if everything else r.mask[taken],
                )
                for r in rasters
            ]
            parts.append((flat, covered[taken], centred[taken], rows + row, cols + col))
            if several:
                reader.forget()
    if not parts:
        empty = [Raster(np.zeros(0, band.type.dtype), np.zeros(0, np.float32)) for band in bands]
        none = np.zeros(0, np.intp)
        return RegionPixels(empty, np.zeros(0), np.zeros(0, bool), none, none)
    if len(parts) == 1:
        return RegionPixels([_objects(raster) for raster in parts[0][0]], *parts[0][1:])
    joined = [concatenated([part[0][i] for part in parts]) for i in range(len(bands))]
    covered_all, centred_all, rows_all, cols_all = (
        np.concatenate([part[k] for part in parts]) for k in range(1, 5)
    )
    return RegionPixels([_objects(raster) for raster in joined], covered_all, centred_all, rows_all, cols_all)
