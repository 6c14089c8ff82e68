"""Connected regions and distances of images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy
import skimage
from numpy.typing import NDArray

from ee_floods.engine.array_bands import require_numbers
from ee_floods.engine.bands import each_band
from ee_floods.engine.errors import bad_request
from ee_floods.engine.neighbourhood import Padded, neighbours, padded_band
from ee_floods.engine.reading import Reader
from ee_floods.engine.records import Raster
from ee_floods.engine.registry import algorithm
from ee_floods.engine.values.image import Band, Image
from ee_floods.engine.values.kernel import Kernel, Weights
from ee_floods.engine.values.pixeltype import DOUBLE, PixelType
from ee_floods.engine.values.reducer import Reducer, Samples
from ee_floods.grid import Grid

_INT32 = PixelType.named("int32")
_MOST = 1024
"""`maxSize` and neighbourhoods end here on the service, pixels."""


def _regions(raster: Raster, eight: bool) -> NDArray[Any]:
    """Labels from 1 of connected pixels of equal value; 0 where masked."""
    _, codes = np.unique(raster.values, return_inverse=True)
    numbered = np.where(raster.mask > 0, codes.reshape(raster.values.shape) + 1, 0)
    found: Any = skimage.measure.label(numbered, background=0, connectivity=2 if eight else 1)  # type: ignore[no-untyped-call]
    return np.asarray(found)


def _within(size: int, what: str) -> int:
    if not 0 < size <= _MOST:
        raise bad_request(f"{what} must be between 1 and {_MOST}, received {size}.")
    return size


@algorithm("Image.connectedPixelCount")
def connected_pixel_count(image: Image, most: int, eight: bool) -> Image:
    """The number of connected pixels of the same value, at most `maxSize`."""
    pad = _within(most, "maxSize")

    def one(band: Band) -> Band:
        def compute(reader: Reader, grid: Grid) -> Raster:
            padded = padded_band(reader, band, grid, pad)
            labels = _regions(padded.raster, eight)
            sizes = np.bincount(labels.ravel())
            inner = Padded(Raster(sizes[labels], padded.raster.mask), pad).inner
            return Raster(np.minimum(inner.values, most).astype(np.int32), inner.mask)

        return Band(band.name, PixelType("int", 0, 2**31 - 1), band.projection, compute, (band,), band.size)

    return each_band(image, one)


def _is_eight(kernel: Kernel) -> bool:
    values = kernel.fixed().values
    if values.shape != (3, 3):
        raise bad_request("The connectedness kernel must be 3 x 3: plus(1) or square(1).")
    return bool((values != 0).all())


@algorithm("Image.connectedComponents")
def connected_components(image: Image, connectedness: Kernel, most: int) -> Image:
    """All bands and `labels`: a number for each connected region; larger ones than `maxSize` are masked."""
    pad, eight = _within(most, "maxSize"), _is_eight(connectedness)
    first = image.first()

    def run(reader: Reader, grid: Grid) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        padded = padded_band(reader, first, grid, pad)
        labels = _regions(padded.raster, eight)
        sizes = np.bincount(labels.ravel())
        keep = (sizes[labels] <= most) & (labels > 0)
        # The place of a region's first pixel is its number, the same in every tile that sees it whole.
        a, _, x0, _, e, y0 = grid.padded(pad).transform
        order = np.arange(labels.size, dtype=np.int64)
        starts = np.full(sizes.size, labels.size, np.int64)
        np.minimum.at(starts, labels.ravel(), order)
        rows, cols = np.divmod(starts, labels.shape[1])
        names = (
            (np.round(y0 / e).astype(np.int64) + rows) * 1_048_583 + np.round(x0 / a).astype(np.int64) + cols
        )
        numbers = (names % (2**31 - 1))[labels]
        inner = Padded(Raster(numbers, keep.astype(np.float32)), pad).inner
        return inner.values, inner.mask > 0

    def labelled(reader: Reader, grid: Grid) -> Raster:
        numbers, keep = run(reader, grid)
        return Raster(numbers.astype(np.int32), keep.astype(np.float32))

    labels_band = Band("labels", _INT32, first.projection, labelled, (first,), first.size)

    def one(band: Band) -> Band:
        def compute(reader: Reader, grid: Grid) -> Raster:
            raster, kept = reader.read(band, grid), reader.read(labels_band, grid)
            return Raster(raster.values, np.where(kept.mask > 0, raster.mask, np.float32(0)))

        return Band(band.name, band.type, band.projection, compute, (band, labels_band), band.size)

    return image.with_bands((*(one(band) for band in image.bands), labels_band))


@algorithm("Image.reduceConnectedComponents")
def reduce_connected_components(image: Image, reducer: Reducer, label_band: str | None, most: int) -> Image:
    """A reducer over each region of equal labels, written into all of its pixels; wide ones are masked."""
    from ee_floods.engine.values.reducer import output_names

    pad = _within(most, "maxSize")
    if reducer.inputs != 1:
        raise bad_request(f"The reducer must have 1 input, not {reducer.inputs}.")
    labels = require_numbers(image.band(label_band) if label_band else image.first())
    bands: list[Band] = []
    for band in image.bands:
        if band is labels:
            continue
        require_numbers(band)
        names = output_names(band.name, reducer.outputs, always=len(reducer.outputs) > 1)
        for position, (name, type_) in enumerate(zip(names, reducer.output_types(band.type), strict=True)):
            bands.append(_per_region(band, labels, reducer, position, name, type_, pad))
    return image.with_bands(bands)


def _narrow(regions: NDArray[Any], most: int) -> NDArray[np.bool_]:
    """Whether each region, by number from 0 (none), is at most so many pixels high and wide."""
    sides = [max(part.stop - part.start for part in box) for box in scipy.ndimage.find_objects(regions)]
    return np.array([False, *(side <= most for side in sides)])


def _per_region(
    band: Band, labels: Band, reducer: Reducer, position: int, name: str, type_: PixelType, pad: int
) -> Band:
    def compute(reader: Reader, grid: Grid) -> Raster:
        outer = grid.padded(pad)
        values, keys = reader.read(band, outer), reader.read(labels, outer)
        # A region that the padded edge cuts reaches further than `maxSize`, so no tile sees it as narrow.
        regions = _regions(keys, True)
        mask = np.where(_narrow(regions, pad)[regions], np.minimum(values.mask, keys.mask), np.float32(0))
        asked = np.unique(Padded(Raster(regions, mask), pad).inner.values)
        valid = (mask > 0) & np.isin(regions, asked)
        flat = regions[valid]
        order = np.argsort(flat, kind="stable")
        chosen, weights = values.values[valid][order], mask[valid][order]
        unique, starts = np.unique(flat[order], return_index=True)
        ends = np.append(starts[1:], flat.size)[: unique.size]
        found = np.zeros(unique.size)
        for k, (a, b) in enumerate(zip(starts, ends, strict=True)):
            result = reducer.reduce_samples(Samples.plain([chosen[a:b]], weights[a:b]))[position]
            if np.ndim(result) or isinstance(result, (str, dict)):
                raise bad_request(
                    f"Reducer.{reducer.name}: The outputs of this reducer cannot be stored in pixels."
                )
            found[k] = 0 if result is None else result
        painted = np.zeros(outer.shape)
        painted[valid] = found[np.searchsorted(unique, flat)] if unique.size else 0
        inner = Padded(Raster(painted, mask), pad).inner
        return Raster(type_.cast(inner.values), inner.mask)

    return Band(name, type_, band.projection, compute, (band, labels), band.size)


@algorithm("Image.fastDistanceTransform")
def fast_distance_transform(image: Image, reach: int, units: str, metric: str) -> Image:
    """Distance to the nearest pixel that is not 0, in pixels (squared by default); band `distance`."""
    pad = _within(reach, "neighborhood")
    if metric not in ("squared_euclidean", "manhattan", "chebyshev"):
        raise bad_request(f"Unknown distance metric '{metric}'.")
    band = image.first()

    def compute(reader: Reader, grid: Grid) -> Raster:
        raster = reader.read(band, grid.padded(pad))
        source = (raster.values != 0) & (raster.mask > 0)
        if not source.any():
            far = 2.0 * pad * pad if metric == "squared_euclidean" else float(2 * pad)
            return Raster(np.full(grid.shape, far, np.float32), np.ones(grid.shape, np.float32))
        if metric == "squared_euclidean":
            found = scipy.ndimage.distance_transform_edt(~source).astype(np.float64) ** 2
        else:
            name = "taxicab" if metric == "manhattan" else "chessboard"
            found = scipy.ndimage.distance_transform_cdt(~source, metric=name).astype(np.float64)
        inner = Padded(Raster(np.round(found), np.ones(found.shape, np.float32)), pad).inner
        return Raster(inner.values.astype(np.float32), inner.mask)

    return image.with_bands(
        [Band("distance", PixelType("float"), band.projection, compute, (band,), band.size)]
    )


_METRICS: dict[str, Callable[[NDArray[Any], int], NDArray[Any]]] = {
    "euclidean": lambda across, down: np.hypot(across, down),
    "manhattan": lambda across, down: across + abs(down),
    "chebyshev": lambda across, down: np.maximum(across, abs(down)),
}


def nearest_in_window(
    source: NDArray[np.bool_], padded: Padded, weights: Weights, name: str
) -> NDArray[np.float64]:
    """Return the smallest weight of a kernel over the source pixels around each inner pixel, or infinity."""
    shape = tuple(side - 2 * padded.pad for side in source.shape)
    best = np.full(shape, np.inf)
    unit = _unit(weights, name)
    if unit is None:
        offsets = [*weights.offsets(), (0, 0, float(weights.values[weights.y, weights.x]))]
        for row, col, weight in offsets:
            hit = padded.shifted(source, row, col, slice(None))
            best = np.where(hit, np.minimum(best, weight), best)
        return best
    # A kernel of 10 km has a million weights: distance along rows once, then one step per row of the kernel.
    across = _along_rows(source)
    across = np.where(across <= weights.x, across, np.inf)
    for row in range(-weights.y, weights.y + 1):
        part = padded.shifted(across, row, 0, slice(None))
        np.minimum(best, _METRICS[name](part, row), out=best)
    return best * unit


def _unit(weights: Weights, name: str) -> float | None:
    """The size of a pixel if the weights are a metric's distances in a square, else None."""
    height, width = weights.values.shape
    if name not in _METRICS or height != 2 * weights.y + 1 or width != 2 * weights.x + 1 or width < 3:
        return None
    rows, cols = np.arange(height)[:, None] - weights.y, abs(np.arange(width)[None] - weights.x)
    unit = float(weights.values[weights.y, weights.x + 1])
    plain = np.stack([_METRICS[name](cols[0].astype(float), int(row)) for row in rows[:, 0]])
    return unit if np.allclose(weights.values, plain * unit) else None


def _along_rows(source: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Columns to the nearest source pixel of the same row, infinite in rows without one."""
    col = np.arange(source.shape[1], dtype=np.float64)
    before = np.maximum.accumulate(np.where(source, col, -np.inf), axis=1)
    after = np.minimum.accumulate(np.where(source, col, np.inf)[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(np.minimum(col - before, after - col))


@algorithm("Image.distance")
def distance(image: Image, kernel: Kernel | None, skip: bool) -> Image:
    """Distance, by a distance kernel, to the nearest pixel that is not 0; masked beyond the kernel."""
    from ee_floods.engine.algorithms.kernels import named

    window = kernel or named("euclidean", 100, "meters", False)

    def one(band: Band) -> Band:
        def function(padded: Padded, weights: Weights, grid: Grid) -> Raster:
            source = (padded.raster.values != 0) & (padded.raster.mask > 0)
            best = nearest_in_window(source, padded, weights, window.name)
            mask = np.isfinite(best)
            if skip:
                mask &= padded.inner.mask > 0
            return Raster(np.where(np.isfinite(best), best, 0), mask.astype(np.float32))

        return neighbours(band, window, DOUBLE, function)

    return each_band(image, one)
