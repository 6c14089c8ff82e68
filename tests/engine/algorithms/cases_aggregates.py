"""Aggregates of collections against NumPy and pandas; missing values are left out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from tests.engine.algorithms.case import Case
from tests.engine.algorithms.people import PEOPLE, people, values


def _aggregate(name: str, key: str, truth: Any, label: str = "", **more: Any) -> Case:
    return Case(f"AggregateFeatureCollection.{name}", lambda: [people(), key], truth, name=label, **more)


def _empty(name: str, truth: Any) -> Case:
    return Case(f"AggregateFeatureCollection.{name}", lambda: [people(), "absent"], truth, name="of nothing")


CASES = [
    _aggregate("mean", "x", lambda: np.mean(values("x"))),
    _aggregate("sum", "x", lambda: np.sum(values("x"))),
    _aggregate("product", "n", lambda: np.prod(values("n"))),
    _aggregate("total_sd", "x", lambda: np.std(values("x"))),
    _aggregate("total_var", "x", lambda: np.var(values("x"))),
    _aggregate("sample_sd", "x", lambda: pd.Series(values("x")).std()),
    _aggregate("sample_var", "x", lambda: pd.Series(values("x")).var()),
    _aggregate("array", "n", lambda: values("n")),
    _aggregate("array", "name", lambda: values("name"), "text"),
    _aggregate("first", "x", 2.5),
    _aggregate("count", "n", lambda: len(values("n"))),
    _aggregate("count_distinct", "n", lambda: pd.Series(values("n")).nunique()),
    _aggregate("min", "x", lambda: min(values("x"))),
    _aggregate("min", "name", lambda: min(values("name")), "text"),
    _aggregate("max", "n", lambda: max(values("n"))),
    _aggregate("max", "name", lambda: max(values("name")), "text"),
    _aggregate(
        "histogram", "n", lambda: {str(k): int(v) for k, v in pd.Series(values("n")).value_counts().items()}
    ),
    _aggregate("histogram", "name", lambda: dict.fromkeys(values("name"), 1), "text"),
    _aggregate(
        "stats",
        "x",
        lambda: {
            "total_count": len(PEOPLE),
            "valid_count": len(values("x")),
            "sum": sum(values("x")),
            "sum_sq": sum(v * v for v in values("x")),
            "weight_sum": len(values("x")),
            "min": min(values("x")),
            "max": max(values("x")),
            "mean": np.mean(values("x")),
            "total_sd": np.std(values("x")),
            "total_var": np.var(values("x")),
            "sample_sd": np.std(values("x"), ddof=1),
            "sample_var": np.var(values("x"), ddof=1),
        },
    ),
    _empty("mean", None),
    _empty("sum", 0),
    _empty("count", 0),
    _empty("count_distinct", 0),
    _empty("array", []),
    _empty("max", None),
    _empty("first", None),
    _empty("histogram", {}),
]
