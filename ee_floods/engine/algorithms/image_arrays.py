"""Images of arrays: bands to arrays and back, parts, orders and reductions in every pixel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine import array_shapes as shapes
from ee_floods.engine.arguments import check_dimensions
from ee_floods.engine.array_bands import MISSING, array_band, require_arrays
from ee_floods.engine.array_pixels import compressed, lengths_of, settled, unpacked
from ee_floods.engine.bands import each_band, pairs
from ee_floods.engine.errors import bad_request
from ee_floods.engine.records import Raster
from ee_floods.engine.registry import algorithm
from ee_floods.engine.values.image import Band, Image, masks_and, pointwise
from ee_floods.engine.values.pixeltype import DOUBLE, PixelType
from ee_floods.engine.values.reducer import Reducer

Array = NDArray[Any]
_LENGTH = PixelType.named("int32")


def _mapped(image: Image, dimensions: Callable[[int], int], function: Callable[[Array], Array]) -> Image:
    def one(band: Band) -> Band:
        type_ = band.type.array(dimensions(band.type.dimensions))
        return array_band(band.name, type_, (band,), function)

    return each_band(image, one)


def _argument(image: Image, position: int, number: int) -> Band:
    """The band of an argument that goes with one of an image's bands: its only one, or the one there."""
    if len(image.bands) not in (1, number):
        raise bad_request(f"The argument needs 1 band or {number} bands, but has {len(image.bands)}.")
    return image.bands[0 if len(image.bands) == 1 else position]


@algorithm("Image.toArray")
def to_array(image: Image, axis: int) -> Image:
    """All bands as one array per pixel, joined along an axis; masked where a band is."""
    first = image.first()
    dimensions = first.type.dimensions
    if any(band.type.dimensions != dimensions for band in image.bands):
        raise bad_request("All bands must have scalar pixels, or array pixels with equal dimensionality.")
    if dimensions and not 0 <= axis <= dimensions:
        raise bad_request(f"Axis {axis} is out of range for arrays of {dimensions} dimensions.")
    check_dimensions(axis + 1)
    type_ = first.type
    for band in image.bands[1:]:
        type_ = type_.union(band.type)

    def function(*values: Array) -> Array:
        if dimensions == 0:
            stacked = np.stack(values, axis=-1)  # (H, W, N)
            return stacked.reshape(*stacked.shape[:2], *(1,) * axis, stacked.shape[2])
        return shapes.joined(list(values), axis, 2)

    return image.with_bands(
        [array_band("array", type_.array(max(dimensions, axis + 1)), image.bands, function)]
    )


@algorithm("Image.arrayFlatten")
def array_flatten(image: Image, labels: list[Any], separator: str) -> Image:
    """One band for each element, named by the labels of its position."""
    band = image.first()
    if len(labels) != band.type.dimensions:
        raise bad_request(f"{len(labels)} lists of labels for an array of {band.type.dimensions} dimensions.")
    lengths = [len(names) for names in labels]

    def element(position: tuple[int, ...]) -> Callable[[Array], Array]:
        def function(values: Array) -> Array:
            if list(values.shape[2:]) != lengths:
                raise bad_request(
                    f"Array pixels of shape {list(values.shape[2:])} do not fit labels of {lengths}."
                )
            index: tuple[Any, ...] = (slice(None), slice(None), *position)
            return np.asarray(values[index])

        return function

    bands = []
    for position in np.ndindex(*lengths):
        name = separator.join(str(names[i]) for names, i in zip(labels, position, strict=True))
        bands.append(array_band(name, band.type.plain(), (band,), element(position)))
    return image.with_bands(bands)


@algorithm("Image.arrayGet")
def array_get(image: Image, position: Image) -> Image:
    """The element at a position, which may differ from pixel to pixel; masked where there is none."""
    places = position.bands

    def one(band: Band) -> Band:
        n = band.type.dimensions
        if len(places) != n:
            raise bad_request(f"The position needs {n} bands, one for each dimension, but has {len(places)}.")

        def function(array: Raster, *index: Raster) -> tuple[Array, NDArray[np.float32]]:
            cells, lengths = unpacked(array.values)
            rows, cols = np.ogrid[: cells.shape[0], : cells.shape[1]]
            mask = masks_and([array.mask, *(i.mask for i in index)])
            if 0 in cells.shape[2:]:
                return np.zeros(cells.shape[:2], cells.dtype), np.zeros_like(mask)
            inside = np.ones(cells.shape[:2], bool)
            clipped = []
            for axis, where in enumerate(index):
                place = np.asarray(where.values).astype(np.intp)
                inside &= (place >= 0) & (place < lengths[..., axis])
                clipped.append(place.clip(0, cells.shape[2 + axis] - 1))
            return cells[(rows, cols, *clipped)], np.where(inside, mask, np.float32(0))

        return pointwise(band.name, band.type.plain(), (band, *places), function, rasters=True)

    return each_band(image, one)


@algorithm("Image.arrayProject")
def array_project(image: Image, axes: list[int]) -> Image:
    """Only some axes; the others must have length 1."""
    return _mapped(image, lambda n: len(axes), lambda values: shapes.projected(values, axes, 2))


