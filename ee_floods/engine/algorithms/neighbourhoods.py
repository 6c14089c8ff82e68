"""Neighbourhoods of pixels: focal filters, convolution, reducers over windows, neighbours as bands."""

from __future__ import annotations

from typing import Any

import numpy as np

from ee_floods.engine.algorithms.kernels import named
from ee_floods.engine.bands import each_band
from ee_floods.engine.errors import bad_request
from ee_floods.engine.neighbourhood import (
    Padded,
    correlate,
    neighbours,
    padded_band,
    reduce_window,
    stack_window,
)
from ee_floods.engine.reading import Reader
from ee_floods.engine.records import Raster
from ee_floods.engine.registry import algorithm, algorithms, register
from ee_floods.engine.values.image import Band, Image
from ee_floods.engine.values.kernel import Kernel, Weights
from ee_floods.engine.values.pixeltype import DOUBLE
from ee_floods.engine.values.reducer import Reducer, output_names
from ee_floods.grid import Grid


def _reducer(name: str) -> Reducer:
    maker = algorithms()[f"Reducer.{name}"]
    found: Reducer = maker.function(
        *([1] if name in ("min", "max") else [None] * len(maker.signature.arguments))
    )
    return found


def _focal(name: str) -> None:
    def apply(
        image: Image, radius: float, shape: str, units: str, iterations: int, kernel: Kernel | None
    ) -> Image:
        reducer = _reducer(name)
        window = kernel or named(shape, radius, units)

        def once(band: Band) -> Band:
            type_ = reducer.output_types(band.type)[0] if name == "mean" else band.type
            if name == "median" and band.type.integral:
                type_ = DOUBLE

            def function(padded: Padded, weights: Weights, grid: Grid) -> Raster:
                return reduce_window([padded], weights, reducer, "kernel")[0]

            return neighbours(band, window, type_, function)

        for _ in range(max(iterations, 1)):
            image = each_band(image, once)
        return image

    title = name.title()
    for full in (f"Image.focal{title}", f"Image.focal_{name}", f"Window.{name}"):
        register(full, apply)


for _name in ("min", "max", "mean", "median", "mode"):
    _focal(_name)


@algorithm("Image.convolve")
def convolve(image: Image, kernel: Kernel) -> Image:
    """The weighted sum of neighbours; masked ones add nothing, and the mask is that of the pixel."""

    def one(band: Band) -> Band:
        def function(padded: Padded, weights: Weights, grid: Grid) -> Raster:
            flipped = Weights(
                weights.values[::-1, ::-1],
                weights.values.shape[1] - 1 - weights.x, weights.values.shape[0] - 1 - weights.y,
            )  # fmt: skip
            values = np.where(padded.raster.mask > 0, padded.raster.values, 0)
            return Raster(correlate(padded, values, flipped), padded.inner.mask)

        return neighbours(band, kernel, DOUBLE if band.type.precision != "float" else band.type, function)

    return each_band(image, one)


@algorithm("Image.reduceNeighborhood")
def reduce_neighborhood(
    image: Image, reducer: Reducer, kernel: Kernel, weight: str, skip: bool, optimization: str | None
) -> Image:
    """A reducer over the neighbours of each pixel; bands are named `B_mean`."""
    if weight not in ("kernel", "mask", "min"):
        raise bad_request(f"Unknown input weight '{weight}'. Use 'mask', 'kernel' or 'min'.")
    groups = [[band] for band in image.bands] if reducer.inputs == 1 else [list(image.bands)]
    if reducer.inputs not in (1, len(image.bands)):
        raise bad_request(
            f"The reducer has {reducer.inputs} inputs, but the image has {len(image.bands)} bands."
        )
    bands: list[Band] = []
    for group in groups:
        outputs = list(reducer.outputs)
        names = output_names(group[0].name, outputs, always=True) if reducer.inputs == 1 else outputs
        bands += _window_bands(group, names, reducer, kernel, weight, skip)
    return image.with_bands(bands)


