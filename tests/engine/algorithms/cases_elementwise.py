"""Numbers and arrays element by element, against NumPy and SciPy."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy import special

from tests.engine.algorithms.case import Case

WHOLE = ([-7, 7, 12, 0, 5, -9], [3, -3, 10, 5, 0, -2])
REAL = ([-7.5, 7.5, 0.25, 0.0, 2.5, -0.5], [2.0, -2.0, 4.0, 1.5, 0.0, -0.25])

Pair = Callable[[Any, Any], Any]


def _ratio(a: Any, b: Any) -> Any:
    return np.where(b == 0, 0, a / np.where(b == 0, 1, b))


def _java_mod(a: Any, b: Any) -> Any:
    return np.where(b == 0, 0, np.fmod(a, np.where(b == 0, 1, b)))


def _nonzero(a: Any, b: Any) -> Any:
    return np.where(a != 0, a, b)


PAIRS: dict[str, Pair] = {
    "add": np.add, "subtract": np.subtract, "multiply": np.multiply, "divide": _ratio, "mod": _java_mod,
    "max": np.maximum, "min": np.minimum, "firstNonZero": _nonzero, "first_nonzero": _nonzero,
    "and": np.logical_and, "or": np.logical_or, "lt": np.less, "lte": np.less_equal, "gt": np.greater,
    "gte": np.greater_equal, "eq": np.equal, "neq": np.not_equal, "hypot": np.hypot,
    "atan2": lambda x, y: np.arctan2(y, x),
}  # fmt: skip
"""Of any two numbers; `atan2` is the angle of the vector [left, right], as apidocs/ee-number-atan2 prints."""

BITS: dict[str, Pair] = {
    "bitwiseAnd": np.bitwise_and, "bitwise_and": np.bitwise_and, "bitwiseOr": np.bitwise_or,
    "bitwise_or": np.bitwise_or, "bitwiseXor": np.bitwise_xor, "bitwise_xor": np.bitwise_xor,
}  # fmt: skip

SHIFTS: dict[str, Pair] = {
    "leftShift": np.left_shift, "left_shift": np.left_shift, "rightShift": np.right_shift,
    "right_shift": np.right_shift,
}  # fmt: skip

_G = 607 / 128


def _lanczos(v: Any) -> Any:
    """What gamma(v) asks of its Lanczos sum: SciPy's gamma solved for it."""
    t = v + _G + 0.5
    return v * special.gamma(v) * np.exp(t) / (math.sqrt(2 * math.pi) * t ** (v + 0.5))


UNARY: dict[str, tuple[Callable[[Any], Any], list[float]]] = {
    "sin": (np.sin, [-2.5, 0.5]), "cos": (np.cos, [-2.5, 0.5]), "tan": (np.tan, [-1.2, 0.5]),
    "asin": (np.arcsin, [-0.9, 0.4]), "acos": (np.arccos, [-0.9, 0.4]), "atan": (np.arctan, [-3.0, 0.4]),
    "sinh": (np.sinh, [-2.0, 0.5]), "cosh": (np.cosh, [-2.0, 0.5]), "tanh": (np.tanh, [-2.0, 0.5]),
    "sqrt": (np.sqrt, [2.0, 30.25]), "log": (np.log, [0.5, 9.0]), "log10": (np.log10, [0.5, 1000.0]),
    "exp": (np.exp, [-1.5, 2.0]), "cbrt": (np.cbrt, [-27.0, 2.0]), "gamma": (special.gamma, [-1.5, 0.5, 5.0]),
    "digamma": (special.digamma, [-1.5, 0.5, 5.0]),
    "trigamma": (lambda v: special.polygamma(1, v), [0.5, 5.0]), "erf": (special.erf, [-0.7, 0.3]),
    "erfc": (special.erfc, [-0.7, 0.3]), "erfInv": (special.erfinv, [-0.7, 0.3]),
    "erfcInv": (special.erfcinv, [0.3, 1.7]), "lanczos": (_lanczos, [0.5, 1.0, 3.25, 12.0]),
    "abs": (np.abs, [-2.5, 3.0]), "floor": (np.floor, [-2.5, 2.5]), "ceil": (np.ceil, [-2.5, 2.5]),
    "round": (lambda v: np.floor(v + 0.5), [-2.5, -1.5, 0.5, 2.4]),
    "signum": (np.sign, [-2.5, 0.0, 3.0]), "not": (lambda v: v == 0, [-2.5, 0.0, 3.0]),
}  # fmt: skip

OF_WHOLE: dict[str, tuple[Callable[[int], int], list[int]]] = {
    "bitwiseNot": (lambda v: ~v, [-3, 5, 0]), "bitwise_not": (lambda v: ~v, [-3, 5, 0]),
    "bitCount": (lambda v: (v & (2**64 - 1)).bit_count(), [-3, 5, 255]),
}  # fmt: skip

KINDS = {
    "uint8": np.uint8, "int8": np.int8, "uint16": np.uint16, "int16": np.int16, "uint32": np.uint32,
    "int32": np.int32, "int64": np.int64, "byte": np.uint8, "short": np.int16, "int": np.int32,
    "long": np.int64,
}  # fmt: skip


