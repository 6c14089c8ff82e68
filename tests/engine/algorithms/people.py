"""A table of people, some of whose properties are missing, as plain Python and as a feature collection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ee

DAY = 86_400_000
NEW_YEAR = 1_640_995_200_000  # 2022-01-01T00:00Z

PEOPLE: list[dict[str, Any]] = [
    {"name": "Ada", "n": 3, "x": 2.5, "tags": ["a", "b"], "at": (0.0, 0.0), "day": 0},
    {"name": "Bo", "n": -1, "tags": ["b"], "at": (0.0, 1.0), "day": 45},
    {"name": "Cy", "x": -4.5, "tags": [], "at": (2.0, 1.0), "day": 180},
    {"name": "Dan", "n": 3, "x": 0.0, "at": (3.0, 3.5), "day": 364},
    {"name": "Eda", "n": 7, "x": 2.5, "tags": ["c", "a"], "day": 200},
    {"name": "fay", "n": 0, "x": 1e6, "tags": ["A"], "at": (-3.0, -1.0), "day": 270},
]
"""`at` is longitude and latitude, `day` the day of 2022; Eda is nowhere."""


def people(rows: list[dict[str, Any]] | None = None) -> ee.FeatureCollection:
    """Return the table, or some rows of it, as features with `system:time_start`."""
    features = []
    for row in PEOPLE if rows is None else rows:
        point = ee.Geometry.Point(row["at"]) if "at" in row else None
        properties = {k: v for k, v in row.items() if k not in ("at", "day")}
        if "day" in row:
            properties["system:time_start"] = NEW_YEAR + row["day"] * DAY
        features.append(ee.Feature(point, properties))
    return ee.FeatureCollection(features)


def names(condition: Callable[[dict[str, Any]], bool]) -> list[str]:
    """Return the names for which a condition holds."""
    return [row["name"] for row in PEOPLE if condition(row)]


def values(key: str) -> list[Any]:
    """Return the values that are there."""
    return [row[key] for row in PEOPLE if key in row]
