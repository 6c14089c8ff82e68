"""Images pixel by pixel against NumPy and SciPy: arithmetic, logic, bits, functions, casts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ee
import numpy as np
from scipy import special

from tests.engine.algorithms.case import HOLES, STORED, Case

N = STORED["C/whole"]["n"].astype(np.int64)
M = STORED["C/whole"]["m"].astype(np.int64)
X = STORED["C/holes"]["x"]
VV, VH = STORED["C/a"]["VV"].astype(float), STORED["C/a"]["VH"].astype(float)


def n() -> ee.Image:
    """Whole numbers, -50..50."""
    return ee.Image("C/whole").select("n")


def m() -> ee.Image:
    """Whole numbers, 0..20."""
    return ee.Image("C/whole").select("m")


def x() -> ee.Image:
    """Floats in -1..1 with holes."""
    return ee.Image("C/holes")


def holed(values: Any) -> np.ma.MaskedArray:
    """Masked where `C/holes` is."""
    return np.ma.MaskedArray(values, HOLES == 0)


def _case(name: str, arguments: list[Any], truth: Any, tag: str, **more: Any) -> Case:
    return Case(f"Image.{name}", arguments, truth, pixels=True, name=tag, **more)


def _trunc_mod(a: Any, b: Any) -> Any:
    return np.where(b == 0, 0, np.fmod(a, np.where(b == 0, 1, b)))


def _ratio(a: Any, b: Any) -> Any:
    return np.where(b == 0, 0, a / np.where(b == 0, 1, b))


_PAIRS: dict[str, Callable[[Any, Any], Any]] = {
    "add": np.add, "subtract": np.subtract, "multiply": np.multiply, "mod": _trunc_mod,
    "max": np.maximum, "min": np.minimum, "and": np.logical_and, "or": np.logical_or,
    "lt": np.less, "lte": np.less_equal, "gt": np.greater, "gte": np.greater_equal, "eq": np.equal,
    "neq": np.not_equal, "bitwiseAnd": np.bitwise_and, "bitwiseOr": np.bitwise_or,
    "bitwiseXor": np.bitwise_xor, "bitwise_and": np.bitwise_and, "bitwise_or": np.bitwise_or,
    "bitwise_xor": np.bitwise_xor, "firstNonZero": lambda a, b: np.where(a != 0, a, b),
    "first_nonzero": lambda a, b: np.where(a != 0, a, b),
}  # fmt: skip
_WIDE: dict[str, Callable[[Any, Any], Any]] = {
    "divide": _ratio, "hypot": np.hypot, "pow": np.power,
}  # fmt: skip
CASES = [_case(name, [n, m], function(N, M), "whole") for name, function in _PAIRS.items()]
CASES += [
    _case(name, [n, m], function(N.astype(float), M), "whole", rtol=1e-6) for name, function in _WIDE.items()
]
CASES += [
    _case(name, [x, lambda: n().divide(50)], holed(function(X.astype(float), N / 50)), "masked", rtol=2e-6,
          atol=1e-6)
    for name, function in {**_PAIRS, "divide": _ratio,
        "hypot": np.hypot}.items() if "itwise" not in name and "ero" not in name
]  # fmt: skip
CASES += [
    # The right operand stands for the left one's type alone: `first` is the identity of its left operand.
    Case("Image.first", [m, lambda: n().rename("k")], {"k": {"type": "PixelType", "precision": "int",
        "min": -32768,
         "max": 32767}}, ask=lambda i: i.rename("k").bandTypes(), name="type"),
    _case("first", [lambda: ee.Image("C/whole").select("n"), lambda: ee.Image("C/a")], N, "pairs",
        mutant=False),
    Case("Image.first", [n, lambda: ee.Image("C/a")], ["VV", "VH"], ask=lambda i: i.bandNames(),
        name="names"),
    _case("atan2", [n, m], np.arctan2(M, N), "angle of (x, y)"),
    _case("leftShift", [n, lambda: m().mod(5)], N << (M % 5), "left"),
    _case("leftShift", [n, -2], N >> 2, "negative is right"),
    _case("left_shift", [n, 3], N << 3, "left"),
    _case("rightShift", [n, lambda: m().mod(5)], N >> (M % 5), "right"),
    _case("right_shift", [n, 3], N >> 3, "right"),
    _case("gammainc", [lambda: m().add(1), lambda: n().abs().add(1).divide(10)],
          special.gammainc((np.abs(N) + 1) / 10, M + 1.0), "scipy", rtol=2e-6),
]  # fmt: skip
"""`C/whole` and `C/holes` together hold negatives, zeros, equal values and masks."""

_WHOLE_UNARY: dict[str, Callable[[Any], Any]] = {
    "abs": np.abs, "not": lambda v: v == 0, "signum": np.sign, "bitwiseNot": np.invert,
        "bitwise_not": np.invert,
    "bitCount": lambda v: np.array([bin(int(k) % 2**64).count("1") for k in v.ravel()]).reshape(v.shape),
}  # fmt: skip
_HALVES: dict[str, Callable[[Any], Any]] = {
    "floor": np.floor, "ceil": np.ceil, "round": lambda v: np.floor(v + 0.5), "abs": np.abs,
        "signum": np.sign,
    "not": lambda v: v == 0,
}  # fmt: skip
_ANY: dict[str, Callable[[Any], Any]] = {
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan,
    "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh, "exp": np.exp, "cbrt": np.cbrt, "erf": special.erf,
    "erfc": special.erfc, "erfInv": special.erfinv,
}  # fmt: skip
_POSITIVE: dict[str, Callable[[Any], Any]] = {
    "sqrt": np.sqrt, "log": np.log, "log10": np.log10, "gamma": special.gamma, "digamma": special.digamma,
    "trigamma": lambda v: special.polygamma(1, v),
}  # fmt: skip
CASES += [_case(name, [n], function(N), "whole") for name, function in _WHOLE_UNARY.items()]
CASES += [
    _case(name, [lambda: n().divide(4)], function(N / 4), "quarters") for name, function in _HALVES.items()
]
CASES += [
    _case(name, [x], holed(function(X.astype(float))), "scipy", rtol=2e-6, atol=1e-6)
    for name, function in _ANY.items()
]
CASES += [
    _case(name, [lambda: m().add(1)], function(M + 1.0), "scipy", rtol=1e-9)
    for name, function in _POSITIVE.items()
]
CASES += [_case("erfcInv", [lambda: m().add(1).divide(11.0)], special.erfcinv((M + 1) / 11.0), "scipy",
    rtol=1e-6,
                atol=1e-6)]  # fmt: skip


_WIDTHS = {"Uint8": "uint8", "Int8": "int8", "Uint16": "uint16", "Int16": "int16", "Uint32": "uint32",
           "Int32": "int32", "Byte": "uint8", "Short": "int16", "Int": "int32"}  # fmt: skip


def _cast(name: str, dtype: str) -> list[Case]:
    """Truncated towards zero, and held at the ends of the range (no wrap-around)."""
    info = np.iinfo(dtype)
    scale = (info.max // 32) if info.max > 1000 else 7
    wide = N.astype(float) * scale + 0.75 * np.sign(N)
    truth = np.clip(np.trunc(wide), info.min, info.max)
    where: list[Any] = [lambda: n().double().multiply(scale).add(n().signum().multiply(0.75))]
    return [_case(name, where, truth, "clamped")]


for _name, _dtype in _WIDTHS.items():
    CASES += _cast(_name[0].lower() + _name[1:], _dtype) + _cast(f"to{_name}", _dtype)
for _name in ("int64", "long", "toInt64", "toLong"):
    CASES.append(_case(_name, [lambda: n().divide(4)], np.trunc(N / 4), "towards zero"))
for _name, _precision in (
    ("float", "float"),
    ("toFloat", "float"),
    ("double", "double"),
    ("toDouble", "double"),
):
    CASES.append(
        Case(f"Image.{_name}", [n], {"n": {"type": "PixelType", "precision": _precision}},
             ask=lambda image: image.bandTypes(), name="type")
    )  # fmt: skip
    CASES.append(
        _case(_name, [lambda: n().divide(3)], (N / 3).astype(np.float32) if _precision == "float" else N / 3,
              "digits", rtol=1e-15 if _precision == "float" else 1e-7, mutant=False)
    )  # fmt: skip