@algorithm("Image.arrayReduce")
def array_reduce(image: Image, reducer: Reducer, axes: list[int], field: int | None) -> Image:
    """A reducer along axes, which keep length 1."""

    def one(band: Band) -> Band:
        types = reducer.output_types(band.type.plain())
        type_ = types[0]
        for other in types[1:]:
            type_ = type_.union(other)
        return array_band(
            band.name, type_.array(band.type.dimensions), (band,),
            lambda values: shapes.reduced(values, reducer, axes, field, 2),
        )  # fmt: skip

    return each_band(image, one)


@algorithm("Image.arrayAccum")
def array_accumulate(image: Image, axis: int, reducer: Reducer | None) -> Image:
    """The reduction up to each position along an axis."""
    return each_band(image, lambda band: array_band(
        band.name, DOUBLE.array(band.type.dimensions), (band,),
        lambda v: shapes.accumulated(v, axis, reducer, 2)))  # fmt: skip


@algorithm("Image.arraySort")
def array_sort(image: Image, keys: Image | None) -> Image:
    """Sorted along the axis on which the keys are longer than 1."""
    if keys is None:
        return _mapped(image, lambda n: n, lambda values: shapes.ordered(values, values, 2))
    bands = [
        array_band(name, a.type, (a, b), lambda values, order: shapes.ordered(values, order, 2))
        for name, a, b in pairs(image, keys)
    ]
    return image.with_bands(bands)


@algorithm("Image.arraySlice")
def array_slice(image: Image, axis: int, start: Image | None, end: Image | None, step: int) -> Image:
    """A part along one axis; the bounds may differ from pixel to pixel, and are not set where masked."""
    number = len(image.bands)

    def function(values: Array, first: int, last: int) -> Array:
        low, high = (None if n == MISSING else n for n in (first, last))
        return shapes.sliced(values, axis, low or 0, high, step, 2)

    def one(position: int, band: Band) -> Band:
        bounds = [None if b is None else _argument(b, position, number) for b in (start, end)]
        return array_band(band.name, band.type, (band,), function, keys=bounds, optional=True)

    return image.with_bands(one(i, band) for i, band in enumerate(image.bands))


@algorithm("Image.arrayRepeat")
def array_repeat(image: Image, axis: int, copies: Image) -> Image:
    """Copies along an axis, as many as the pixel says."""
    number = len(image.bands)

    def one(position: int, band: Band) -> Band:
        return array_band(
            band.name, band.type.array(max(band.type.dimensions, axis + 1)), (band,),
            lambda values, n: shapes.repeated(values, axis, n, 2), keys=[_argument(copies, position, number)],
        )  # fmt: skip

    return image.with_bands(one(i, band) for i, band in enumerate(image.bands))


@algorithm("Image.arrayTranspose", "Image.matrixTranspose")
def array_transpose(image: Image, first: int, second: int) -> Image:
    """Two axes exchanged."""
    return _mapped(
        image, lambda n: max(n, first + 1, second + 1), lambda v: shapes.swapped(v, first, second, 2)
    )


@algorithm("Image.arrayReshape")
def array_reshape(image: Image, lengths: Image, dimensions: int) -> Image:
    """Another shape, as the pixel says: one key for each length."""
    size = lengths.first()
    if size.type.dimensions > 1:
        raise bad_request("The lengths must be a 1-D array in each pixel.")

    def length(axis: int) -> Band:
        def pick(values: Array) -> Array:
            if values.shape[2:] != (dimensions,):
                raise bad_request(f"The lengths must be {dimensions} numbers, not {list(values.shape[2:])}.")
            return np.asarray(values[..., axis])

        return array_band(f"{axis}", size.type.plain(), (size,), pick)

    keys = [length(axis) for axis in range(dimensions)]
    return each_band(image, lambda band: array_band(
        band.name, band.type.array(dimensions), (band,), lambda v, *n: shapes.reshaped(v, n, 2), keys=keys,
    ))  # fmt: skip


@algorithm("Image.arrayCat")
def array_cat(first: Image, second: Image, axis: int) -> Image:
    """Arrays joined along an axis."""
    bands = []
    for name, a, b in pairs(first, second):
        type_ = a.type.union(b.type)
        type_ = type_.array(max(type_.dimensions, axis + 1))
        bands.append(array_band(name, type_, (a, b), lambda x, y: shapes.joined([x, y], axis, 2)))
    return first.with_bands(bands)


@algorithm("Image.arrayLength")
def array_length(image: Image, axis: int) -> Image:
    """The length of an axis in each pixel."""

    def one(band: Band) -> Band:
        if not 0 <= axis < band.type.dimensions:
            raise bad_request(
                f"Axis {axis} is out of range for an array of {band.type.dimensions} dimensions."
            )
        return array_band(
            band.name, _LENGTH, (band,), lambda v: np.full(v.shape[:2], v.shape[2 + axis], np.int32)
        )

    return each_band(image, one)


