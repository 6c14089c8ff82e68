"""Joins against nested loops in plain Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ee
from pyproj import Geod

from tests.engine.algorithms.case import Case
from tests.engine.algorithms.people import DAY, PEOPLE, people

Row = dict[str, Any]
LEFT, RIGHT = PEOPLE, PEOPLE[1:]


def _near(days: float) -> ee.Filter:
    return ee.Filter.maxDifference(days * DAY, "system:time_start", None, "system:time_start")


def _other() -> ee.Filter:
    return ee.Filter.And(_near(100), ee.Filter.notEquals(leftField="name", rightField="name"))


def _matches(row: Row, days: float = 100) -> list[Row]:
    return [r for r in RIGHT if r["name"] != row["name"] and abs(r["day"] - row["day"]) <= days]


def _apart(row: Row, other: Row) -> int:
    return abs(row["day"] - other["day"]) * DAY


def _joined(join: Any) -> ee.FeatureCollection:
    return ee.FeatureCollection(ee.Join(join).apply(people(LEFT), people(RIGHT), _other()))


def _names(join: Any) -> Any:
    return _joined(join).aggregate_array("name")


def _one(join: Any) -> Any:
    """Rows of name, matched name, measure."""

    def row(feature: ee.Element) -> ee.Feature:
        match = ee.Feature(feature.get("match"))
        return ee.Feature(
            None, {"row": ee.List([feature.get("name"), match.get("name"), match.get("apart")])}
        )

    return _joined(join).map(row).aggregate_array("row")


def _many(join: Any) -> Any:
    """Rows of name and the names that match."""

    def row(feature: ee.Element) -> ee.Feature:
        found = ee.List(feature.get("match")).map(lambda match: ee.Feature(match).get("name"))
        return ee.Feature(None, {"row": ee.List([feature.get("name"), found])})

    return _joined(join).map(row).aggregate_array("row")


def _pairs(join: Any) -> Any:
    def row(feature: ee.Element) -> ee.Feature:
        left, right = ee.Feature(feature.get("l")), ee.Feature(feature.get("r"))
        return ee.Feature(
            None, {"row": ee.List([left.get("name"), right.get("name"), feature.get("apart"), feature.id()])}
        )

    return _joined(join).map(row).aggregate_array("row")


def _case(name: str, arguments: dict[str, Any], truth: Callable[[], Any], ask: Any, label: str = "") -> Case:
    return Case(f"Join.{name}", arguments, truth, ask=ask, name=label)


def _best() -> list[list[Any]]:
    rows = []
    for row in LEFT:
        matches = _matches(row)
        if matches:
            best = min(matches, key=lambda match: _apart(row, match))
            rows.append([row["name"], best["name"], _apart(row, best)])
    return rows


def _lists(key: str, ascending: bool) -> list[list[Any]]:
    """Names of matches by a property, those without it last."""
    rows = []
    for row in LEFT:
        matches = _matches(row)
        present = sorted((m for m in matches if key in m), key=lambda m: m[key], reverse=not ascending)
        ordered = [*present, *(m for m in matches if key not in m)]
        if matches:
            rows.append([row["name"], [match["name"] for match in ordered]])
    return rows


CASES = [
    _case("simple", {}, lambda: [row["name"] for row in LEFT if _matches(row)], _names),
    _case("inverted", {}, lambda: [row["name"] for row in LEFT if not _matches(row)], _names),
    _case("saveBest", {"matchKey": "match", "measureKey": "apart"}, _best, _one),
    _case(
        "saveBest",
        {"matchKey": "match", "measureKey": "apart", "outer": True},
        lambda: [row["name"] for row in LEFT],
        _names,
        "outer keeps all",
    ),
    _case(
        "saveFirst",
        {"matchKey": "match", "measureKey": "apart"},
        lambda: [[r["name"], _matches(r)[0]["name"], _apart(r, _matches(r)[0])] for r in LEFT if _matches(r)],
        _one,
    ),
    _case(
        "saveFirst",
        {"matchKey": "match", "ordering": "name", "ascending": False, "measureKey": "apart"},
        lambda: [
            [r["name"], (m := max(_matches(r), key=lambda row: row["name"]))["name"], _apart(r, m)]
            for r in LEFT
            if _matches(r)
        ],
        _one,
        "the last by name",
    ),
    _case(
        "saveFirst",
        {"matchKey": "match", "outer": True},
        lambda: [row["name"] for row in LEFT],
        _names,
        "outer keeps all",
    ),
    _case(
        "saveAll",
        {"matchesKey": "match"},
        lambda: [[r["name"], [m["name"] for m in _matches(r)]] for r in LEFT if _matches(r)],
        _many,
    ),
    _case("saveAll", {"matchesKey": "match", "ordering": "x"}, lambda: _lists("x", True), _many, "by x"),
    _case(
        "saveAll",
        {"matchesKey": "match", "ordering": "x", "ascending": False},
        lambda: _lists("x", False),
        _many,
        "by x, down",
    ),
    _case(
        "saveAll",
        {"matchesKey": "match", "outer": True},
        lambda: [row["name"] for row in LEFT],
        _names,
        "outer keeps all",
    ),
    _case(
        "inner",
        {"primaryKey": "l", "secondaryKey": "r", "measureKey": "apart"},
        lambda: [
            [row["name"], match["name"], _apart(row, match), f"{LEFT.index(row)}_{RIGHT.index(match)}"]
            for row in LEFT
            for match in _matches(row)
        ],
        _pairs,
    ),
    Case(
        "Join.apply",
        lambda: [
            ee.Join.simple(),
            people(LEFT),
            people(RIGHT),
            ee.Filter.withinDistance(2e5, ".geo", None, ".geo"),
        ],
        lambda: [
            row["name"]
            for row in LEFT
            if "at" in row
            and any("at" in m and Geod(ellps="WGS84").inv(*row["at"], *m["at"])[2] <= 2e5 for m in RIGHT)
        ],
        ask=lambda joined: ee.FeatureCollection(joined).aggregate_array("name"),
    ),
]
