"""Filters against conditions in plain Python, shapely and pyproj."""

from __future__ import annotations

import datetime as dt
import operator
from collections.abc import Callable
from typing import Any

import ee
from pyproj import Geod
from shapely.geometry import Point, box

from tests.engine.algorithms.case import Case
from tests.engine.algorithms.people import names, people

Row = dict[str, Any]

GEOD = Geod(ellps="WGS84")
SQUARE = (-1.0, -1.0, 2.5, 2.0)
CENTRE = (0.0, 0.4)


def _kept(condition: Any) -> Any:
    return people().filter(condition).aggregate_array("name")


def _case(name: str, arguments: Any, condition: Callable[[Row], bool], label: str = "") -> Case:
    return Case(f"Filter.{name}", arguments, lambda: names(condition), ask=_kept, name=label)


def _square() -> ee.Geometry:
    return ee.Geometry.Rectangle(list(SQUARE))


def _inside(row: Row) -> bool:
    return "at" in row and bool(box(*SQUARE).intersects(Point(row["at"])))


def _metres(row: Row) -> float:
    return float(GEOD.inv(*row["at"], *CENTRE)[2])


def _date(row: Row) -> dt.datetime:
    return dt.datetime(2022, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=row["day"])


_ORDER = {
    ("eq", "equals"): operator.eq, ("neq", "notEquals"): operator.ne, ("lt", "lessThan"): operator.lt,
    ("lte", "lessThanOrEquals"): operator.le, ("gt", "greaterThan"): operator.gt,
    ("gte", "greaterThanOrEquals"): operator.ge,
}  # fmt: skip

