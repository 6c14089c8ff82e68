"""The one table of arithmetic, functions and casts, applied to numbers, arrays and images."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.arithmetic import BINARY, CASTS, UNARY, Binary, Unary
from ee_floods.engine.array_bands import array_band
from ee_floods.engine.array_shapes import same_shape
from ee_floods.engine.bands import each_band, pairs
from ee_floods.engine.registry import register
from ee_floods.engine.values.image import Band, Image, pointwise
from ee_floods.engine.values.pixeltype import PixelType

Array = NDArray[Any]


def _wide(value: float) -> Array:
    """A number as a 64-bit array: arithmetic of numbers never rounds to 32 bits."""
    return np.asarray(value, np.int64 if isinstance(value, int) and abs(value) < 2**63 else np.float64)


def _number(values: Any) -> float | int:
    """A NumPy result as a Python number; booleans become 0 and 1."""
    value = np.asarray(values).item()
    return int(value) if isinstance(value, bool) else value


def _narrow(values: Array) -> Array:
    """Whole numbers as 32 bits if they fit, as the service takes those of a list."""
    small = values.dtype == np.int64 and values.size and np.abs(values).max() < 2**31
    return values.astype(np.int32) if small else values


def rounded(type_: PixelType, values: Array) -> Array:
    """An array in another type; halves go up where an image's pixels are cut off (apidocs/ee-array-byte)."""
    whole = type_.integral and values.dtype.kind == "f"
    return type_.cast(np.floor(values + 0.5) if whole else values)


def _array(values: Any) -> Array:
    found = np.asarray(values)
    return found.astype(np.int64) if found.dtype.kind == "b" else found


def _binary(name: str, operation: Binary) -> None:
    function = operation.function

    def images(left: Image, right: Image) -> Image:
        bands = []
        for band_name, a, b in pairs(left, right):
            type_ = operation.typing(a.type.plain(), b.type.plain())
            dimensions = max(a.type.dimensions, b.type.dimensions)
            if dimensions:
                made = array_band(
                    band_name, type_.array(dimensions), (a, b), lambda x, y: function(*same_shape(x, y, 2))
                )
            else:
                made = pointwise(band_name, type_, (a, b), function)
            bands.append(made)
        return Image(tuple(bands), left.only_index(), left.footprint or right.footprint)

    register(f"Number.{name}", lambda a, b: _number(function(_wide(a), _wide(b))))
    register(f"Array.{name}", lambda a, b: _array(function(*same_shape(_narrow(a), _narrow(b)))))
    register(f"Image.{name}", images)


def _unary(name: str, operation: Unary) -> None:
    function = operation.function

    def one(band: Band) -> Band:
        type_ = operation.typing(band.type.plain()).array(band.type.dimensions)
        make = array_band if band.type.dimensions else pointwise
        return make(band.name, type_, (band,), function)

    register(f"Number.{name}", lambda a: _number(function(_wide(a))))
    register(f"Array.{name}", lambda a: _array(function(a)))
    register(f"Image.{name}", lambda image: each_band(image, one))


def _cast(name: str, type_: PixelType) -> None:
    def one(band: Band) -> Band:
        return pointwise(band.name, type_.array(band.type.dimensions), (band,), lambda values: values)

    register(f"Number.{name}", lambda a: _number(type_.cast(_wide(a))))
    register(f"Array.{name}", lambda array: rounded(type_, array))
    register(f"Image.{name}", lambda image: each_band(image, one))


for _name, _operation in BINARY.items():
    _binary(_name, _operation)
for _name, _function in UNARY.items():
    _unary(_name, _function)
for _name, _target in CASTS.items():
    for _alias in (_name, f"to{_name[0].upper()}{_name[1:]}"):
        _cast(_alias, PixelType.named(_target))
