"""Lazy bands whose pixels are computed from arrays in pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.array_pixels import Shaped, per_shape
from ee_floods.engine.errors import bad_request
from ee_floods.engine.records import Raster
from ee_floods.engine.values.image import Band, masks_and, shared
from ee_floods.engine.values.pixeltype import PixelType
from ee_floods.grid import Grid

if TYPE_CHECKING:
    from ee_floods.engine.reading import Reader

__all__ = ["MISSING", "array_band", "require_arrays", "require_numbers"]

MISSING = np.iinfo(np.int64).min
"""The number that a function of `array_band` gets for a key that is masked or not given."""


def require_numbers(band: Band) -> Band:
    """Return the band, or raise if its pixels are arrays."""
    if band.type.dimensions:
        raise bad_request(
            f"Band '{band.name}' must hold numbers, not arrays of {band.type.dimensions} dimensions."
        )
    return band


def require_arrays(band: Band, dimensions: int | None = None) -> Band:
    """Return the band, or raise if its pixels are not arrays (of some number of dimensions)."""
    have = band.type.dimensions
    if have == 0 or (dimensions is not None and have != dimensions):
        wanted = "arrays" if dimensions is None else f"arrays of {dimensions} dimensions"
        raise bad_request(
            f"Band '{band.name}' must hold {wanted}, not {f'arrays of {have}' if have else 'numbers'}."
        )
    return band


def array_band(
    name: str,
    type_: PixelType,
    inputs: Sequence[Band],
    function: Shaped,
    *,
    keys: Sequence[Band | None] = (),
    optional: bool = False,
) -> Band:
    """Return a band computed from the arrays (or numbers) in the pixels of others.

    Args:
        name: Band name.
        type_: Type of the result.
        inputs: At least one band.
        function: Takes a block `(n, 1, *shape)` of each input, all pixels of one shape, and then a number per
            key; returns a block, or a block and where it is valid.
        keys: Bands of whole numbers that are the same in all pixels of one call; None for one not given.
        optional: Whether a masked key is `MISSING` instead of masking the result.
    """
    sources = tuple(inputs)
    given = tuple(key for key in keys if key is not None)

    def compute(reader: Reader, grid: Grid) -> Raster:
        found = [reader.read(band, grid) for band in sources]
        masks = [raster.mask for raster in found]
        numbers: list[NDArray[Any]] = []
        for key in keys:
            if key is None:
                numbers.append(np.asarray(MISSING))
                continue
            raster = reader.read(key, grid)
            whole = np.trunc(np.asarray(raster.values, np.float64)).astype(np.int64)
            numbers.append(np.where(raster.mask > 0, whole, MISSING))
            if not optional:
                masks.append(raster.mask)
        mask = masks_and(masks)
        values, valid = per_shape(function, [r.values for r in found], mask, type_.dimensions, numbers)
        if valid is not None:
            mask = np.where(valid, mask, np.float32(0))
        return Raster(type_.cast(values), mask)

    return Band(name, type_, shared(sources), compute, (*sources, *given), size=sources[0].size)
