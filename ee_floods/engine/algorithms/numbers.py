"""Numbers: ranges, formatting, parsing and expressions."""

from __future__ import annotations

import re
from typing import Any

from ee_floods.engine.errors import bad_request
from ee_floods.engine.expression import evaluate_expression
from ee_floods.engine.registry import algorithm


@algorithm("Number.clamp")
def clamp(value: float, low: float, high: float) -> float:
    """Limited to a range."""
    return min(max(value, low), high)


@algorithm("Number.unitScale")
def unit_scale(value: float, low: float, high: float) -> float:
    """`low` becomes 0 and `high` 1."""
    if low == high:
        raise bad_request(f"The ends of the range must differ, received {low} twice.")
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
