"""Arithmetic, comparison, logic, functions and casts of images, from one table."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.arithmetic import BINARY, CASTS, UNARY, Binary, Unary
from ee_floods.engine.bands import each_band, pairs
from ee_floods.engine.errors import bad_request
from ee_floods.engine.registry import algorithm, register
from ee_floods.engine.values.geometry import Geometry
from ee_floods.engine.values.image import Band, Image, pointwise
from ee_floods.engine.values.pixeltype import DOUBLE, PixelType


def _footprint(left: Image, right: Image) -> Geometry | None:
    """The footprint of a result: that of the first operand that has one."""
    return left.footprint or right.footprint


def _binary(name: str, operation: Binary) -> None:
    def apply(left: Image, right: Image) -> Image:
        bands = []
        for band_name, a, b in pairs(left, right):
            type_ = operation.typing(a.type.plain(), b.type.plain())
            type_ = type_.array(max(a.type.dimensions, b.type.dimensions))
            function = operation.function if a.type.dimensions == b.type.dimensions else _widened(operation)
            bands.append(pointwise(band_name, type_, (a, b), function))
        return Image(tuple(bands), left.only_index(), _footprint(left, right))

    register(f"Image.{name}", apply)


def _widened(operation: Binary) -> Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]]:
    """The operation of numbers and arrays: a number goes with every element."""

    def function(left: NDArray[Any], right: NDArray[Any]) -> NDArray[Any]:
        while left.ndim < right.ndim:
            left = left[..., None]
        while right.ndim < left.ndim:
            right = right[..., None]
        return operation.function(left, right)

    return function


def _unary(name: str, operation: Unary) -> None:
    def apply(image: Image) -> Image:
        def one(band: Band) -> Band:
            type_ = operation.typing(band.type.plain()).array(band.type.dimensions)
            return pointwise(band.name, type_, (band,), operation.function)

        return each_band(image, one)

    register(f"Image.{name}", apply)


def _cast(names: tuple[str, ...], type_: PixelType) -> None:
    def apply(image: Image) -> Image:
        return each_band(image, lambda band: _as_type(band, type_))

    for name in names:
        register(f"Image.{name}", apply)


def _as_type(band: Band, type_: PixelType) -> Band:
    return pointwise(band.name, type_.array(band.type.dimensions), (band,), lambda values: values)


for _name, _operation in BINARY.items():
    _binary(_name, _operation)
for _name, _function in UNARY.items():
    _unary(_name, _function)
for _name, _target in CASTS.items():
    _cast((_name, f"to{_name[0].upper()}{_name[1:]}"), PixelType.named(_target))


@algorithm("Image.cast")
def cast(image: Image, types: dict[str, object], order: list[str] | None) -> Image:
    """Cast the named bands; a name that is not there becomes a masked band of that type."""
    wanted: dict[str, PixelType] = {}
    for name, type_ in types.items():
        wanted[name] = type_ if isinstance(type_, PixelType) else PixelType.named(str(type_))
    bands = {b.name: _as_type(b, wanted[b.name]) if b.name in wanted else b for b in image.bands}
    if order is not None:
        missing = [name for name in order if name not in bands]
        if missing:
            raise bad_request(f"Band order names bands that are not in the image: {missing}.")
        return image.with_bands(bands[name] for name in order)
    return image.with_bands(bands.values())


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
