"""Masks: reading, setting, filling, clipping, conditional replacement."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine import array_pixels
from ee_floods.engine.arguments import numeric
from ee_floods.engine.bands import each_band, union_footprint
from ee_floods.engine.coerce import coerce
from ee_floods.engine.errors import bad_request
from ee_floods.engine.geometry_sets import collection_geometry
from ee_floods.engine.reading import Reader
from ee_floods.engine.records import Raster
from ee_floods.engine.regions import inside
from ee_floods.engine.registry import algorithm
from ee_floods.engine.values.collection import Collection
from ee_floods.engine.values.geometry import Geometry
from ee_floods.engine.values.image import Band, Image, masks_and, pointwise
from ee_floods.engine.values.pixeltype import DOUBLE, PixelType
from ee_floods.grid import Grid


def opacity(raster: Raster) -> NDArray[np.float32]:
    """Return a raster's values as a mask: limited to 0..1, 0 where they are masked themselves."""
    values = np.nan_to_num(raster.values.astype(np.float32), nan=0.0).clip(0, 1)
    return np.where(raster.mask > 0, values, np.float32(0))


def _mask_band(mask: Image, position: int, count: int) -> Band:
    if len(mask.bands) == 1:
        return mask.bands[0]
    if len(mask.bands) != count:
        raise bad_request(
            f"The other image must have one band or as many as the input ({count}), not {len(mask.bands)}."
        )
    return mask.bands[position]


def _with_mask(image: Image, mask: Image, combine: Any) -> Image:
    def one(position: int, band: Band) -> Band:
        other = _mask_band(mask, position, len(image.bands))
        made = pointwise(band.name, band.type, (band, other), combine, rasters=True)
        return Band(made.name, made.type, band.projection, made.compute, made.inputs, band.size)

    return image.with_bands(one(i, band) for i, band in enumerate(image.bands))


@algorithm("Image.updateMask")
def update_mask(image: Image, mask: Image) -> Image:
    """The new mask wherever the old one is not 0."""

    def combine(raster: Raster, other: Raster) -> Any:
        return raster.values, np.where(raster.mask > 0, opacity(other), np.float32(0))

    return _with_mask(image, mask, combine)


@algorithm("Image.selfMask")
def self_mask(image: Image) -> Image:
    """The image's own value as the new mask wherever the old one is not 0."""

    def one(band: Band) -> Band:
        return pointwise(band.name, band.type, (band,), lambda r: (r.values, opacity(r)), rasters=True)

    return each_band(image, one)


@algorithm("Image.mask")
def mask(image: Image, mask_image: Image | None) -> Image:
    """The mask as an image of 0..1, or the image with a new mask."""
    if mask_image is None:
        type_ = PixelType("float", 0, 1)

        def one(band: Band) -> Band:
            return pointwise(
                band.name, type_, (band,), lambda r: (r.mask, np.ones(r.mask.shape, np.float32)), rasters=True
            )

        return each_band(image, one)

    def combine(raster: Raster, other: Raster) -> Any:
        return np.where(raster.mask > 0, raster.values, 0), opacity(other)

    return _with_mask(image, mask_image, combine)


@algorithm("Image.unmask")
def unmask(image: Image, value: Image | None, same_footprint: bool) -> Image:
    """Another image's value and mask where this one's mask is 0; beyond the footprint only if asked for."""
    filler = value if value is not None else coerce(0, "Image", "value")
    footprint = image.footprint

    def one(position: int, band: Band) -> Band:
        other = _mask_band(filler, position, len(image.bands))
        type_ = band.type.union(other.type)

        def compute(reader: Reader, grid: Grid) -> Raster:
            raster = reader.read(band, grid)
            missing = raster.mask == 0
            if not missing.any():
                return Raster(type_.cast(raster.values), raster.mask)
            fill = reader.read(other, grid)
            if same_footprint and footprint is not None:
                within = inside(footprint, grid)
                missing = missing if within is None else missing & within
            first = Raster(type_.cast(np.asarray(fill.values)), fill.mask)
            values = array_pixels.chosen(missing, first, Raster(type_.cast(raster.values), raster.mask))
            return Raster(values, np.where(missing, fill.mask, raster.mask))

        return Band(band.name, type_, band.projection, compute, (band, other), band.size)

    filled = image.with_bands(one(i, band) for i, band in enumerate(image.bands))
    if same_footprint:
        return filled
    extent = union_footprint([image, filler]) if filler.footprint is not None else None
    return Image(filled.bands, filled.properties, extent)


