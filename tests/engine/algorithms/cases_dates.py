"""Dates, against pandas."""

from __future__ import annotations

from typing import Any

import ee
import pandas as pd

from tests.engine.algorithms.case import Case

TEXT = "2022-08-30T01:02:03.450"
WHEN = pd.Timestamp(TEXT, tz="UTC")
KARACHI = WHEN.tz_convert("Asia/Karachi")
LEAP = "2024-01-31T12:00:00"
SPAN = ["2022-08-01", "2022-09-01"]


def ms(when: Any) -> int:
    """Milliseconds since 1970."""
    return round(pd.Timestamp(when, tz=None if pd.Timestamp(when).tz else "UTC").timestamp() * 1000)


def date() -> Any:
    return ee.Date(TEXT)


def span() -> Any:
    return ee.DateRange(*SPAN)


def _millis(found: Any) -> Any:
    return ee.Date(found).millis()


def _ends(found: Any) -> Any:
    return ee.List([ee.DateRange(found).start().millis(), ee.DateRange(found).end().millis()])


def _since(unit: str) -> float:
    start = WHEN.tz_localize(None).to_period(unit).start_time.tz_localize("UTC")
    end = WHEN.tz_localize(None).to_period(unit).end_time.ceil("s").tz_localize("UTC")
    return float((WHEN - start) / (end - start))


DATES = [
    Case("Date", [TEXT], {"type": "Date", "value": ms(WHEN)}),
    Case(
        "Date",
        ["2022-08-30", "Asia/Karachi"],
        ms(pd.Timestamp("2022-08-30", tz="Asia/Karachi")),
        ask=_millis,
        name="zone",
    ),
    Case(
        "Date.fromYMD",
        [2022, 8, 30, "Asia/Karachi"],
        ms(pd.Timestamp("2022-08-30", tz="Asia/Karachi")),
        ask=_millis,
    ),
    Case("Date.millis", [date], ms(WHEN)),
    Case("Date.advance", [LEAP, 1, "month"], ms(pd.Timestamp(LEAP) + pd.DateOffset(months=1)), ask=_millis),
    Case(
        "Date.advance",
        [LEAP, -1, "year"],
        ms(pd.Timestamp(LEAP) - pd.DateOffset(years=1)),
        ask=_millis,
        name="year",
    ),
    Case(
        "Date.advance",
        [LEAP, 2.5, "days"],
        ms(pd.Timestamp(LEAP) + pd.Timedelta(days=2.5)),
        ask=_millis,
        name="days",
    ),
    Case(
        "Date.advance",
        ["2022-03-12T12:00:00", 1, "month", "America/New_York"],
        ms(pd.Timestamp("2022-03-12T07:00:00", tz="America/New_York") + pd.DateOffset(months=1)),
        ask=_millis,
        name="summer time",
    ),
    Case(
        "Date.difference",
        [TEXT, SPAN[0], "hour"],
        (WHEN - pd.Timestamp(SPAN[0], tz="UTC")) / pd.Timedelta(hours=1),
    ),
    Case("Date.unitRatio", ["week", "hour"], pd.Timedelta(weeks=1) / pd.Timedelta(hours=1)),
    *(
        Case("Date.get", [TEXT, unit, "Asia/Karachi"], getattr(KARACHI, unit), name=unit)
        for unit in ("year", "month", "day", "hour", "minute", "second")
    ),
    Case("Date.get", [TEXT, "week"], WHEN.isocalendar().week, name="week"),
    Case("Date.getRelative", [TEXT, "day", "year"], WHEN.dayofyear - 1),
    Case("Date.getRelative", [TEXT, "day", "month"], WHEN.day - 1, name="month"),
    Case("Date.getRelative", [TEXT, "month", "year"], WHEN.month - 1, name="months"),
    Case("Date.getFraction", [TEXT, "year"], _since("Y")),
    Case("Date.getFraction", [TEXT, "month"], _since("M"), name="month"),
    Case("Date.getRange", [TEXT, "month"], [ms("2022-08-01"), ms("2022-09-01")], ask=_ends),
    Case("Date.getRange", [TEXT, "week"], [ms("2022-08-29"), ms("2022-09-05")], ask=_ends, name="week"),
    Case(
        "Date.getRange",
        [TEXT, "day", "Asia/Karachi"],
        [ms(KARACHI.normalize()), ms(KARACHI.normalize() + pd.Timedelta(days=1))],
        ask=_ends,
        name="zone",
    ),
    Case(
        "Date.update",
        {"date": date, "year": 2020, "minute": 59},
        ms(WHEN.replace(year=2020, minute=59)),
        ask=_millis,
    ),
    Case(
        "Date.update",
        {"date": date, "second": 7.5},
        ms(WHEN.replace(second=7, microsecond=500_000)),
        ask=_millis,
        name="second",
    ),
    Case("Date.format", [TEXT, "yyyyDDD'x'HHmmss", "Asia/Karachi"], KARACHI.strftime("%Y%jx%H%M%S")),
    Case("Date.format", [TEXT, "EEE d MMM, h:mm a"], "Tue 30 Aug, 1:02 AM", name="words"),
    Case(
        "Date.parse",
        ["dd/MM/yyyy HH:mm", "30/08/2022 01:02", "Asia/Karachi"],
        ms(pd.Timestamp("2022-08-30T01:02", tz="Asia/Karachi")),
        ask=_millis,
    ),
]

RANGES = [
    Case("DateRange", [SPAN[0]], [ms(SPAN[0]), ms(SPAN[0]) + 1], ask=_ends),
    Case(
        "DateRange",
        [*SPAN, "Asia/Karachi"],
        [ms(pd.Timestamp(day, tz="Asia/Karachi")) for day in SPAN],
        ask=_ends,
        name="zone",
    ),
    Case("DateRange.start", [span], ms(SPAN[0]), ask=_millis),
    Case("DateRange.end", [span], ms(SPAN[1]), ask=_millis),
    Case("DateRange.contains", [span, "2022-08-31T23:59:59"], True),
    Case("DateRange.contains", [span, SPAN[1]], False, name="end"),
    Case("DateRange.contains", [span, lambda: ee.DateRange("2022-08-10", "2022-08-20")], True, name="range"),
    Case("DateRange.intersects", [span, lambda: ee.DateRange("2022-08-31", "2023-01-01")], True),
    Case(
        "DateRange.intersects",
        [span, lambda: ee.DateRange("2022-09-01", "2023-01-01")],
        False,
        name="touching",
    ),
    Case(
        "DateRange.intersection",
        [span, lambda: ee.DateRange("2022-08-31", "2023-01-01")],
        [ms("2022-08-31"), ms(SPAN[1])],
        ask=_ends,
    ),
    Case(
        "DateRange.union",
        [span, lambda: ee.DateRange("2022-12-01", "2023-01-01")],
        [ms(SPAN[0]), ms("2023-01-01")],
        ask=_ends,
    ),
    Case("DateRange.isEmpty", [span], False),
    Case("DateRange.isEmpty", lambda: [ee.DateRange(SPAN[0], SPAN[0])], True, name="empty"),
    Case("DateRange.isUnbounded", [span], False),
    Case("DateRange.isUnbounded", lambda: [ee.DateRange.unbounded()], True, name="unbounded"),
    Case("DateRange.unbounded", [], True, ask=lambda found: ee.DateRange(found).contains("9999-01-01")),
]

CASES = [*DATES, *RANGES]
