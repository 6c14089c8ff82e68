"""Aggregates of one property of a collection; elements without it are left out."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ee_floods.engine.errors import bad_request
from ee_floods.engine.ordering import comparable, sort_key
from ee_floods.engine.registry import algorithm, register
from ee_floods.engine.values.collection import Collection
from ee_floods.engine.values.elements import element_get


def _values(collection: Collection, name: str) -> list[Any]:
    found = (comparable(element_get(element, name)) for element in collection)
    return [value for value in found if value is not None]


def _numbers(collection: Collection, name: str) -> np.ndarray[Any, Any]:
    values = _values(collection, name)
    if any(not isinstance(value, (int, float)) for value in values):
        raise bad_request(f"The property '{name}' is not a number in every element.")
    return np.array(values, np.float64)


def _of_numbers(name: str, function: Callable[[np.ndarray[Any, Any]], float], least: int = 1) -> None:
    def apply(collection: Collection, key: str) -> float | None:
        values = _numbers(collection, key)
        return float(function(values)) if values.size >= least else None

    register(f"AggregateFeatureCollection.{name}", apply)


_of_numbers("mean", np.mean)
_of_numbers("sum", np.sum, 0)
_of_numbers("product", np.prod, 0)
_of_numbers("total_sd", np.std)
_of_numbers("total_var", np.var)
_of_numbers("sample_sd", lambda v: np.std(v, ddof=1), 2)
_of_numbers("sample_var", lambda v: np.var(v, ddof=1), 2)


@algorithm("AggregateFeatureCollection.array")
def array(collection: Collection, name: str) -> list[Any]:
    """All values."""
    return _values(collection, name)


@algorithm("AggregateFeatureCollection.first")
def first(collection: Collection, name: str) -> Any:
    """The first element's value."""
    element = collection.first()
    return None if element is None else element_get(element, name)


@algorithm("AggregateFeatureCollection.count")
def count(collection: Collection, name: str) -> int:
    """How many elements have a value."""
    return len(_values(collection, name))


@algorithm("AggregateFeatureCollection.count_distinct")
def count_distinct(collection: Collection, name: str) -> int:
    """How many different values there are."""
    return len({sort_key(value) for value in _values(collection, name)})


@algorithm("AggregateFeatureCollection.min")
def least(collection: Collection, name: str) -> Any:
    """The smallest value."""
    return min(_values(collection, name), key=sort_key, default=None)


@algorithm("AggregateFeatureCollection.max")
def most(collection: Collection, name: str) -> Any:
    """The largest value."""
    return max(_values(collection, name), key=sort_key, default=None)


@algorithm("AggregateFeatureCollection.histogram")
def histogram(collection: Collection, name: str) -> dict[str, int]:
    """How often each value occurs."""
    from ee_floods.engine.algorithms.strings import text_of

    answer: dict[str, int] = {}
    for value in sorted(_values(collection, name), key=sort_key):
        whole = isinstance(value, float) and value.is_integer()
        key = str(int(value)) if whole else text_of(value)
        answer[key] = answer.get(key, 0) + 1
    return answer


@algorithm("AggregateFeatureCollection.stats")
def stats(collection: Collection, name: str) -> dict[str, Any]:
    """Count, sums, extremes, mean and deviations."""
    values = _numbers(collection, name)
    n = values.size
    found: dict[str, Any] = {
        "total_count": collection.size(), "valid_count": n, "sum": float(values.sum()),
        "sum_sq": math.fsum(values**2), "weight_sum": n,
    }  # fmt: skip
    if n:
        found |= {
            "min": float(values.min()), "max": float(values.max()), "mean": float(values.mean()),
            "total_sd": float(values.std()), "total_var": float(values.var()),
            "sample_sd": float(values.std(ddof=1)) if n > 1 else 0.0,
            "sample_var": float(values.var(ddof=1)) if n > 1 else 0.0,
        }  # fmt: skip
    return found