@algorithm("Image.where")
def where(image: Image, test: Image, value: Image) -> Image:
    """`value` where `test` is not 0; the input stays where either is masked or it is masked itself."""

    def one(position: int, band: Band) -> Band:
        tested = _mask_band(test, position, len(image.bands))
        other = _mask_band(value, position, len(image.bands))

        def combine(raster: Raster, t: Raster, v: Raster) -> Any:
            chosen = (t.values != 0) & (t.mask > 0) & (v.mask > 0)
            return array_pixels.chosen(chosen, v, raster), raster.mask

        return pointwise(band.name, band.type.union(other.type), (band, tested, other), combine, rasters=True)

    return image.with_bands(one(i, band) for i, band in enumerate(image.bands))


def _clipped(image: Image, geometry: Geometry) -> Image:
    from ee_floods.engine.regions import planar_in

    def one(band: Band) -> Band:
        def compute(reader: Reader, grid: Grid) -> Raster:
            within = inside(geometry, grid)
            if within is not None and not within.any():
                cell = np.zeros((), band.type.dtype)
                if not band.type.dimensions:
                    return Raster(
                        np.broadcast_to(cell, grid.shape), np.broadcast_to(np.float32(0), grid.shape)
                    )
            raster = reader.read(band, grid)
            if within is None:
                return raster
            return Raster(raster.values, np.where(within, raster.mask, np.float32(0)))

        return Band(band.name, band.type, band.projection, compute, (band,), band.size)

    footprint = geometry
    if image.footprint is not None and not image.footprint.unbounded and not geometry.unbounded:
        shape = planar_in(image.footprint, "EPSG:4326").intersection(planar_in(geometry, "EPSG:4326"))
        footprint = Geometry(shape, geodesic=False)
    elif geometry.unbounded:
        footprint = image.geometry
    clipped = each_band(image, one)
    return Image(clipped.bands, clipped.properties, None if footprint.unbounded else footprint)


@algorithm("Image.clip")
def clip(image: Image, geometry: Any) -> Image:
    """Masked outside a geometry (by pixel centres); the footprint shrinks to it."""
    return _clipped(image, coerce(geometry, "Geometry", "geometry"))


@algorithm("Image.clipToCollection")
def clip_to_collection(image: Image, collection: Any) -> Image:
    """Masked outside all features."""
    found: Collection = coerce(collection, "FeatureCollection", "collection")
    return _clipped(image, collection_geometry(found))


@algorithm("Image.blend")
def blend(bottom: Image, top: Image) -> Image:
    """`top` over `bottom`, masks as opacity."""
    count = max(len(bottom.bands), len(top.bands))

    def one(position: int) -> Band:
        under, over = _mask_band(bottom, position, count), _mask_band(top, position, count)
        name = bottom.bands[position].name if len(bottom.bands) == count else over.name

        def combine(a: Raster, b: Raster) -> Any:
            opacity_ = np.where(b.mask > 0, b.mask, 0)
            under_values: NDArray[Any] = a.values
            over_values: NDArray[Any] = b.values
            mixed = under_values * (1.0 - opacity_) + over_values * opacity_
            whole = np.where(opacity_ >= 1, b.values, np.where(opacity_ <= 0, a.values, mixed))
            alone = np.where((a.mask == 0) & (opacity_ > 0), b.values, whole)
            return alone, (1 - (1 - a.mask) * (1 - opacity_)).astype(np.float32)

        return pointwise(name, under.type.union(over.type), (under, over), combine, rasters=True)

    return Image(tuple(one(i) for i in range(count)), bottom.properties, union_footprint([bottom, top]))


@algorithm("Image.remap")
def remap(image: Image, old: list[Any], new: list[Any], default: Any, name: str | None) -> Image:
    """Values of one band looked up in a table; others become the default, or masked. Band `remapped`."""
    if len(old) != len(new):
        raise bad_request("The 'from' and 'to' lists must have the same length.")
    band = image.band(name) if name is not None else image.first()
    given = np.array([numeric(value, "Each value of 'from'") for value in old], float)
    order = np.argsort(given, kind="stable")
    for value in new:
        numeric(value, "Each value of 'to'")
    keys, targets = given[order], np.asarray(new)[order]
    fallback: Image | None = None if default is None else coerce(default, "Image", "defaultValue")
    whole = targets.dtype.kind in "biu"
    type_ = PixelType("int", int(targets.min()), int(targets.max())) if whole and targets.size else DOUBLE
    sources = [band]
    if fallback is not None:
        sources.append(fallback.first())
        type_ = type_.union(fallback.first().type)

    def function(*rasters: Raster) -> Any:
        values = rasters[0].values.astype(np.float64)
        place = np.searchsorted(keys, values).clip(0, max(keys.size - 1, 0))
        known = keys[place] == values if keys.size else np.zeros(values.shape, bool)
        found = targets[place] if keys.size else np.zeros(values.shape)
        if fallback is None:
            return found, np.where(known, rasters[0].mask, np.float32(0))
        merged = np.where(known, found, rasters[1].values)
        return merged, np.where(known, rasters[0].mask, masks_and(r.mask for r in rasters))

    return image.with_bands([pointwise("remapped", type_, sources, function, rasters=True)])