def _numbers() -> Iterator[Case]:
    for name, function in PAIRS.items():
        for kind, (left, right) in (("whole", WHOLE), ("real", REAL)):
            for place in range(len(left)):
                # Where the left number is the answer, another pair of the same operation tells.
                truth = float(function(np.float64(left[place]), np.float64(right[place])))
                yield Case(f"Number.{name}", [left[place], right[place]], truth, name=f"{kind}-{place}",
                           mutant=truth != left[place])  # fmt: skip
    for name, function in BITS.items():
        yield Case(f"Number.{name}", [-13, 6], int(function(-13, 6)))
        yield Case(f"Number.{name}", [2**40 + 5, 12], int(function(2**40 + 5, 12)), name="beyond 32 bits")
    for name, function in SHIFTS.items():
        yield Case(f"Number.{name}", [-13, 2], int(function(-13, 2)))
    yield Case("Number.leftShift", [20, -2], 5, name="a negative shift goes the other way")
    yield Case("Number.first", [3, 8], 3, mutant=False)
    yield Case("Number.pow", [2.5, -2], 2.5**-2)
    yield Case("Number.pow", [3, 30], 3**30, name="whole", rtol=1e-15)
    yield Case("Number.gammainc", [2.5, 1.5], special.gammainc(1.5, 2.5))
    for name, (unary, values) in UNARY.items():
        for value in values:
            truth = float(unary(np.float64(value)))
            yield Case(f"Number.{name}", [value], truth, name=f"{value}", mutant=truth != value)
    for name, (of_whole, wholes) in OF_WHOLE.items():
        for whole in wholes:
            yield Case(f"Number.{name}", [whole], of_whole(whole), name=f"{whole}")
    for name, kind in KINDS.items():
        low, high = int(np.iinfo(kind).min), int(np.iinfo(kind).max)
        for alias in (name, f"to{name[0].upper()}{name[1:]}"):
            yield Case(f"Number.{alias}", [1.7], 1, name="cut off", source="apidocs/ee-number-tobyte")
            yield Case(f"Number.{alias}", [-1e30], low, name="clamped below", rtol=0)
            yield Case(f"Number.{alias}", [1e30], high, name="clamped above", rtol=1e-15)
    for name in ("float", "toFloat"):
        yield Case(f"Number.{name}", [0.1], float(np.float32(0.1)), rtol=0)
    for name in ("double", "toDouble"):
        yield Case(f"Number.{name}", [2**60 + 1], str(2**60), lambda number: number.format("%d"))
    yield Case("Number.clamp", [7.5, -2, 5], 5)
    yield Case("Number.clamp", [-7.5, -2, 5], -2, name="below")
    yield Case("Number.unitScale", [7.5, 5, 15], 0.25)


def _arrays() -> Iterator[Case]:
    for name, function in PAIRS.items():
        for kind, (left, right) in (("whole", WHOLE), ("real", REAL)):
            yield Case(f"Array.{name}", [left, right], function(np.array(left), np.array(right)), name=kind)
        yield Case(f"Array.{name}", [[[2, -3], [4, 0]], 3], function(np.array([[2, -3], [4, 0]]), 3),
                   name="array and number")  # fmt: skip
    for name, function in (BITS | SHIFTS).items():
        left, right = [-13, 12, 2**40 + 5], [2, 6, 3]
        yield Case(f"Array.{name}", [left, right], function(np.array(left), np.array(right)))
    yield Case("Array.first", [[3, -1], [8, 9]], [3, -1], mutant=False)
    yield Case("Array.pow", [[2.5, 4.0], [-2.0, 0.5]], [2.5**-2, 2.0])
    yield Case("Array.pow", [[3, 10], [7, -2]], np.power(np.float32([3, 10]), np.float32([7, -2])),
               name="whole numbers give 32-bit floats", source="apidocs/ee-array-pow", rtol=0)  # fmt: skip
    yield Case("Array.gammainc", [[2.5, 0.5], [1.5, 3.0]], special.gammainc([1.5, 3.0], [2.5, 0.5]))
    for name, (unary, values) in UNARY.items():
        yield Case(f"Array.{name}", [values], unary(np.array(values)))
    for name, (of_whole, wholes) in OF_WHOLE.items():
        yield Case(f"Array.{name}", [wholes], [of_whole(whole) for whole in wholes])
    for name, kind in KINDS.items():
        low, high = int(np.iinfo(kind).min), int(np.iinfo(kind).max)
        for alias in (name, f"to{name[0].upper()}{name[1:]}"):
            yield Case(f"Array.{alias}", [[-1e30, -0.1, 0.5, 1.4, 1e30]], [low, 0, 1, 1, high],
                       source="apidocs/ee-array-byte", rtol=1e-15)  # fmt: skip
    for name in ("float", "toFloat"):
        yield Case(f"Array.{name}", [[0.1, 3]], [float(np.float32(0.1)), 3], rtol=0)
    for name in ("double", "toDouble"):
        yield Case(f"Array.{name}", [[3, 7]], [3.0**30, 7.0**15], lambda a: a.pow([30, 15]), rtol=1e-15)


CASES = [*_numbers(), *_arrays()]
