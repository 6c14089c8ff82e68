"""Pixel types: a precision and, for integers, the range of values; the range decides the bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.arguments import numeric
from ee_floods.engine.array_pixels import is_packed, recast
from ee_floods.engine.errors import bad_request

__all__ = ["BOOLEAN", "DOUBLE", "FLOAT", "INT64", "PixelType"]

# The order of preference: 0..2147483647 is a signed integer.
_INTEGERS = ("uint8", "int8", "uint16", "int16", "int32", "uint32", "int64")
_RANGES: dict[str, tuple[int, int]] = {
    **{name: (int(np.iinfo(name).min), int(np.iinfo(name).max)) for name in _INTEGERS},
    "byte": (0, 255), "short": (-(2**15), 2**15 - 1), "int": (-(2**31), 2**31 - 1),
    "long": (-(2**63), 2**63 - 1),
}  # fmt: skip


@dataclass(frozen=True)
class PixelType:
    """The type of a band's pixels.

    Args:
        precision: `int`, `float` (32 bits) or `double` (64 bits).
        low: Smallest value; None where the type does not say.
        high: Largest value.
        dimensions: Array dimensions of a pixel; 0 is a plain number.
    """

    precision: str
    low: float | None = None
    high: float | None = None
    dimensions: int = 0

    @classmethod
    def named(cls, name: str) -> PixelType:
        """Return the type of an Earth Engine or NumPy name (`int16`, `byte`, `float`, `float32`, ...)."""
        lower = name.lower()
        if lower in _RANGES:
            return cls("int", *_RANGES[lower])
        if lower in ("float", "float32"):
            return FLOAT
        if lower in ("double", "float64"):
            return DOUBLE
        if lower == "bool":
            return BOOLEAN
        raise bad_request(f"Unknown pixel type: '{name}'.")

    @classmethod
    def of_value(cls, value: float) -> PixelType:
        """Return the type of a constant: an integer's range is its value, anything else is a double."""
        if isinstance(value, bool):
            return cls("int", int(value), int(value))
        if isinstance(value, (int, np.integer)):
            return cls("int", int(value), int(value))
        number = numeric(value, "The value of a constant")
        return cls("double", number, number)

    @classmethod
    def of_array(cls, values: NDArray[Any]) -> PixelType:
        """Return the type of a constant array: integers' range is that of the values, else a double."""
        if values.dtype.kind in "biu" and values.size:
            return cls("int", int(values.min()), int(values.max()), values.ndim)
        return cls("double", None, None, values.ndim)

    @property
    def integral(self) -> bool:
        """Whether pixels are integers."""
        return self.precision == "int"

    @property
    def range(self) -> tuple[float, float]:
        """Smallest and largest value; infinite where unknown."""
        low = -np.inf if self.low is None else self.low
        high = np.inf if self.high is None else self.high
        return low, high

    @property
    def dtype(self) -> np.dtype[Any]:
        """The NumPy type that holds every value."""
        if self.precision == "float":
            return np.dtype(np.float32)
        if self.precision == "double":
            return np.dtype(np.float64)
        low, high = self.range
        for name in _INTEGERS:
            if _RANGES[name][0] <= low and high <= _RANGES[name][1]:
                return np.dtype(name)
        return np.dtype(np.int64)

    def union(self, other: PixelType) -> PixelType:
        """Return the narrowest type that holds the values of both."""
        order = ("int", "float", "double")
        precision = order[max(order.index(self.precision), order.index(other.precision))]
        if {self.precision, other.precision} == {"int", "float"}:
            whole = self if self.integral else other
            if max(abs(v) for v in whole.range) > 2**24:  # a 32-bit float holds integers up to 2**24
                precision = "double"
        bounded = None not in (self.low, self.high, other.low, other.high)
        low = min(self.range[0], other.range[0]) if bounded else None
        high = max(self.range[1], other.range[1]) if bounded else None
        return PixelType(precision, low, high, max(self.dimensions, other.dimensions))

    def ranged(self, low: float, high: float) -> PixelType:
        """Return the same precision with a new range; an integer's is clipped to 64 bits."""
        if self.integral:
            least, most = _RANGES["int64"]
            low, high = max(low, least), min(high, most)
            return PixelType("int", int(low), int(high), self.dimensions)
        if not (np.isfinite(low) and np.isfinite(high)):
            return PixelType(self.precision, None, None, self.dimensions)
        return PixelType(self.precision, float(low), float(high), self.dimensions)

    def plain(self) -> PixelType:
        """Return the type without array dimensions."""
        return self.array(0)

    def array(self, dimensions: int) -> PixelType:
        """Return the type of array pixels with this element type."""
        return PixelType(self.precision, self.low, self.high, dimensions)

    def cast(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return `values` in this type: truncated towards zero and clamped to the range (no wrap-around)."""
        dtype = self.dtype
        if values.dtype == dtype:
            return values
        if is_packed(values):
            return recast(values, self.cast)
        if not self.integral:
            return values.astype(dtype)
        info = np.iinfo(dtype)
        if values.dtype.kind == "f":
            values = np.nan_to_num(values, nan=0.0, posinf=info.max, neginf=info.min)
            wide = np.clip(np.trunc(values), float(info.min), float(info.max))
            if dtype == np.int64:  # 2**63 as a float is one more than int64 holds
                wide = np.clip(wide, -(2.0**63), np.nextafter(2.0**63, 0))
            return np.asarray(wide.astype(dtype))
        if values.dtype.kind == "b" or np.can_cast(values.dtype, dtype):
            return values.astype(dtype)
        return np.asarray(np.clip(values, info.min, info.max).astype(dtype))

    def to_json(self) -> dict[str, Any]:
        """Return the service's description of the type."""
        answer: dict[str, Any] = {"type": "PixelType", "precision": self.precision}
        if self.low is not None and self.high is not None:
            answer |= {"min": self.low, "max": self.high}
        if self.dimensions:
            answer["dimensions"] = self.dimensions
        return answer


FLOAT = PixelType("float")
DOUBLE = PixelType("double")
BOOLEAN = PixelType("int", 0, 1)
INT64 = PixelType("int", *_RANGES["int64"])
