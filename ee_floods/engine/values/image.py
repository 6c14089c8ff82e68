"""Images: lists of lazy bands. A band is a function from a grid to values and mask."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.array_pixels import is_packed, per_shape
from ee_floods.engine.errors import bad_request
from ee_floods.engine.records import Raster
from ee_floods.engine.values.geometry import Geometry
from ee_floods.engine.values.pixeltype import PixelType
from ee_floods.engine.values.projection import WGS84, Projection
from ee_floods.grid import Grid

if TYPE_CHECKING:
    from ee_floods.engine.reading import Reader

__all__ = [
    "Band",
    "Compute",
    "Image",
    "constant_band",
    "is_opaque",
    "masks_and",
    "opaque",
    "pointwise",
    "shared",
]

Compute = Callable[["Reader", Grid], Raster]
"""What a band does when a grid is asked for; it asks the reader for its inputs."""


def opaque(shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return a read-only mask of ones that takes no memory."""
    return np.broadcast_to(np.float32(1), shape)


def is_opaque(mask: NDArray[np.float32]) -> bool:
    """Whether a mask is one of `opaque`'s, known to be 1 without looking."""
    return mask.strides == (0, 0) and mask.size > 0 and float(mask[0, 0]) == 1.0


def masks_and(masks: Iterable[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return the smallest of several masks at each pixel."""
    found: NDArray[np.float32] | None = None
    for mask in masks:
        if found is None or is_opaque(found):
            found = mask
        elif mask is not found and not is_opaque(mask):
            found = np.minimum(found, mask)
    if found is None:
        raise ValueError("`masks` is empty.")
    return found


@dataclass(frozen=True, eq=False)
class Band:
    """One lazy band.

    Args:
        name: Band name.
        type: Pixel type; `compute` answers in its NumPy type, `(H, W)` or `(H, W, *array)`.
        projection: Default projection.
        compute: Makes the pixels of a grid.
        inputs: Bands that `compute` reads, so that a stored image can be read once for all of them; a
            function where finding them means enumerating a collection.
        size: Native `(height, width)` in pixels; None where unbounded.
        stored: For a band of a stored image: the group that it is read with, and its name there.
    """

    name: str
    type: PixelType
    projection: Projection
    compute: Compute
    inputs: tuple[Band, ...] | Callable[[], Iterable[Band]] = ()
    size: tuple[int, int] | None = None
    stored: tuple[Any, str] | None = None

    def renamed(self, name: str) -> Band:
        """Return the same pixels under another name."""
        return self if name == self.name else replace(self, name=name)


@dataclass(frozen=True, eq=False)
class Image:
    """An image: bands, properties and footprint.

    Args:
        bands: In order; names are unique.
        properties: JSON-able, `system:index` among them.
        footprint: Where it may have data; None means everywhere.
        id: Asset id, if it is a stored image.
        version: Version of the stored asset, microseconds.
    """

    bands: tuple[Band, ...]
    properties: Mapping[str, Any] = field(default_factory=dict)
    footprint: Geometry | None = None
    id: str | None = None
    version: int | None = None

    @property
    def names(self) -> list[str]:
        """Band names."""
        return [band.name for band in self.bands]

    @property
    def geometry(self) -> Geometry:
        """Footprint, the unbounded geometry where there is none."""
        return self.footprint or Geometry.everywhere()

    def band(self, name: str) -> Band:
        """Return the band of a name.

        Raises:
            EngineError: If there is none.
        """
        for band in self.bands:
            if band.name == name:
                return band
        raise bad_request(f"No band named '{name}'. Available band names: [{', '.join(self.names)}].")

    def first(self) -> Band:
        """Return the first band.

        Raises:
            EngineError: If the image has no bands.
        """
        if not self.bands:
            raise bad_request("Image has no bands.")
        return self.bands[0]

    def with_bands(self, bands: Iterable[Band]) -> Image:
        """Return the same properties, footprint and id with other bands."""
        return replace(self, bands=tuple(bands))

    def with_properties(self, properties: Mapping[str, Any]) -> Image:
        """Return the image with other properties."""
        return replace(self, properties=dict(properties))

    @property
    def projection(self) -> Projection:
        """The projection that all bands share.

        Raises:
            EngineError: If they do not.
        """
        first = self.first().projection
        for band in self.bands[1:]:
            if band.projection != first:
                raise bad_request(
                    "The bands of the specified image contains different projections. "
                    "Use Image.select to pick a single band."
                )
        return first

    def only_index(self) -> dict[str, Any]:
        """Return `system:index` alone: what arithmetic keeps of the properties."""
        return {key: self.properties[key] for key in ("system:index",) if key in self.properties}


def shared(bands: Sequence[Band]) -> Projection:
    """Return the default projection of a result: that of the first input that has one of its own."""
    for band in bands:
        if band.projection != WGS84:
            return band.projection
    return bands[0].projection if bands else WGS84


def pointwise(
    name: str,
    type_: PixelType,
    inputs: Sequence[Band],
    function: Callable[..., NDArray[Any] | tuple[NDArray[Any], NDArray[np.float32]]],
    *,
    rasters: bool = False,
) -> Band:
    """Return a band computed pixel by pixel from others.

    Args:
        name: Band name.
        type_: Type of the result; what `function` returns is cast to it.
        inputs: At least one band.
        function: Takes the inputs' values (`Raster`s with `rasters=True`) and returns values, or values and
            mask. A result without a mask is masked wherever an input is.
        rasters: Whether `function` wants masks too.
    """
    sources = tuple(inputs)

    def compute(reader: Reader, grid: Grid) -> Raster:
        found = [reader.read(band, grid) for band in sources]
        if not rasters and any(is_packed(raster.values) for raster in found):
            shown = masks_and(raster.mask for raster in found)
            values, _ = per_shape(function, [raster.values for raster in found], shown, type_.dimensions)
            return Raster(type_.cast(values), shown)
        answer = function(*found) if rasters else function(*(raster.values for raster in found))
        if isinstance(answer, tuple):
            values, mask = answer
        else:
            values, mask = answer, masks_and(raster.mask for raster in found)
        return Raster(type_.cast(values), mask)

    return Band(name, type_, shared(sources), compute, sources, size=sources[0].size)


def constant_band(name: str, value: Any, type_: PixelType | None = None) -> Band:
    """Return a band with one value everywhere; an array makes array pixels."""
    array = np.asarray(value)
    if array.dtype == object:
        raise bad_request("A constant must be a number or an array of numbers.")
    if type_ is None:
        type_ = PixelType.of_value(array.item()) if array.ndim == 0 else PixelType.of_array(array)
    cell = type_.cast(array)

    def compute(reader: Reader, grid: Grid) -> Raster:
        return Raster(np.broadcast_to(cell, (*grid.shape, *cell.shape)), opaque(grid.shape))

    return Band(name, type_, WGS84, compute)
