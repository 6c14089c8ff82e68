"""Images of arrays: bands to arrays and back, shapes, slices, reductions, matrices in every pixel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine import array_shapes as shapes
from ee_floods.engine.bands import each_band, pairs
from ee_floods.engine.compositing import images_of
from ee_floods.engine.errors import bad_request
from ee_floods.engine.records import Raster
from ee_floods.engine.registry import algorithm, register
from ee_floods.engine.values.collection import Collection
from ee_floods.engine.values.image import Band, Image, constant_band, masks_and, pointwise
from ee_floods.engine.values.pixeltype import DOUBLE, PixelType
from ee_floods.engine.values.reducer import Reducer

Array = NDArray[Any]


def _union(bands: tuple[Band, ...] | list[Band]) -> PixelType:
    type_ = bands[0].type
    for band in bands[1:]:
        type_ = type_.union(band.type)
    return type_


def _mapped(image: Image, dimensions: Callable[[int], int], function: Callable[[Array], Array]) -> Image:
    def one(band: Band) -> Band:
        type_ = band.type.array(dimensions(band.type.dimensions))
        return pointwise(band.name, type_, (band,), function)

    return each_band(image, one)


@algorithm("Image.toArray")
def to_array(image: Image, axis: int) -> Image:
    """All bands as one array per pixel, joined along an axis; masked where a band is."""
    if not image.bands:
        raise bad_request("Image has no bands.")
    deepest = max(band.type.dimensions for band in image.bands)
    type_ = _union(image.bands).array(max(deepest, axis + 1))

    def function(*values: Array) -> Array:
        if deepest == 0:
            stacked = np.stack(values, axis=-1)  # (H, W, N)
            return stacked.reshape(*stacked.shape[:2], *(1,) * axis, stacked.shape[2])
        return shapes.joined(list(values), axis, 2)

    return image.with_bands([pointwise("array", type_, image.bands, function)])


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
        bands.append(pointwise(name, band.type.plain(), (band,), element(position)))
    return image.with_bands(bands)


@algorithm("Image.arrayGet")
def array_get(image: Image, position: Image) -> Image:
    """The element at a position, which may differ from pixel to pixel."""
    places = position.bands

    def one(band: Band) -> Band:
        n = band.type.dimensions
        if len(places) != n and len(places) != 1:
            raise bad_request(f"The position needs {n} bands, one for each dimension, but has {len(places)}.")

        def function(array: Raster, *index: Raster) -> tuple[Array, NDArray[np.float32]]:
            values = array.values
            rows, cols = np.ogrid[: values.shape[0], : values.shape[1]]
            chosen = [i.values.astype(np.intp) for i in index]
            inside = np.ones(values.shape[:2], bool)
            for axis, where in enumerate(chosen):
                inside &= (where >= 0) & (where < values.shape[2 + axis])
            clipped = [w.clip(0, max(s - 1, 0)) for w, s in zip(chosen, values.shape[2:], strict=True)]
            mask = masks_and([array.mask, *(i.mask for i in index)])
            return values[(rows, cols, *clipped)], np.where(inside, mask, np.float32(0))

        wanted = tuple(places[:n]) if len(places) >= n else places * n
        return pointwise(band.name, band.type.plain(), (band, *wanted), function, rasters=True)

    return each_band(image, one)


@algorithm("Image.arrayProject")
def array_project(image: Image, axes: list[int]) -> Image:
    """Only some axes; the others must have length 1."""
    return _mapped(image, lambda n: len(axes), lambda values: shapes.projected(values, axes, 2))


@algorithm("Image.arrayReduce")
def array_reduce(image: Image, reducer: Reducer, axes: list[int], field: int | None) -> Image:
    """A reducer along axes, which keep length 1."""

    def one(band: Band) -> Band:
        type_ = reducer.output_types(band.type.plain())[0].array(band.type.dimensions)
        return pointwise(band.name, type_, (band,), lambda v: shapes.reduced(v, reducer, axes, field, 2))

    return each_band(image, one)


@algorithm("Image.arrayAccum")
def array_accumulate(image: Image, axis: int, reducer: Reducer | None) -> Image:
    """The reduction up to each position along an axis."""
    return each_band(image, lambda band: pointwise(
        band.name, DOUBLE.array(band.type.dimensions), (band,),
        lambda v: shapes.accumulated(v, axis, reducer, 2)))  # fmt: skip


@algorithm("Image.arraySort")
def array_sort(image: Image, keys: Image | None) -> Image:
    """Sorted along the axis on which the keys are longer than 1."""
    if keys is None:
        return _mapped(image, lambda n: n, lambda values: shapes.ordered(values, values, 2))
    bands = [
        pointwise(name, a.type, (a, b), lambda values, order: shapes.ordered(values, order, 2))
        for name, a, b in pairs(image, keys)
    ]
    return image.with_bands(bands)


def _constant(image: Image | None) -> int | None:
    """The value of a constant image: bounds of slices must be the same in every pixel."""
    if image is None:
        return None
    type_ = image.first().type
    if type_.low is None or type_.low != type_.high:
        raise bad_request("Array pixels must have one shape: the argument must be a constant.")
    return int(type_.low)


@algorithm("Image.arraySlice")
def array_slice(image: Image, axis: int, start: Image | None, end: Image | None, step: int) -> Image:
    """A part along one axis."""
    first, last = _constant(start) or 0, _constant(end)
    return _mapped(image, lambda n: n, lambda values: shapes.sliced(values, axis, first, last, step, 2))


@algorithm("Image.arrayRepeat")
def array_repeat(image: Image, axis: int, copies: Image) -> Image:
    """Copies along an axis."""
    number = _constant(copies) or 1
    return _mapped(image, lambda n: max(n, axis + 1), lambda values: shapes.repeated(values, axis, number, 2))


@algorithm("Image.arrayTranspose", "Image.matrixTranspose")
def array_transpose(image: Image, first: int, second: int) -> Image:
    """Two axes exchanged."""
    return _mapped(
        image, lambda n: max(n, first + 1, second + 1), lambda v: shapes.swapped(v, first, second, 2)
    )


@algorithm("Image.arrayReshape")
def array_reshape(image: Image, lengths: Image, dimensions: int) -> Image:
    """Another shape, the same in every pixel."""
    size = lengths.first()

    def one(band: Band) -> Band:
        def function(values: Array, shape: Array) -> Array:
            wanted = shape[0, 0].ravel().astype(int)
            return values.reshape(*values.shape[:2], *wanted)

        return pointwise(band.name, band.type.array(dimensions), (band, size), function)

    return each_band(image, one)


@algorithm("Image.arrayCat")
def array_cat(first: Image, second: Image, axis: int) -> Image:
    """Arrays joined along an axis."""
    bands = []
    for name, a, b in pairs(first, second):
        type_ = a.type.union(b.type)
        type_ = type_.array(max(type_.dimensions, axis + 1))
        bands.append(pointwise(name, type_, (a, b), lambda x, y: shapes.joined([x, y], axis, 2)))
    return first.with_bands(bands)


@algorithm("Image.arrayLength")
def array_length(image: Image, axis: int) -> Image:
    """The length of an axis."""
    return _mapped(image, lambda n: 0, lambda values: np.full(values.shape[:2], values.shape[2 + axis]))


@algorithm("Image.arrayLengths")
def array_lengths(image: Image) -> Image:
    """The lengths of all axes, as an array."""

    def one(band: Band) -> Band:
        return pointwise(
            band.name, PixelType.named("int32").array(1), (band,),
            lambda v: np.broadcast_to(np.array(v.shape[2:]), (*v.shape[:2], v.ndim - 2)),
        )  # fmt: skip

    return each_band(image, one)


@algorithm("Image.arrayDimensions")
def array_dimensions(image: Image) -> Image:
    """The number of axes."""
    return each_band(image, lambda band: pointwise(
        band.name, PixelType("int", 0, 255), (band,),
        lambda v: np.full(v.shape[:2], v.ndim - 2)))  # fmt: skip


@algorithm("Image.arrayArgmax")
def array_argmax(image: Image) -> Image:
    """Position of the first largest value, as an array."""

    def one(band: Band) -> Band:
        def function(values: Array) -> Array:
            flat = values.reshape(*values.shape[:2], -1).argmax(axis=2)
            return np.stack(np.unravel_index(flat, values.shape[2:]), axis=-1)

        return pointwise(band.name, PixelType.named("int32").array(1), (band,), function)

    return each_band(image, one)


@algorithm("Image.arrayDotProduct")
def array_dot(first: Image, second: Image) -> Image:
    """The sum of products of 1-D arrays."""
    bands = [
        pointwise(name, DOUBLE, (a, b), lambda x, y: (x.astype(float) * y).sum(axis=-1))
        for name, a, b in pairs(first, second)
    ]
    return first.with_bands(bands)


@algorithm("ImageCollection.toArray")
def collection_to_array(collection: Collection) -> Image:
    """All images as a 2-D array per pixel, images by bands; masked where an image is."""
    images = images_of(collection)
    if not images:
        raise bad_request("The collection is empty.")
    bands = [image.band(name) for image in images for name in images[0].names]
    type_ = _union(bands).array(2)
    shape = (len(images), len(images[0].bands))

    def function(*values: Array) -> Array:
        return np.stack(values, axis=-1).reshape(*values[0].shape[:2], *shape)

    return Image((pointwise("array", type_, bands, function),), {}, images[0].footprint)


@algorithm("Image.matrixIdentity")
def matrix_identity(size: int) -> Image:
    """The identity matrix in every pixel."""
    return Image((constant_band("identity", np.eye(size)),))


@algorithm("Image.arrayPad")
def array_pad(image: Image, lengths: list[int], fill: float) -> Image:
    """Filled up at the ends of the axes."""

    def function(values: Array) -> Array:
        widths = [(0, max(n - have, 0)) for n, have in zip(lengths, values.shape[2:], strict=True)]
        return np.pad(values, [(0, 0), (0, 0), *widths], constant_values=fill)

    return _mapped(image, lambda n: n, function)


@algorithm("Image.arrayMask")
def array_mask(image: Image, mask: Image) -> Image:
    """Only the positions where a mask is not 0, which must be the same in every pixel of a tile."""
    bands = []
    for name, a, b in pairs(image, mask):

        def function(values: Array, flags: Array) -> Array:
            keep = flags.reshape(-1, *flags.shape[2:]) != 0
            if not (keep == keep[0]).all():
                raise bad_request("Array pixels of different lengths are not supported: the mask varies.")
            axes = [axis for axis, n in enumerate(flags.shape[2:]) if n > 1]
            return np.compress(keep[0].ravel(), values, axis=2 + (axes[0] if axes else 0))

        bands.append(pointwise(name, a.type, (a, b), function))
    return image.with_bands(bands)


def _matrix(name: str, dimensions: int, function: Callable[[Array], Array]) -> None:
    register(f"Image.{name}", lambda image: each_band(image, lambda band: pointwise(
        band.name, DOUBLE.array(dimensions), (band,), lambda v: function(v.astype(np.float64)))))  # fmt: skip


_matrix("matrixInverse", 2, np.linalg.pinv)
_matrix("matrixPseudoInverse", 2, np.linalg.pinv)
_matrix("matrixDeterminant", 0, np.linalg.det)
_matrix("matrixTrace", 0, lambda v: np.trace(v, axis1=-2, axis2=-1))
_matrix("matrixFnorm", 0, lambda v: np.linalg.norm(v, axis=(-2, -1)))
_matrix("matrixDiagonal", 2, lambda v: np.diagonal(v, axis1=-2, axis2=-1)[..., None])


def _matrix_pair(name: str, function: Callable[[Array, Array], Array]) -> None:
    def apply(first: Image, second: Image) -> Image:
        bands = [
            pointwise(
                band_name, DOUBLE.array(2), (a, b), lambda x, y: function(x.astype(float), y.astype(float))
            )
            for band_name, a, b in pairs(first, second)
        ]
        return first.with_bands(bands)

    register(f"Image.{name}", apply)


_matrix_pair("matrixMultiply", np.matmul)
_matrix_pair("matrixSolve", lambda a, b: np.linalg.pinv(a) @ b)
