"""Features as arrays and distances, and descriptions."""

from __future__ import annotations

from typing import Any

import ee
import numpy as np
import pandas as pd
import pyproj

from tests.engine.algorithms.case import Case
from tests.engine.memory_library import UTM

_MIDDLES = UTM.transform[2] + 10 * (np.arange(64) + 0.5), UTM.transform[5] - 10 * (np.arange(64) + 0.5)
WELL = (500_203.0, 2_999_548.0)
"""A point inside the test grid, metres; its side of the river at x = 500 450 is the west."""


def _place(x: float, y: float) -> list[float]:
    return list(pyproj.Transformer.from_crs(UTM.crs, "EPSG:4326", always_xy=True).transform(x, y))


def features() -> Any:
    rows = [{"a": 1, "b": 2.5}, {"a": 3}, {"a": "x", "b": 4}, {"a": -1, "b": 0}]
    return ee.FeatureCollection([ee.Feature(None, row) for row in rows])


def near() -> Any:
    river = ee.Geometry.LineString([[500_450, 2_999_000], [500_450, 3_001_000]], UTM.crs, False)
    return ee.FeatureCollection([ee.Feature(ee.Geometry.Point(_place(*WELL))), ee.Feature(river)])


def _metres() -> Any:
    """Distances in the grid's plane, whose scale is 0.9996 on the central meridian."""
    x, y = np.meshgrid(*_MIDDLES)
    found = np.minimum(np.hypot(x - WELL[0], y - WELL[1]), np.abs(x - 500_450)) / 0.9996
    return np.ma.MaskedArray(found, found > 200)


SPANS = ["2022-11-01", "2023-02-01"]
MONTHS = [int(day.timestamp() * 1000) for day in pd.date_range(*SPANS, freq="MS", tz="UTC")]

CASES = [
    Case(
        "FeatureCollection.makeArray",
        [features, ["a", "b"], "both"],
        [[1, 2.5], [-1, 0]],
        ask=lambda f: f.aggregate_array("both"),
    ),
    Case("Collection.distance", [near, 200], _metres, pixels=True, atol=0.05),
    Case(
        "Describe",
        lambda: [ee.Feature(ee.Geometry.Point([1, 2]), {"a": 3})],
        [3, "Feature"],
        ask=lambda d: ee.List(
            [ee.Dictionary(ee.Dictionary(d).get("properties")).get("a"), ee.Dictionary(d).get("type")]
        ),
    ),
    Case(
        "DateRangeCollection",
        [MONTHS[0], MONTHS[-1], 1, "month"],
        MONTHS[:-1],
        ask=lambda f: ee.List(f.aggregate_array("date_range")).map(
            lambda span: ee.DateRange(span).start().millis()
        ),
    ),
]