CASES = [
    _case(
        name, {"leftField": "n", "rightValue": 3}, lambda row, holds=holds: "n" in row and holds(row["n"], 3)
    )
    for spellings, holds in _ORDER.items()
    for name in spellings
]
CASES += [
    # The value on the left: 3 < n.
    _case(name, {"leftValue": 3, "rightField": "n"},
          lambda row, holds=holds: "n" in row and holds(3, row["n"]), "turned")
    for (name, _), holds in _ORDER.items()
]  # fmt: skip
CASES += [
    _case("eq", {"leftField": "name", "rightValue": "Bo"}, lambda row: row["name"] == "Bo", "text"),
    _case("lt", {"leftField": "name", "rightValue": "Cy"}, lambda row: row["name"] < "Cy", "text"),
    _case("gt", {"leftField": "name", "rightValue": 1}, lambda row: False, "text and number"),
    _case("stringStartsWith", {"leftField": "name", "rightValue": "D"}, lambda row: row["name"][0] == "D"),
    _case("stringEndsWith", {"leftField": "name", "rightValue": "da"}, lambda row: row["name"][-2:] == "da"),
    _case("stringContains", {"leftField": "name", "rightValue": "a"}, lambda row: "a" in row["name"]),
    _case("inList", {"leftField": "n", "rightValue": [7, 0, 99]}, lambda row: row.get("n") in (7, 0)),
    _case(
        "inList",
        {"leftField": "name", "rightValue": ["Bo", "Cy"]},
        lambda row: row["name"] in ("Bo", "Cy"),
        "text",
    ),
    _case("listContains", {"leftField": "tags", "rightValue": "a"}, lambda row: "a" in row.get("tags", [])),
    _case(
        "listContains", {"leftValue": [3, 7], "rightField": "n"}, lambda row: row.get("n") in (3, 7), "turned"
    ),
    _case(
        "rangeContains",
        {"field": "x", "minValue": -4.5, "maxValue": 2.5},
        lambda row: "x" in row and -4.5 <= row["x"] <= 2.5,
    ),
    _case(
        "maxDifference",
        {"difference": 2.5, "leftField": "x", "rightValue": 0},
        lambda row: "x" in row and abs(row["x"]) <= 2.5,
    ),
    _case("notNull", {"properties": ["n", "x"]}, lambda row: "n" in row and "x" in row),
    _case("hasGeometry", {}, lambda row: "at" in row),
    _case("always", {}, lambda row: True),
    _case("never", {}, lambda row: False),
    _case("hasType", {"leftField": "x", "rightValue": "Number"}, lambda row: "x" in row),
    _case(
        "expression",
        {"expression": "n >= 0 && x < 2.5 || name == 'Bo'"},
        lambda row: (row.get("n", -9) >= 0 and row.get("x", 99) < 2.5) or row["name"] == "Bo",
    ),
    _case("expression", {"expression": "!(n == 3)"}, lambda row: row.get("n") != 3, "not"),
]
CASES += [
    _case(
        "dateRangeContains",
        lambda: {"leftValue": ee.DateRange("2022-02-15", "2022-07-20"), "rightField": "system:time_start"},
        lambda row: 45 <= row["day"] < 200,  # the last day is not in it
    ),
    _case(
        "calendarRange",
        {"start": 10, "end": 2, "field": "month"},
        lambda row: _date(row).month in (10, 11, 12, 1, 2),
        "over new year",
    ),
    _case(
        "calendarRange", {"start": 45, "end": 201}, lambda row: 45 <= row["day"] + 1 <= 201, "by day of year"
    ),
    _case(
        "calendarRange",
        {"start": 2, "end": 4, "field": "day_of_week"},
        lambda row: 2 <= _date(row).isoweekday() <= 4,
        "Tuesday to Thursday",
    ),
    _case(
        "calendarRange", {"start": 14, "field": "day_of_month"}, lambda row: _date(row).day == 14, "one day"
    ),
    _case("calendarRange", {"start": 2022, "field": "year"}, lambda row: True, "year"),
    _case("calendarRange", {"start": 1, "end": 23, "field": "hour"}, lambda row: False, "hour"),
    _case("dayOfYear", {"start": 46, "end": 201}, lambda row: 46 <= row["day"] + 1 < 201),
    _case(
        "dayOfYear",
        {"start": 270, "end": 47},
        lambda row: row["day"] + 1 >= 270 or row["day"] + 1 < 47,
        "over new year",
    ),
]
CASES += [
    _case(
        "and",
        lambda: {"filters": [ee.Filter.gt("n", -1), ee.Filter.lt("x", 5)]},
        lambda row: row.get("n", -9) > -1 and row.get("x", 9) < 5,
    ),
    _case(
        "or",
        lambda: {"filters": [ee.Filter.lt("n", 0), ee.Filter.gt("x", 5)]},
        lambda row: row.get("n", 9) < 0 or row.get("x", -9) > 5,
    ),
    # A filter of a missing property does not hold, so its opposite does.
    _case("not", lambda: {"filter": ee.Filter.eq("n", 3)}, lambda row: row.get("n") != 3),
    _case("intersects", lambda: {"leftField": ".geo", "rightValue": _square()}, _inside),
    _case(
        "intersects",
        lambda: {"leftField": ".geo", "rightValue": ee.Feature(_square()), "maxError": 1000},
        _inside,
        "a feature, with an error margin",
    ),
    _case("isContained", lambda: {"leftField": ".geo", "rightValue": _square()}, _inside),
    _case("contains", lambda: {"leftValue": _square(), "rightField": ".geo"}, _inside),
    _case(
        "disjoint",
        lambda: {"leftField": ".geo", "rightValue": _square()},
        lambda row: "at" in row and not _inside(row),
    ),
    _case(
        "withinDistance",
        lambda: {"distance": 70_000, "leftField": ".geo", "rightValue": ee.Geometry.Point(CENTRE)},
        lambda row: "at" in row and _metres(row) <= 70_000,
    ),
    Case(
        "Filter.area",
        lambda: {"min": 1e8, "max": 2e10},
        lambda: ["1.0"] if 1e8 <= abs(GEOD.geometry_area_perimeter(box(0, 0, 1, 1))[0]) <= 2e10 else [],
        ask=lambda condition: (
            ee.FeatureCollection(
                [
                    ee.Feature(ee.Geometry.Rectangle(0, 0, side, side), {"side": str(side)})
                    for side in (0.01, 1.0, 9.0)
                ]
            )
            .filter(condition)
            .aggregate_array("side")
        ),
    ),
]
