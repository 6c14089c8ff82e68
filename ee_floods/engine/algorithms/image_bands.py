"""Bands of images: selection, names, addition, concatenation, description."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ee_floods.engine.arguments import pattern, texts
from ee_floods.engine.bands import cat_images, select, unique_names
from ee_floods.engine.coerce import coerce
from ee_floods.engine.errors import EngineError, bad_request
from ee_floods.engine.records import Raster
from ee_floods.engine.registry import algorithm
from ee_floods.engine.values.collection import Collection
from ee_floods.engine.values.elements import Date, element_get
from ee_floods.engine.values.filters import Filter, Query
from ee_floods.engine.values.image import Band, Image, constant_band, pointwise
from ee_floods.engine.values.pixeltype import DOUBLE, PixelType
from ee_floods.engine.values.projection import Projection

_DAY_MS = 86_400_000.0


@algorithm("Image.select")
def select_bands(image: Image, selectors: list[Any], names: list[str] | None) -> Image:
    """Bands by name, index or regular expression."""
    return select(image, selectors, names)


@algorithm("Image.rename")
def rename(image: Image, names: list[str]) -> Image:
    """All bands under new names."""
    if len(names) != len(image.bands):
        raise bad_request(
            f"The number of names ({len(names)}) must match the number of bands ({len(image.bands)})."
        )
    return select(image, list(range(len(image.bands))), names)


@algorithm("Image.regexpRename")
def regexp_rename(image: Image, regex: str, replacement: str, every: bool) -> Image:
    """All bands with a pattern replaced in their names."""
    wanted, count = pattern(regex), 0 if every else 1
    replacement = re.sub(r"\$(\d)", r"\\\1", replacement)
    try:
        names = [wanted.sub(replacement, band.name, count=count) for band in image.bands]
    except re.error as error:
        raise bad_request(f"Invalid replacement '{replacement[:100]}': {error}.") from error
    return image.with_bands(b.renamed(n) for b, n in zip(image.bands, names, strict=True))


@algorithm("Image.slice")
def slice_bands(image: Image, start: int, end: int | None) -> Image:
    """Bands by position."""
    return image.with_bands(image.bands[start:end])


@algorithm("Image.addBands")
def add_bands(target: Image, source: Image, names: list[str] | None, overwrite: bool) -> Image:
    """All bands of `target`, then the chosen ones of `source`; a name that is taken gets an index."""
    added = select(source, names).bands if names is not None else source.bands
    if not overwrite:
        return target.with_bands(unique_names((*target.bands, *added)))
    fresh = {band.name: band for band in added}
    kept = [fresh.pop(band.name, band) for band in target.bands]
    return target.with_bands((*kept, *fresh.values()))


@algorithm("Image.cat")
def cat(images: list[Any]) -> Image:
    """All bands of several images."""
    return cat_images([coerce(image, "Image", "images") for image in images])


@algorithm("Image.retile")
def retile(image: Image, size: int) -> Image:
    """The same image: this engine computes tiles of its own size."""
    if not 1 <= size <= 32768:
        raise bad_request(f"The tile size must be between 1 and 32768, received {size}.")
    return image


@algorithm("Image.bandNames")
def band_names(image: Image) -> list[str]:
    """Names in order."""
    return image.names


@algorithm("Image.bandTypes")
def band_types(image: Image) -> dict[str, PixelType]:
    """Pixel type of each band."""
    return {band.name: band.type for band in image.bands}


@algorithm("Image.projection")
def projection(image: Image) -> Projection:
    """The default projection, which all bands must share."""
    return image.projection


@algorithm("Image.date")
def date(image: Image) -> Date:
    """`system:time_start` as a date."""
    start = element_get(image, "system:time_start")
    if start is None:
        raise bad_request("Image does not have a 'system:time_start' property.")
    return start if isinstance(start, Date) else Date(float(start))


@algorithm("Image.linkCollection")
def link_collection(image: Image, collection: Collection, bands: Any, properties: Any, match: str) -> Image:
    """Bands and properties of the image of a collection with the same value of a property.

    Without a match the bands are there and fully masked, and the properties are null.
    """
    band_list = texts(bands, "linkedBands")
    property_list = texts(properties, "linkedProperties")
    found = _match(collection, image, match)
    linked: dict[str, Band] = {}
    if band_list and found is not None:
        linked = {band.name: band for band in select(found, band_list).bands}
    elif band_list:
        linked = {band.name: _masked(band) for band in _like(collection, image, band_list)}
    kept = [linked.pop(band.name, band) for band in image.bands]
    values = dict(image.properties)
    for name in property_list:
        value = element_get(found, name) if found is not None else None
        values.pop(name, None)
        if value is not None:
            values[name] = value
    return image.with_bands((*kept, *linked.values())).with_properties(values)


def _near(image: Image, match: str) -> Query:
    """Where to look: products of one acquisition carry one index, at one place, within a day."""
    start = image.properties.get("system:time_start")
    if match != "system:index" or not isinstance(start, (int, float)) or image.footprint is None:
        return Query()
    return Query(image.footprint.bounds, start - _DAY_MS, start + _DAY_MS)


def _match(collection: Collection, image: Image, match: str) -> Image | None:
    key = element_get(image, match)
    if key is None:
        return None
    same = Filter(lambda a, b: element_get(a, match) == key, query=_near(image, match))
    found = collection.filtered(same).first()
    return found if isinstance(found, Image) else None


def _like(collection: Collection, image: Image, names: list[Any]) -> Sequence[Band]:
    """Bands as an image of the collection has them; of doubles if none is near."""
    try:
        first = collection.filtered(Filter(lambda a, b: True, query=_near(image, "system:index"))).first()
    except EngineError:  # an endless collection, asked without a place
        first = None
    if isinstance(first, Image):
        return select(first, names).bands
    return [constant_band(str(name), 0, DOUBLE) for name in names]


def _masked(band: Band) -> Band:
    def nothing(raster: Raster) -> Any:
        return raster.values * 0, raster.mask * 0

    return pointwise(band.name, band.type, (band,), nothing, rasters=True)
