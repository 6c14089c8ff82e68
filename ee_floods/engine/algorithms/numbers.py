"""Numbers: the table of arithmetic applied to plain numbers, formatting and parsing."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from ee_floods.engine.arithmetic import BINARY, CASTS, UNARY, Binary, Unary
from ee_floods.engine.errors import bad_request
from ee_floods.engine.expression import evaluate_expression
from ee_floods.engine.registry import algorithm, register
from ee_floods.engine.values.pixeltype import PixelType


def _plain(values: Any) -> float | int:
    """A NumPy result as a Python number; booleans become 0 and 1."""
    value = np.asarray(values).item()
    return int(value) if isinstance(value, bool) else value


def _wide(value: float) -> Any:
    """A number as a 64-bit array: Number arithmetic never rounds to 32 bits."""
    return np.asarray(value, np.int64 if isinstance(value, int) and abs(value) < 2**63 else np.float64)


def _binary(name: str, operation: Binary) -> None:
    register(f"Number.{name}", lambda a, b: _plain(operation.function(_wide(a), _wide(b))))


def _unary(name: str, operation: Unary) -> None:
    register(f"Number.{name}", lambda a: _plain(operation.function(_wide(a))))


def _cast(names: tuple[str, ...], type_: PixelType) -> None:
    for name in names:
        register(f"Number.{name}", lambda a: _plain(type_.cast(_wide(a))))


for _name, _operation in BINARY.items():
    _binary(_name, _operation)
for _name, _function in UNARY.items():
    _unary(_name, _function)
for _name, _target in CASTS.items():
    _cast((_name, f"to{_name[0].upper()}{_name[1:]}"), PixelType.named(_target))


@algorithm("Number.clamp")
def clamp(value: float, low: float, high: float) -> float:
    """Limited to a range."""
    return min(max(value, low), high)


@algorithm("Number.unitScale")
def unit_scale(value: float, low: float, high: float) -> float:
    """`low` becomes 0 and `high` 1."""
    return (value - low) / (high - low)


@algorithm("Number.format")
def format_number(value: float, pattern: str) -> str:
    """A number by a printf pattern; `%s` prints integers without a point."""
    try:
        if re.search(r"%[-+ 0#,]*\d*[dxXo]", pattern):
            if isinstance(value, float) and not value.is_integer():
                raise bad_request(f"Illegal value for Number.format: {value} is not an integer ({pattern}).")
            return pattern.replace(",", "") % int(value)
        if "%s" in pattern:
            from ee_floods.engine.algorithms.strings import text_of

            return pattern % text_of(value)
        return pattern % value
    except (TypeError, ValueError) as error:
        raise bad_request(f"Invalid format '{pattern}'.") from error


@algorithm("Number.parse")
def parse(text: str, radix: int) -> float | int:
    """A number from text."""
    try:
        return int(text, radix) if radix != 10 or re.fullmatch(r"\s*[-+]?\d+\s*", text) else float(text)
    except ValueError as error:
        raise bad_request(f"Cannot parse '{text}' as a number.") from error


@algorithm("Number.expression")
def expression(text: str, variables: dict[str, Any] | None) -> Any:
    """The value of an arithmetic expression of numbers."""
    return evaluate_expression(text, dict(variables or {}))
