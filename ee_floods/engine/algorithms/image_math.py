"""Casts, ranges and functions of images that are not in the table of arithmetic."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.bands import each_band
from ee_floods.engine.errors import bad_request
from ee_floods.engine.records import Raster
from ee_floods.engine.registry import algorithm
from ee_floods.engine.values.image import Band, Image, constant_band, pointwise
from ee_floods.engine.values.pixeltype import DOUBLE, PixelType


def _as_type(band: Band, type_: PixelType) -> Band:
    return pointwise(band.name, type_.array(band.type.dimensions), (band,), lambda values: values)


@algorithm("Image.cast")
def cast(image: Image, types: dict[str, object], order: list[str] | None) -> Image:
    """Cast the named bands; a name that is not there becomes a masked band of that type."""
    wanted: dict[str, PixelType] = {}
    for name, type_ in types.items():
        wanted[name] = type_ if isinstance(type_, PixelType) else PixelType.named(str(type_))
    bands = {b.name: _as_type(b, wanted[b.name]) if b.name in wanted else b for b in image.bands}
    for name in sorted(set(wanted) - set(bands)):
        bands[name] = _transparent(name, wanted[name], image)
    if order is None:
        return image.with_bands(bands.values())
    if sorted(order) != sorted(bands):
        raise bad_request(f"Band order {order} must match the bands of the result: {sorted(bands)}.")
    return image.with_bands(bands[name] for name in order)


def _transparent(name: str, type_: PixelType, image: Image) -> Band:
    """A fully masked band, where the image's other bands are."""
    empty = constant_band(name, 0, type_)

    def nothing(raster: Raster) -> tuple[NDArray[Any], NDArray[np.float32]]:
        return raster.values, np.zeros_like(raster.mask)

    made = pointwise(name, type_, (empty,), nothing, rasters=True)
    return dataclasses.replace(made, projection=image.bands[0].projection) if image.bands else made


@algorithm("Image.clamp")
def clamp(image: Image, low: float, high: float) -> Image:
    """Values limited to a range; the type's range narrows with them."""

    def one(band: Band) -> Band:
        least, most = band.type.range
        type_ = band.type.ranged(max(least, low), min(most, high)) if band.type.integral else band.type
        return pointwise(
            band.name, type_, (band,), lambda values: np.clip(values.astype(np.float64), low, high)
        )

    return each_band(image, one)


@algorithm("Image.unitScale")
def unit_scale(image: Image, low: float, high: float) -> Image:
    """`low` becomes 0 and `high` 1; values outside are not clamped."""
    if high <= low:
        raise bad_request(f"The high value ({high}) must be greater than the low value ({low}).")

    def one(band: Band) -> Band:
        type_ = DOUBLE if band.type.precision == "double" else PixelType("float")
        return pointwise(
            band.name, type_, (band,), lambda values: (values.astype(np.float64) - low) / (high - low)
        )

    return each_band(image, one)


@algorithm("Image.polynomial")
def polynomial(image: Image, coefficients: list[float]) -> Image:
    """A polynomial of each pixel; coefficients in order of rising degree."""
    if not coefficients:
        raise bad_request("At least one coefficient is needed.")

    def one(band: Band) -> Band:
        return pointwise(
            band.name, DOUBLE, (band,),
            lambda values: np.polynomial.polynomial.polyval(values.astype(np.float64), coefficients),
        )  # fmt: skip

    return each_band(image, one)


@algorithm("Image.interpolate")
def interpolate(image: Image, x: list[float], y: list[float], behavior: str) -> Image:
    """The first band through a piecewise linear function."""
    if len(x) != len(y) or len(x) < 2 or any(b <= a for a, b in itertools.pairwise(x)):
        raise bad_request("The x values must be strictly increasing, with as many y values.")
    xs, ys = np.asarray(x, float), np.asarray(y, float)

    def function(raster):  # type: ignore[no-untyped-def]
        values = raster.values.astype(np.float64)
        inside = (values >= xs[0]) & (values <= xs[-1])
        found = np.interp(values, xs, ys)
        if behavior == "extrapolate":
            left = ys[0] + (values - xs[0]) * (ys[1] - ys[0]) / (xs[1] - xs[0])
            right = ys[-1] + (values - xs[-1]) * (ys[-1] - ys[-2]) / (xs[-1] - xs[-2])
            found = np.where(values < xs[0], left, np.where(values > xs[-1], right, found))
        elif behavior == "input":
            found = np.where(inside, found, values)
        mask = np.where(inside, raster.mask, 0) if behavior == "mask" else raster.mask
        return found, mask.astype(np.float32)

    band = image.first()
    return image.with_bands([pointwise(band.name, DOUBLE, (band,), function, rasters=True)])


@algorithm("Image.normalizedDifference")
def normalized_difference(image: Image, names: list[str] | None) -> Image:
    """(a - b) / (a + b), named `nd`; masked where an input is negative; properties are dropped."""
    chosen = [image.band(name) for name in names] if names else list(image.bands[:2])
    if len(chosen) != 2:
        raise bad_request("Normalized difference requires exactly two bands.")

    def function(a, b):  # type: ignore[no-untyped-def]
        first, second = a.values.astype(np.float64), b.values.astype(np.float64)
        total = first + second
        ratio = np.where(total == 0, 0, (first - second) / np.where(total == 0, 1, total))
        mask = np.where((first < 0) | (second < 0), 0, np.minimum(a.mask, b.mask))
        return ratio, mask.astype(np.float32)

    band = pointwise("nd", PixelType("float", -1, 1), chosen, function, rasters=True)
    return Image((band,), image.only_index(), image.footprint)
