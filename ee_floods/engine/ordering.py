"""The order of values of different types: numbers, then strings, then anything else; null last."""

from __future__ import annotations

from typing import Any

import numpy as np

from ee_floods.engine.values.elements import Date

__all__ = ["comparable", "sort_key"]


def comparable(value: Any) -> Any:
    """Return a value with dates as milliseconds and NumPy scalars as Python's."""
    if isinstance(value, Date):
        return value.millis
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, bool):
        return int(value)
    return value


def sort_key(value: Any) -> tuple[int, Any]:
    """Return a key that orders any values."""
    value = comparable(value)
    if value is None:
        return 3, 0
    if isinstance(value, (int, float)):
        return 0, value
    if isinstance(value, str):
        return 1, value
    if isinstance(value, (list, tuple)):
        return 2, tuple(sort_key(item) for item in value)
    return 2, (repr(value),)