@algorithm("Image.arrayLengths")
def array_lengths(image: Image) -> Image:
    """The lengths of all axes, as an array."""
    return each_band(image, lambda band: pointwise(
        band.name, _LENGTH.array(1), (band,), lambda values: lengths_of(values)))  # fmt: skip


@algorithm("Image.arrayDimensions")
def array_dimensions(image: Image) -> Image:
    """The number of axes; 0 for bands of numbers."""
    return each_band(image, lambda band: pointwise(
        band.name, PixelType("int", 0, 255), (band,),
        lambda v: np.full(v.shape[:2], band.type.dimensions)))  # fmt: skip


@algorithm("Image.arrayArgmax")
def array_argmax(image: Image) -> Image:
    """Position of the first largest value, as an array."""

    def one(band: Band) -> Band:
        def function(values: Array) -> Array:
            if 0 in values.shape[2:]:
                return np.zeros((*values.shape[:2], 0), np.int32)
            flat = values.reshape(*values.shape[:2], -1).argmax(axis=2)
            return np.stack(np.unravel_index(flat, values.shape[2:]), axis=-1)

        return array_band(band.name, _LENGTH.array(1), (require_arrays(band),), function)

    return each_band(image, one)


@algorithm("Image.arrayDotProduct")
def array_dot(first: Image, second: Image) -> Image:
    """The sum of products of 1-D arrays."""

    def function(a: Array, b: Array) -> Array:
        left, right = shapes.same_shape(a, b, 2)
        return np.asarray((left.astype(np.float64) * right).sum(axis=-1))

    bands = [
        array_band(name, DOUBLE, (require_arrays(a, 1), require_arrays(b, 1)), function)
        for name, a, b in pairs(first, second)
    ]
    return first.with_bands(bands)


@algorithm("Image.arrayPad")
def array_pad(image: Image, lengths: list[int], fill: float) -> Image:
    """Filled up at the ends of the axes."""
    return _mapped(image, lambda n: n, lambda values: shapes.padded(values, lengths, fill, 2))


def _masked(band: Band, flags: Band, name: str) -> Band:
    """A band whose arrays keep only some positions; patterns differ too much to work on pixels in groups."""

    def function(array: Raster, choice: Raster) -> tuple[Array, NDArray[np.float32]]:
        mask = masks_and([array.mask, choice.mask])
        cells, lengths = unpacked(array.values)
        keep, sizes = unpacked(choice.values)
        keep = keep.reshape(*keep.shape, *(1,) * (cells.ndim - keep.ndim))
        shown = sizes[mask > 0]
        if shown.shape[0] == 0:
            return settled(cells, lengths, mask), mask
        axis = shapes.mask_axis(tuple(int(n) for n in shown.max(axis=0)))
        if axis >= lengths.shape[-1]:
            raise bad_request(f"The mask selects along axis {axis}, which the array does not have.")
        along = np.zeros_like(lengths[..., 0]) if axis >= sizes.shape[-1] else sizes[..., axis]
        if (lengths[..., axis] != along)[(mask > 0) & (along != 1)].any():
            raise bad_request("The mask must be as long as the array along the axis that it selects from.")
        column = np.moveaxis(keep, 2 + axis, 2)
        column = column.reshape(*column.shape[:3], -1)
        row: Array = column[..., 0] != 0 if column.shape[-1] else np.zeros(column.shape[:3], bool)
        size = cells.shape[2 + axis]
        row = np.where((along == 1)[..., None], row[..., :1] if row.shape[-1] else False, _fitted(row, size))
        return compressed(array.values, row, axis, mask), mask

    return pointwise(name, band.type, (band, flags), function, rasters=True)


def _fitted(flags: Array, size: int) -> Array:
    """Flags `(H, W, n)` cut or filled up to a length."""
    if flags.shape[-1] >= size:
        return flags[..., :size]
    return np.concatenate([flags, np.zeros((*flags.shape[:2], size - flags.shape[-1]), bool)], axis=-1)


@algorithm("Image.arrayMask")
def array_mask(image: Image, mask: Image) -> Image:
    """Only the positions where a mask is not 0: the lengths of arrays may come to differ."""
    number = len(image.bands)
    return image.with_bands(
        _masked(band, _argument(mask, i, number), band.name) for i, band in enumerate(image.bands)
    )


@algorithm("Image.bitsToArrayImage")
def bits_to_array(image: Image) -> Image:
    """The bits of whole numbers, from the lowest up to the highest that is set; one 0 for 0."""

    def one(band: Band) -> Band:
        def function(raster: Raster) -> tuple[Array, NDArray[np.float32]]:
            whole = np.asarray(raster.values).astype(np.int64).view(np.uint64)
            bits = (whole[..., None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)
            top = 64 - bits[..., ::-1].argmax(axis=-1)
            lengths = np.where(bits.any(axis=-1), top, 1).astype(np.int32)[..., None]
            return settled(bits.astype(np.uint8), lengths, raster.mask), raster.mask

        return pointwise(band.name, PixelType("int", 0, 1, 1), (band,), function, rasters=True)

    return each_band(image, one)
