"""What arguments have to fulfil beyond their types, checked where they come in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from ee_floods.engine.errors import bad_request

__all__ = ["MOST_DIMENSIONS", "check_dimensions", "lookup_table", "numeric", "pattern", "texts"]

MOST_DIMENSIONS = 30
"""Axes that an array may have: NumPy stops at 64, and pixels need some before and between them."""


def lookup_table(
    keys: Sequence[Any], values: Sequence[Any], key_name: str, value_name: str
) -> dict[Any, Any]:
    """Return two lists as a dictionary.

    Raises:
        EngineError: If the lists are not equally long, or a key is no plain value.
    """
    if len(keys) != len(values):
        raise bad_request(
            f"Parameters '{key_name}' and '{value_name}' must have the same length, "
            f"received {len(keys)} and {len(values)}."
        )
    for key in keys:
        if not isinstance(key, (str, int, float, bool, type(None))):
            raise bad_request(
                f"Parameter '{key_name}' must hold numbers and strings, received {str(key)[:100]}."
            )
    return dict(zip(keys, values, strict=True))


def pattern(text: str) -> re.Pattern[str]:
    """Return a compiled regular expression.

    Raises:
        EngineError: If it is none.
    """
    try:
        return re.compile(text)
    except re.error as error:
        raise bad_request(f"Invalid regular expression '{text[:100]}': {error}.") from error


def numeric(value: Any, what: str) -> float:
    """Return a value as a number; text that spells one counts.

    Raises:
        EngineError: If it is none.
    """
    if isinstance(value, (str, int, float, np.number)):
        try:
            return float(value)
        except (OverflowError, ValueError):
            pass
    shown = repr(value)[:100] if isinstance(value, (str, list, dict)) else f"<{type(value).__name__}>"
    raise bad_request(f"{what} must be a number, received {'null' if value is None else shown}.")


def texts(value: Any, name: str) -> list[str]:
    """Return a string or a list of strings as a list.

    Raises:
        EngineError: If it is neither.
    """
    if value is None:
        return []
    if isinstance(value, str):
        return [value]
    if isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value):
        return list(value)
    raise bad_request(f"Parameter '{name}' must be a string or a list of strings.")


def check_dimensions(count: int) -> None:
    """Raise if an array would have more axes than the engine works with."""
    if count > MOST_DIMENSIONS:
        raise bad_request(f"Arrays may have up to {MOST_DIMENSIONS} dimensions, not {count}.")
