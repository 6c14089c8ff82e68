"""Collections of images as one array in every pixel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine import array_shapes as shapes
from ee_floods.engine.array_bands import array_band
from ee_floods.engine.array_pixels import compressed, is_packed
from ee_floods.engine.compositing import images_of
from ee_floods.engine.errors import bad_request
from ee_floods.engine.records import Raster
from ee_floods.engine.registry import algorithm
from ee_floods.engine.values.collection import Collection
from ee_floods.engine.values.image import Band, Image, pointwise
from ee_floods.engine.values.pixeltype import PixelType

Array = NDArray[Any]


def _images(collection: Collection) -> tuple[list[Image], list[str]]:
    images = images_of(collection)
    if not images:
        raise bad_request("The collection is empty.")
    return images, images[0].names


def _union(bands: Sequence[Band]) -> PixelType:
    type_ = bands[0].type
    for band in bands[1:]:
        type_ = type_.union(band.type)
    return type_


@algorithm("ImageCollection.toArray")
def to_array(collection: Collection) -> Image:
    """A 2-D array per pixel, images by bands; an image with a masked band is left out at that pixel."""
    images, names = _images(collection)
    bands = [image.band(name) for image in images for name in names]
    if any(band.type.dimensions for band in bands):
        raise bad_request("Bands must have scalar values, not array values.")
    number, width = len(images), len(names)

    def function(*rasters: Raster) -> tuple[Array, NDArray[np.float32]]:
        mask = np.stack([np.asarray(r.mask) for r in rasters], axis=-1)
        mask = mask.reshape(*mask.shape[:2], number, width).min(axis=-1)  # (H, W, N)
        values = np.stack([r.values for r in rasters], axis=-1)
        values = values.reshape(*values.shape[:2], number, width)
        shown = np.asarray(mask.max(axis=-1))
        return compressed(values, mask > 0, 0, shown), shown

    band = pointwise("array", _union(bands).array(2), bands, function, rasters=True)
    return Image((band,), {}, images[0].footprint)


@algorithm("ImageCollection.toArrayPerBand")
def to_array_per_band(collection: Collection, axis: int, drop: bool) -> Image:
    """One array per pixel for each band, the images along an axis.

    A pixel is masked where one image is; with `drop` the masked images are left out instead.
    """
    images, names = _images(collection)
    answer = []
    for name in names:
        sources = [image.band(name) for image in images]
        dimensions = sources[0].type.dimensions
        if any(band.type.dimensions != dimensions for band in sources) or not 0 <= axis <= dimensions:
            raise bad_request(
                f"Band '{name}': arrays of {dimensions} dimensions cannot be joined along axis {axis}."
            )
        type_ = _union(sources).array(max(dimensions, axis + 1))
        if drop:
            answer.append(_dropping(name, type_, sources, axis))
        else:
            answer.append(array_band(name, type_, sources, lambda *v: shapes.joined(_wide(v, axis), axis, 2)))
    return Image(tuple(answer), {}, images[0].footprint)


def _wide(values: Sequence[Array], axis: int) -> list[Array]:
    """Blocks with the axis that they are joined along."""
    return [v[..., None] if v.ndim - 2 == axis else v for v in values]


def _dropping(name: str, type_: PixelType, sources: Sequence[Band], axis: int) -> Band:
    def function(*rasters: Raster) -> tuple[Array, NDArray[np.float32]]:
        masks = np.stack([np.asarray(r.mask) for r in rasters], axis=-1)  # (H, W, N)
        shown = np.asarray(masks.max(axis=-1))
        seen = [r for r in rasters if (r.mask > 0).any()]
        if not seen:
            return np.zeros((*shown.shape, *(0,) * type_.dimensions)), shown
        if any(is_packed(r.values) for r in seen):
            raise bad_request(
                f"Band '{name}': 'dropMasked' needs array pixels that have the same shape in an image."
            )
        blocks = _wide([r.values for r in seen], axis)
        flags = [
            np.repeat((r.mask > 0)[..., None], block.shape[2 + axis], -1)
            for r, block in zip(seen, blocks, strict=True)
        ]
        keep = np.concatenate(flags, axis=-1)
        return compressed(shapes.joined(blocks, axis, 2), keep, axis, shown), shown

    return pointwise(name, type_, sources, function, rasters=True)
