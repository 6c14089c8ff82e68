"""Operations on numbers, one table for images, numbers and arrays: functions and types of results."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from ee_floods.engine.values.pixeltype import BOOLEAN, DOUBLE, PixelType

__all__ = ["BINARY", "CASTS", "UNARY", "Binary", "Unary"]

Values = NDArray[Any]


@dataclass(frozen=True)
class Unary:
    """An operation on one value."""

    function: Callable[[Values], Values]
    typing: Callable[[PixelType], PixelType]


@dataclass(frozen=True)
class Binary:
    """An operation on two values."""

    function: Callable[[Values, Values], Values]
    typing: Callable[[PixelType, PixelType], PixelType]


def _real(type_: PixelType) -> PixelType:
    """The result of a function of real numbers: 32 bits stay 32 bits, anything else is a double."""
    return PixelType("float") if type_.precision == "float" else DOUBLE


def _real2(a: PixelType, b: PixelType) -> PixelType:
    union = a.union(b)
    return PixelType("float") if union.precision == "float" else DOUBLE


def _boolean(a: PixelType, b: PixelType) -> PixelType:
    return BOOLEAN


def _union(a: PixelType, b: PixelType) -> PixelType:
    return a.union(b)


def _interval(combine: Callable[[tuple[float, float], tuple[float, float]], tuple[float, float]]) -> Any:
    """Type rule of an operation whose range follows from the operands' ranges: integers never wrap around."""

    def typing(a: PixelType, b: PixelType) -> PixelType:
        union = a.union(b)
        low, high = combine(a.range, b.range)
        if math.isnan(low) or math.isnan(high):
            low, high = -math.inf, math.inf
        if union.integral:
            return union.ranged(low, high)
        return PixelType(union.precision).ranged(low, high)

    return typing


