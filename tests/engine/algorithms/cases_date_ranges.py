"""Sequences of date ranges against pandas' calendar."""

from __future__ import annotations

from typing import Any

import ee
import pandas as pd

from tests.engine.algorithms.case import Case


def _indices(collection: Any) -> Any:
    return ee.FeatureCollection(collection).aggregate_array("system:index")


def _ranges(delta: int, unit: str, reset: bool) -> list[dict[str, Any]]:
    """Spans of the calendar, by pandas; each year may begin a new sequence."""
    start, end = pd.Timestamp("2021-11-20", tz="UTC"), pd.Timestamp("2022-02-10", tz="UTC")
    step = pd.DateOffset(**{f"{unit}s": delta})
    spans = []
    while start < end:
        stop = start + step
        millis = [int(at.timestamp() * 1000) for at in (start, min(stop, end))]
        spans.append({"type": "DateRange", "dates": millis})
        start = min(stop, pd.Timestamp(start.year + 1, 1, 1, tz="UTC")) if reset else stop
    return spans


def _spans(collection: Any) -> Any:
    return ee.FeatureCollection(collection).aggregate_array("date_range")


def _indexed_spans(collection: Any) -> Any:
    spans = _spans(collection).map(
        lambda span: [ee.DateRange(span).start().millis(), ee.DateRange(span).end().millis()]
    )
    return ee.Dictionary.fromLists(_indices(collection), spans)


def _steps(delta: int, unit: str, reset: bool, form: str | None = None) -> Case:
    arguments = {
        "start": "2021-11-20",
        "end": "2022-02-10",
        "delta": delta,
        "unit": unit,
        "resetAtYearBoundaries": reset,
        **({"format": form} if form else {}),
    }
    if form:
        return Case(
            "BetterDateRangeCollection",
            arguments,
            ["2021 11", "2021 12", "2022 01"],
            ask=_indices,
            name="format",
        )
    return Case(
        "BetterDateRangeCollection",
        arguments,
        lambda: _ranges(delta, unit, reset),
        ask=_spans,
        name=f"{delta} {unit}{' reset' if reset else ''}",
    )


CASES = [_steps(1, "month", False), _steps(10, "day", True), _steps(3, "week", False)]
CASES += [_steps(1, "month", False, "YYYY MM")]
CASES += [
    Case(
        "BetterDateRangeCollection",
        {"start": "2021-11-20", "end": "2021-11-17", "delta": -2},
        {
            "20211120": [1637193600000, 1637366400000],  # 18 to 20 November
            "20211118": [1637107200000, 1637193600000],
        },
        ask=_indexed_spans,
        name="backwards, with the unit's own format",
    )
]
