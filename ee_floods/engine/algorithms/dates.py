"""Dates and date ranges."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

from ee_floods.engine.coerce import coerce
from ee_floods.engine.date_patterns import formatted, parsed
from ee_floods.engine.errors import bad_request
from ee_floods.engine.registry import algorithm
from ee_floods.engine.values.collection import Collection
from ee_floods.engine.values.elements import Date, DateRange, Feature
from ee_floods.engine.values.times import from_datetime, parse_date, to_datetime, zone

_DAY = 86_400_000.0
# The average Gregorian year, as Joda-Time (which the service's wording comes from) takes it.
_UNITS = {
    "year": 365.2425 * _DAY, "month": 365.2425 * _DAY / 12, "week": 7 * _DAY, "day": _DAY,
    "hour": 3_600_000.0, "minute": 60_000.0, "second": 1000.0,
}  # fmt: skip
_INFINITE = float("inf")


def _unit(name: str) -> str:
    plain = name.lower().rstrip("s")
    if plain not in _UNITS:
        raise bad_request(f"Invalid unit: '{name}'. Options: {', '.join(_UNITS)}.")
    return plain


@algorithm("Date")
def date(value: Any, time_zone: str | None) -> Date:
    """A date from milliseconds, a string or a date."""
    if value is None:
        raise bad_request("Parameter 'value' is required and may not be null.")
    if isinstance(value, str):
        return parse_date(value, time_zone)
    found: Date = coerce(value, "Date", "value")
    return found


@algorithm("Date.fromYMD")
def from_ymd(year: int, month: int, day: int, time_zone: str | None) -> Date:
    """A date from numbers."""
    try:
        return from_datetime(dt.datetime(year, month, day, tzinfo=zone(time_zone)))
    except ValueError as error:
        raise bad_request(f"Invalid date: {year}-{month}-{day}.") from error


@algorithm("Date.millis")
def millis(value: Date) -> int:
    """Milliseconds since 1970."""
    if not math.isfinite(value.millis):
        raise bad_request(f"The date is {value.millis} ms from 1970, which no integer holds.")
    return int(value.millis)


@algorithm("Date.advance")
def advance(value: Date, delta: float, unit: str, time_zone: str | None) -> Date:
    """A date moved by calendar units; the fraction of a month or year is in average days."""
    name = _unit(unit)
    if name not in ("year", "month"):
        return Date(value.millis + delta * _UNITS[name])
    months = delta * (12 if name == "year" else 1)
    whole = int(months)
    when = to_datetime(value, time_zone)
    total = when.year * 12 + when.month - 1 + whole
    year, month = divmod(total, 12)
    moved = when.replace(year=year, month=month + 1, day=min(when.day, _days_in(year, month + 1)))
    return Date(from_datetime(moved).millis + (months - whole) * _UNITS["month"])


def _days_in(year: int, month: int) -> int:
    following = dt.date(year + month // 12, month % 12 + 1, 1)
    return (following - dt.timedelta(days=1)).day


@algorithm("Date.difference")
def difference(value: Date, start: Date, unit: str) -> float:
    """Time since another date in average units."""
    return (value.millis - start.millis) / _UNITS[_unit(unit)]


@algorithm("Date.unitRatio")
def unit_ratio(numerator: str, denominator: str) -> float:
    """How many of one unit make another."""
    return _UNITS[_unit(numerator)] / _UNITS[_unit(denominator)]


@algorithm("Date.get")
def get(value: Date, unit: str, time_zone: str | None) -> int:
    """A calendar field."""
    when, name = to_datetime(value, time_zone), _unit(unit)
    return when.isocalendar().week if name == "week" else int(getattr(when, name))


@algorithm("Date.getRelative")
def get_relative(value: Date, unit: str, inside: str, time_zone: str | None) -> int:
    """A field counted from 0 within a larger unit, such as the day within the year."""
    start = _floor(value, _unit(inside), time_zone)
    name = _unit(unit)
    if name == "month":
        return to_datetime(value, time_zone).month - 1
    return int((value.millis - start.millis) // _UNITS[name])


@algorithm("Date.getFraction")
def get_fraction(value: Date, unit: str, time_zone: str | None) -> float:
    """How much of a unit has passed, 0..1."""
    found = get_range(value, unit, time_zone)
    return (value.millis - found.start) / (found.end - found.start)


def _floor(value: Date, unit: str, time_zone: str | None) -> Date:
    when = to_datetime(value, time_zone)
    if unit == "week":
        monday = when - dt.timedelta(days=when.weekday())
        return from_datetime(monday.replace(hour=0, minute=0, second=0, microsecond=0))
    fields: dict[str, Any] = {"microsecond": 0}
    for name, least in (("second", 0), ("minute", 0), ("hour", 0), ("day", 1), ("month", 1)):
        if name == unit:
            break
        fields[name] = least
    return from_datetime(when.replace(**fields))


@algorithm("Date.getRange")
def get_range(value: Date, unit: str, time_zone: str | None) -> DateRange:
    """The unit around a date."""
    start = _floor(value, _unit(unit), time_zone)
    return DateRange(start.millis, advance(start, 1, unit, time_zone).millis)


@algorithm("Date.update")
def update(
    value: Date, year: int | None, month: int | None, day: int | None, hour: int | None, minute: int | None,
    second: float | None, time_zone: str | None,
) -> Date:  # fmt: skip
    """A date with some fields changed."""
    given = {"year": year, "month": month, "day": day, "hour": hour, "minute": minute}
    fields: dict[str, Any] = {k: v for k, v in given.items() if v is not None}
    if second is not None:
        fields |= {"second": int(second), "microsecond": round((second - int(second)) * 1e6)}
    try:
        return from_datetime(to_datetime(value, time_zone).replace(**fields))
    except (ValueError, OverflowError) as error:
        raise bad_request(f"Date out of range: {error}.") from error


@algorithm("Date.format")
def format_date(value: Date, pattern: str | None, time_zone: str | None) -> str:
    """A date as text, by a Joda-Time pattern; ISO 8601 by default."""
    when = to_datetime(value, time_zone)
    if pattern is None:
        return when.strftime("%Y-%m-%dT%H:%M:%S")
    return formatted(when, pattern)


@algorithm("Date.parse")
def parse(pattern: str, text: str, time_zone: str | None) -> Date:
    """A date from text, by a Joda-Time pattern."""
    try:
        return from_datetime(parsed(text, pattern, zone(time_zone)))
    except ValueError as error:
        raise bad_request(f"Invalid format: '{text}' does not match '{pattern}'.") from error


@algorithm("DateRange")
def date_range(start: Any, end: Any, time_zone: str | None) -> DateRange:
    """Instants from a start up to but not including an end; a millisecond without one."""
    if isinstance(start, DateRange) and end is None:
        return start
    first = date(start, time_zone).millis
    last = first + 1 if end is None else date(end, time_zone).millis
    return DateRange(first, last)


@algorithm("DateRange.start")
def start(span: DateRange) -> Date:
    """The first instant."""
    return Date(span.start)


@algorithm("DateRange.end")
def end(span: DateRange) -> Date:
    """The end, which is not part of it."""
    return Date(span.end)


@algorithm("DateRange.contains")
def contains(span: DateRange, other: Any) -> bool:
    """Whether a date or a range is inside."""
    if isinstance(other, DateRange):
        return span.start <= other.start and other.end <= span.end
    return span.contains(coerce(other, "Date", "other").millis)


@algorithm("DateRange.intersects")
def intersects(span: DateRange, other: DateRange) -> bool:
    """Whether two ranges have an instant in common."""
    return span.start < other.end and other.start < span.end


@algorithm("DateRange.intersection")
def intersection(span: DateRange, other: DateRange) -> DateRange:
    """What two ranges have in common."""
    first, last = max(span.start, other.start), min(span.end, other.end)
    if last <= first:
        raise bad_request("The date ranges do not intersect.")
    return DateRange(first, last)


@algorithm("DateRange.union")
def union(span: DateRange, other: DateRange) -> DateRange:
    """The range around both."""
    return DateRange(min(span.start, other.start), max(span.end, other.end))


@algorithm("DateRange.isEmpty")
def is_empty(span: DateRange) -> bool:
    """Whether there is no instant in it."""
    return span.end <= span.start


@algorithm("DateRange.isUnbounded")
def is_unbounded(span: DateRange) -> bool:
    """Whether it has no end in some direction."""
    return _INFINITE in (span.end, -span.start)


@algorithm("DateRange.unbounded")
def unbounded() -> DateRange:
    """All time."""
    return DateRange(-_INFINITE, _INFINITE)


_PRECISION = {"year": 4, "month": 6, "week": 8, "day": 8, "hour": 10, "minute": 12}
"""Characters of `YYYYMMddHHmmss` that name a step of a unit."""


@algorithm("BetterDateRangeCollection")
def ranges(first: Date, last: Date, delta: int, unit: str, reset: bool, pattern: str | None) -> Collection:
    """Features, one for each step of time, with `date_range`; the last one ends with the span."""
    if pattern is None:
        pattern = "YYYYMMddHHmmss"[: _PRECISION.get(unit, 14)]
    features = []
    current = first
    while delta and (current.millis < last.millis if delta > 0 else current.millis > last.millis):
        following = advance(current, delta, unit, None)
        if delta > 0:
            span = DateRange(current.millis, min(following.millis, last.millis))
        else:
            span = DateRange(max(following.millis, last.millis), current.millis)
        index = format_date(current, pattern, None)
        features.append(Feature(None, {"system:index": index, "date_range": span}))
        new_year = Date(get_range(current, "year", None).end)
        if reset and delta > 0 and following.millis > new_year.millis:
            following = new_year  # the step before it keeps its length
        current = following
    return Collection.of(features, images=False)


@algorithm("DateRangeCollection")
def ranges_of_millis(first: int, last: int, delta: int, unit: str, reset: bool) -> Collection:
    """The same between milliseconds since 1970."""
    return ranges(Date(float(first)), Date(float(last)), delta, unit, reset, None)