def _product(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    corners = [x * y for x in a for y in b]
    return min(corners), max(corners)


def _wide(a: Values, b: Values) -> tuple[Values, Values]:
    """Operands wide enough that no integer wraps around."""
    if a.dtype.kind in "biu" and b.dtype.kind in "biu":
        return a.astype(np.int64, copy=False), b.astype(np.int64, copy=False)
    return _floats(a, b)


def _floats(a: Values, b: Values) -> tuple[Values, Values]:
    """Operands as floats: 32 bits if one is a 32-bit float and the other no wider."""
    kinds = {x.dtype.name for x in (a, b)}
    narrow = {"float32", "uint8", "int8", "uint16", "int16", "bool"}
    dtype = np.float32 if "float32" in kinds and kinds <= narrow else np.float64
    return a.astype(dtype, copy=False), b.astype(dtype, copy=False)


def _wider(function: Callable[[Values, Values], Values]) -> Callable[[Values, Values], Values]:
    return lambda a, b: function(*_wide(a, b))


def _divide(a: Values, b: Values) -> Values:
    a, b = _floats(a, b)
    with np.errstate(all="ignore"):
        return np.where(b == 0, 0, a / np.where(b == 0, 1, b))


def _divide_type(a: PixelType, b: PixelType) -> PixelType:
    return PixelType("float") if a.union(b).precision in ("int", "float") else DOUBLE


def _mod(a: Values, b: Values) -> Values:
    """Remainder with the sign of the dividend, as in Java; 0 for division by 0."""
    a, b = _wide(a, b)
    safe = np.where(b == 0, 1, b)
    return np.where(b == 0, 0, np.fmod(a, safe))


def _mod_type(a: PixelType, b: PixelType) -> PixelType:
    union = a.union(b)
    if not union.integral:
        return PixelType(union.precision)
    most = max(abs(v) for v in b.range)
    return union.ranged(0 if a.range[0] >= 0 else -most, most)


def _power(a: Values, b: Values) -> Values:
    """Powers: of whole numbers of 32 bits a 32-bit float, as apidocs/ee-array-pow prints them."""
    a, b = _floats(a, b) if a.dtype.kind == "f" or b.dtype.kind == "f" else _quotients(a, b)
    with np.errstate(all="ignore"):
        return np.power(a, b)


def _quotients(a: Values, b: Values) -> tuple[Values, Values]:
    """Whole numbers as floats: 32 bits unless one of them has 64."""
    dtype = np.float64 if max(a.dtype.itemsize, b.dtype.itemsize) > 4 else np.float32
    return a.astype(dtype), b.astype(dtype)


def _power_type(a: PixelType, b: PixelType) -> PixelType:
    union = a.union(b)
    narrow = union.precision == "float" or (union.integral and union.dtype.itemsize <= 4)
    return PixelType("float") if narrow else DOUBLE


def _bits(function: Callable[[Values, Values], Values]) -> Callable[[Values, Values], Values]:
    return lambda a, b: function(a.astype(np.int64), b.astype(np.int64))


def _bits_type(a: PixelType, b: PixelType) -> PixelType:
    if a.integral and b.integral and a.range[0] >= 0 and b.range[0] >= 0:
        most = max(a.range[1], b.range[1])
        return a.union(b).ranged(0, 2 ** max(int(most), 1).bit_length() - 1)
    return PixelType.named("int64")


def _shift_type(a: PixelType, b: PixelType) -> PixelType:
    return PixelType.named("int64")


def _left_shift(a: Values, b: Values) -> Values:
    a, b = a.astype(np.int64), b.astype(np.int64)
    return np.asarray(np.where(b >= 0, a << b.clip(0, 63), a >> (-b).clip(0, 63)))


def _quiet(function: Callable[[Values], Values]) -> Callable[[Values], Values]:
    def call(values: Values) -> Values:
        work = values if values.dtype in (np.float32, np.float64) else values.astype(np.float64)
        with np.errstate(all="ignore"):
            return function(work)

    return call


def _first_nonzero(a: Values, b: Values) -> Values:
    a, b = _wide(a, b)
    return np.where(a != 0, a, b)


BINARY: dict[str, Binary] = {
    "add": Binary(_wider(np.add), _interval(lambda a, b: (a[0] + b[0], a[1] + b[1]))),
    "subtract": Binary(_wider(np.subtract), _interval(lambda a, b: (a[0] - b[1], a[1] - b[0]))),
    "multiply": Binary(_wider(np.multiply), _interval(_product)),
    "divide": Binary(_divide, _divide_type),
    "max": Binary(_wider(np.maximum), _union),
    "min": Binary(_wider(np.minimum), _union),
    "first": Binary(lambda a, b: _wide(a, b)[0], _union),
    "firstNonZero": Binary(_first_nonzero, _union),
    "mod": Binary(_mod, _mod_type),
    "and": Binary(lambda a, b: (a != 0) & (b != 0), _boolean),
    "or": Binary(lambda a, b: (a != 0) | (b != 0), _boolean),
    "lt": Binary(np.less, _boolean),
    "lte": Binary(np.less_equal, _boolean),
    "gt": Binary(np.greater, _boolean),
    "gte": Binary(np.greater_equal, _boolean),
    "eq": Binary(np.equal, _boolean),
    "neq": Binary(np.not_equal, _boolean),
    "pow": Binary(_power, _power_type),
    "atan2": Binary(lambda x, y: np.arctan2(*_floats(y, x)), _real2),
    "hypot": Binary(lambda a, b: np.hypot(*_floats(a, b)), _real2),
    "bitwiseAnd": Binary(_bits(np.bitwise_and), _bits_type),
    "bitwiseOr": Binary(_bits(np.bitwise_or), _bits_type),
    "bitwiseXor": Binary(_bits(np.bitwise_xor), _bits_type),
    "leftShift": Binary(_left_shift, _shift_type),
    "rightShift": Binary(lambda a, b: _left_shift(a, -b.astype(np.int64)), _shift_type),
    "gammainc": Binary(lambda x, a: scipy.special.gammainc(*_floats(a, x)), _real2),
}
_ALIASES = {
    "first_nonzero": "firstNonZero", "bitwise_and": "bitwiseAnd", "bitwise_or": "bitwiseOr",
    "bitwise_xor": "bitwiseXor", "left_shift": "leftShift", "right_shift": "rightShift",
}  # fmt: skip
BINARY |= {alias: BINARY[name] for alias, name in _ALIASES.items()}


def _same(type_: PixelType) -> PixelType:
    return type_


def _absolute(type_: PixelType) -> PixelType:
    low, high = type_.range
    most = max(abs(low), abs(high))
    return type_.ranged(0 if low <= 0 <= high else min(abs(low), abs(high)), most)


def _int64(type_: PixelType) -> PixelType:
    return PixelType.named("int64")


def _to_boolean(type_: PixelType) -> PixelType:
    return BOOLEAN


def _whole(type_: PixelType) -> PixelType:
    """floor, ceil and round keep the precision; the range is not tracked."""
    return type_ if type_.integral else PixelType(type_.precision)


def _round(values: Values) -> Values:
    """Halves go up, as Java's `Math.round` does."""
    return np.floor(values + 0.5) if values.dtype.kind == "f" else values


def _bit_count(values: Values) -> Values:
    return np.bitwise_count(values.astype(np.int64).view(np.uint64)).astype(np.int64)


_LANCZOS = (
    0.99999999999999709182, 57.156235665862923517, -59.597960355475491248, 14.136097974741747174,
    -0.49191381609762019978, 0.33994649984811888699e-4, 0.46523628927048575665e-4, -0.98374475304879564677e-4,
    0.15808870322491248884e-3, -0.21026444172410488319e-3, 0.21743961811521264320e-3,
    -0.16431810653676389022e-3, 0.84418223983852743293e-4, -0.26190838401581408670e-4,
    0.36899182659531622704e-5,
)  # fmt: skip
"""Coefficients of the Lanczos approximation for g = 607/128 (P. Godfrey, 2001), as in Apache Commons Math."""


def _lanczos(values: Values) -> Values:
    """The sum that stands in the Lanczos approximation of the gamma function, 64 bits."""
    v = values.astype(np.float64)
    return np.asarray(_LANCZOS[0] + sum(c / (v + k) for k, c in reversed(list(enumerate(_LANCZOS[1:], 1)))))


_REAL: dict[str, Callable[[Values], Values]] = {
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan,
    "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh, "sqrt": np.sqrt, "log": np.log, "log10": np.log10,
    "exp": np.exp, "cbrt": np.cbrt, "gamma": lambda v: scipy.special.gamma(v),
    "digamma": lambda v: np.where((v <= 0) & (v == np.floor(v)), -np.inf, scipy.special.digamma(v)),
    "lanczos": lambda v: _lanczos(v),
    "trigamma": lambda v: scipy.special.polygamma(1, v),
    "erf": lambda v: scipy.special.erf(v), "erfc": lambda v: scipy.special.erfc(v),
    "erfInv": lambda v: scipy.special.erfinv(v), "erfcInv": lambda v: scipy.special.erfcinv(v),
}  # fmt: skip

UNARY: dict[str, Unary] = {
    **{name: Unary(_quiet(function), _real) for name, function in _REAL.items()},
    "abs": Unary(lambda v: np.abs(v.astype(np.int64) if v.dtype.kind in "biu" else v), _absolute),
    "floor": Unary(np.floor, _whole),
    "ceil": Unary(np.ceil, _whole),
    "round": Unary(_round, _whole),
    "signum": Unary(lambda v: np.sign(v.astype(np.int64) if v.dtype.kind in "bu" else v), _whole),
    "not": Unary(lambda v: v == 0, _to_boolean),
    "bitwiseNot": Unary(lambda v: ~v.astype(np.int64), _int64),
    "bitwise_not": Unary(lambda v: ~v.astype(np.int64), _int64),
    "bitCount": Unary(_bit_count, _int64),
}

CASTS = {
    "uint8": "uint8", "int8": "int8", "uint16": "uint16", "int16": "int16", "uint32": "uint32",
    "int32": "int32", "int64": "int64", "byte": "uint8", "short": "int16", "int": "int32", "long": "int64",
    "float": "float", "double": "double",
}  # fmt: skip
"""Casting algorithms (`uint8`, and `toUint8`) and the type they cast to."""
