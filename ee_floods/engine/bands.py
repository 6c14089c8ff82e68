"""Bands of images put together: selection, addition, concatenation, pairing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ee_floods.engine.errors import bad_request
from ee_floods.engine.values.geometry import Geometry
from ee_floods.engine.values.image import Band, Image

__all__ = ["cat_images", "each_band", "pairs", "select", "union_footprint", "unique_names"]

_NO_BANDS_GUIDE = "https://developers.google.com/earth-engine/guides/debugging#no-bands"


def unique_names(bands: Iterable[Band]) -> list[Band]:
    """Return bands with an index appended to names that were there before (`B1`, `B1_1`, `B1_2`)."""
    seen: set[str] = set()
    answer = []
    for band in bands:
        name, number = band.name, 0
        while name in seen:
            number += 1
            name = f"{band.name}_{number}"
        seen.add(name)
        answer.append(band.renamed(name))
    return answer


def union_footprint(images: Sequence[Image]) -> Geometry | None:
    """Return the union of footprints; None (everywhere) as soon as one image has none."""
    if any(image.footprint is None for image in images):
        return None
    if len(images) == 1:
        return images[0].footprint
    import shapely

    shapes = [image.footprint.planar() for image in images if image.footprint is not None]
    valid = [shapely.make_valid(shapely.Polygon(s) if s.geom_type == "LinearRing" else s) for s in shapes]
    return Geometry(shapely.union_all(valid), geodesic=False)


def cat_images(images: Sequence[Image]) -> Image:
    """Return all bands of several images; properties of the first."""
    if not images:
        return Image(())
    bands = unique_names(band for image in images for band in image.bands)
    return Image(tuple(bands), images[0].properties, images[0].footprint)


def select(image: Image, selectors: Sequence[Any], names: Sequence[str] | None = None) -> Image:
    """Return bands by name, index or regular expression (which must match the whole name).

    Raises:
        EngineError: If a selector matches nothing, or the number of new names differs.
    """
    chosen: list[Band] = []
    for selector in selectors:
        if isinstance(selector, (int, float)) and not isinstance(selector, bool):
            index = int(selector)
            if not -len(image.bands) <= index < len(image.bands):
                raise bad_request(
                    f"Band index {index} is out of range: the image has {len(image.bands)} bands."
                )
            chosen.append(image.bands[index])
            continue
        chosen += _matching(image, str(selector))
    if names is not None:
        if len(names) != len(chosen):
            raise bad_request(
                f"Can't rename bands: the number of new names ({len(names)}) must match "
                f"the number of bands ({len(chosen)})."
            )
        chosen = [band.renamed(name) for band, name in zip(chosen, names, strict=True)]
        _check_unique(chosen)
        return image.with_bands(chosen)
    return image.with_bands(unique_names(chosen))


def _matching(image: Image, pattern: str) -> list[Band]:
    exact = [band for band in image.bands if band.name == pattern]
    if exact:
        return exact
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise bad_request(f"Invalid band selector: '{pattern}'.") from error
    found = [band for band in image.bands if expression.fullmatch(band.name)]
    if not image.bands:
        raise bad_request(
            f"Band pattern '{pattern}' was applied to an Image with no bands. See {_NO_BANDS_GUIDE}"
        )
    if not found:
        raise bad_request(
            f"Band pattern '{pattern}' did not match any bands. Available bands: [{', '.join(image.names)}]"
        )
    return found


def _check_unique(bands: Sequence[Band]) -> None:
    names = [band.name for band in bands]
    if len(set(names)) != len(names):
        raise bad_request(f"Duplicate band names: {names}.")


def pairs(left: Image, right: Image) -> list[tuple[str, Band, Band]]:
    """Return matched bands of two images with the name of the result.

    One band is used against all of the other image's. Otherwise bands match by name if the names are the
    same, else by position if the numbers are equal, else the names both have in common are used.

    Raises:
        EngineError: If no band matches, or one image alone has no bands, such as the median of no images.
    """
    a, b = left.bands, right.bands
    if not a and not b:
        return []
    if not a or not b:
        raise bad_request(
            f"If one image has no bands, the other must also have no bands. Got {len(a)} and {len(b)}."
        )
    if len(b) == 1 and len(a) >= 1:
        return [(band.name, band, b[0]) for band in a]
    if len(a) == 1:
        return [(band.name, a[0], band) for band in b]
    by_name = {band.name: band for band in b}
    if len(a) == len(b):
        if set(by_name) == set(left.names):
            return [(band.name, band, by_name[band.name]) for band in a]
        return [(x.name, x, y) for x, y in zip(a, b, strict=True)]
    common = [(band.name, band, by_name[band.name]) for band in a if band.name in by_name]
    if not common:
        raise bad_request(
            f"Images must contain the same number of bands or only 1 band. Got {len(a)} and {len(b)}."
        )
    return common


def each_band(image: Image, make: Callable[[Band], Band]) -> Image:
    """Return the image with every band replaced; properties and footprint stay."""
    return image.with_bands(make(band) for band in image.bands)
