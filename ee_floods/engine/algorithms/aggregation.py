"""`reduceResolution` and `translate`: images computed from finer or other pixels than those asked for."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from ee_floods.engine.bands import each_band
from ee_floods.engine.errors import bad_request
from ee_floods.engine.reading import Reader
from ee_floods.engine.records import Raster
from ee_floods.engine.registry import algorithm
from ee_floods.engine.resampling import nearest, places, read_lattice, scale_ratio
from ee_floods.engine.values.image import Band, Image
from ee_floods.engine.values.projection import Projection, centres, reproject_points
from ee_floods.engine.values.reducer import Reducer, Samples, output_names
from ee_floods.grid import Grid

_LARGEST_DENOMINATOR = 8
"""Of a ratio of pixel sizes that is taken as a fraction: 16 m over 10 m, 30 m over 20 m, 25 m over 10 m."""


@algorithm("Image.reduceResolution")
def reduce_resolution(image: Image, reducer: Reducer, best_effort: bool, most: int) -> Image:
    """All input pixels of a coarser output pixel reduced to it."""
    bands: list[Band] = []
    groups = [[band] for band in image.bands] if reducer.inputs == 1 else [list(image.bands)]
    for group in groups:
        if reducer.inputs == 1:
            names = output_names(group[0].name, reducer.outputs, always=len(reducer.outputs) > 1)
        else:
            names = list(reducer.outputs)
        bands += _coarsened(group, names, reducer, best_effort, most)
    return image.with_bands(bands)


def _coarsened(group: list[Band], names: list[str], reducer: Reducer, best: bool, most: int) -> list[Band]:
    key, native = object(), group[0].projection
    types = reducer.output_types(group[0].type)

    def run(reader: Reader, grid: Grid) -> list[Raster]:
        output = Projection.of_grid(grid)
        if native.aligned(output):
            lattice = native
        else:
            left, bottom, right, top = grid.bounds
            x, y = reproject_points(
                np.array([(left + right) / 2]), np.array([(bottom + top) / 2]), grid.crs, native.crs
            )
            ratio = scale_ratio(output, native, (float(x[0]), float(y[0])))
            lattice = native
            # Each doubling of the input pixel needs a quarter of the pixels.
            while ratio * ratio > most:
                if not best:
                    raise bad_request(
                        f"Too many input pixels per output pixel: about {ratio * ratio:.0f}, "
                        f"maxPixels allows {most}."
                    )
                lattice, ratio = lattice.scaled(2, 2), ratio / 2
        return _aggregate(reader, group, grid, lattice, reducer, types)

    def pick(position: int) -> Any:
        return lambda reader, grid: reader.once((key, grid), lambda: run(reader, grid))[position]

    first = group[0]
    return [
        Band(name, type_, native, pick(i), tuple(group), first.size)
        for i, (name, type_) in enumerate(zip(names, types, strict=True))
    ]


def _aggregate(
    reader: Reader, group: list[Band], grid: Grid, lattice: Projection, reducer: Reducer, types: list[Any]
) -> list[Raster]:
    """Reduce the lattice's pixels inside each output pixel, weighted by mask and covered share.

    The share is measured on points: of an output pixel p/q input pixels wide on p x p, which is exact where
    edges meet (16 m over 10 m is 8/5), and between other grids on 4 x 4 for each input pixel's own size.
    """
    side = 1
    ratio = Projection.of_grid(grid).pixel_size / lattice.pixel_size
    if grid.crs != lattice.crs:
        middle = centres(grid, lattice.crs)
        ratio = scale_ratio(
            Projection.of_grid(grid), lattice, (float(middle[0].mean()), float(middle[1].mean()))
        )
    part = Fraction(ratio).limit_denominator(_LARGEST_DENOMINATOR)
    shared = grid.crs == lattice.crs and abs(float(part) - ratio) < 1e-6
    side = max(1, part.numerator if shared else int(np.ceil(4 * ratio)))
    side = min(side, 64)
    fine = grid.scaled(1 / side)
    fine = Grid(fine.crs, fine.transform, (grid.height * side, grid.width * side))
    found = places(fine, lattice)
    if found is None:
        blank = np.zeros(grid.shape, np.float32)
        return [Raster(np.zeros(grid.shape, t.dtype), blank) for t in types]
    rasters = read_lattice(lambda area: [reader.read(band, area) for band in group], lattice, found.window)
    spread = nearest(found, found.window, rasters)
    mask = np.minimum.reduce([np.asarray(r.mask) for r in spread])

    def blocks(array: Any) -> Any:
        cut = array.reshape(grid.height, side, grid.width, side).transpose(1, 3, 0, 2)
        return cut.reshape(side * side, grid.height, grid.width)

    weights = blocks(np.ascontiguousarray(mask)) / (side * side)
    samples = Samples.plain([blocks(np.ascontiguousarray(r.values)) for r in spread], weights)
    seen = (weights > 0).any(axis=0)
    return [
        Raster(t.cast(np.asarray(v)), (np.asarray(ok) & seen).astype(np.float32))
        for (v, ok), t in zip(reducer.reduce_stack(samples), types, strict=True)
    ]


@algorithm("Image.translate")
def translate(image: Image, x: float, y: float, units: str, projection: Projection | None) -> Image:
    """Moved by metres or pixels towards east and north (pixels: along columns and rows)."""
    if units not in ("meters", "pixels"):
        raise bad_request(f"Unknown units '{units}'. Use 'meters' or 'pixels'.")

    def one(band: Band) -> Band:
        def compute(reader: Reader, grid: Grid) -> Raster:
            base = projection or band.projection
            size = 1.0 if units == "meters" else base.nominal_scale
            unit = Projection(grid.crs).unit_metres
            dx = x * size / unit
            dy = (y if units == "meters" else -y) * size / unit
            a, b, c, d, e, f = grid.transform
            return reader.read(band, Grid(grid.crs, (a, b, c - dx, d, e, f - dy), grid.shape))

        return Band(band.name, band.type, band.projection, compute, (band,), band.size)

    return each_band(image, one)