def _window_bands(
    group: list[Band], names: list[str], reducer: Reducer, kernel: Kernel, weight: str, skip: bool
) -> list[Band]:
    key = object()
    types = reducer.output_types(group[0].type)

    def run(reader: Reader, grid: Grid) -> list[Raster]:
        weights = kernel.on(grid)
        padded = [padded_band(reader, band, grid, weights.reach) for band in group]
        rasters = reduce_window(padded, weights, reducer, weight)
        centre = padded[0].inner.mask
        for p in padded[1:]:
            centre = np.minimum(centre, p.inner.mask)
        return [
            Raster(t.cast(r.values), np.where(centre > 0, r.mask, np.float32(0)) if skip else r.mask)
            for r, t in zip(rasters, types, strict=True)
        ]

    def pick(position: int) -> Any:
        return lambda reader, grid: reader.once((key, grid), lambda: run(reader, grid))[position]

    first = group[0]
    return [
        Band(name, type_, first.projection, pick(i), tuple(group), first.size)
        for i, (name, type_) in enumerate(zip(names, types, strict=True))
    ]


@algorithm("Image.neighborhoodToBands")
def neighborhood_to_bands(image: Image, kernel: Kernel) -> Image:
    """Each neighbour as a band, named by its place from the focus (`B_-1_0`: column, then row)."""
    weights = kernel.fixed()

    def one(band: Band, row: int, col: int) -> Band:
        def compute(reader: Reader, grid: Grid) -> Raster:
            from ee_floods.grid import Window

            return reader.read(band, grid.crop(Window(row, col, grid.height, grid.width)))

        return Band(f"{band.name}_{col}_{row}", band.type, band.projection, compute, (band,), band.size)

    return image.with_bands(one(band, row, col) for band in image.bands for row, col, _ in weights.offsets())


@algorithm("Image.neighborhoodToArray")
def neighborhood_to_array(image: Image, kernel: Kernel, default: float) -> Image:
    """The neighbourhood of each pixel as an array `(rows, columns)`; masked neighbours are the default."""
    box = kernel.fixed()
    full = Weights(np.ones(box.values.shape), box.x, box.y)

    def one(band: Band) -> Band:
        fill = band.type.cast(np.asarray(np.clip(float(int(default)) if band.type.integral else default,
                                                 *band.type.range)))  # fmt: skip

        def function(padded: Padded, weights: Weights, grid: Grid) -> Raster:
            values, masks, _ = stack_window([padded], full, slice(None))
            cells = np.where(masks > 0, values[0], fill)
            shape = (*grid.shape, *full.values.shape)
            return Raster(np.moveaxis(cells, 0, -1).reshape(shape), padded.inner.mask)

        return neighbours(band, Kernel("square", lambda size: full), band.type.array(2), function)

    return each_band(image, one)


@algorithm("Image.entropy")
def entropy(image: Image, kernel: Kernel) -> Image:
    """Entropy, in bits, of the values around each pixel."""

    def one(band: Band) -> Band:
        if not band.type.integral:
            raise bad_request("Entropy needs an image of integers.")

        def function(padded: Padded, weights: Weights, grid: Grid) -> Raster:
            values, masks, _ = stack_window([padded], weights, slice(None))
            keys = np.where(masks > 0, values[0].astype(np.float64), np.nan)
            ordered = np.sort(keys, axis=0)
            number = np.maximum((masks > 0).sum(axis=0), 1)
            total, run = np.zeros(grid.shape), np.ones(grid.shape)
            for k in range(1, ordered.shape[0] + 1):
                same = ordered[k] == ordered[k - 1] if k < ordered.shape[0] else np.zeros(grid.shape, bool)
                share = run / number
                ends = ~same & ~np.isnan(ordered[k - 1])
                total -= np.where(ends, share * np.log2(share), 0)
                run = np.where(same, run + 1, 1)
            return Raster(total, padded.inner.mask)

        return neighbours(band, kernel, DOUBLE, function)

    return each_band(image, one)
