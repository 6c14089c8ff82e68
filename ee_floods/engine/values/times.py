"""Reading dates and time zones."""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ee_floods.engine.errors import bad_request
from ee_floods.engine.values.elements import Date

__all__ = ["EPOCH", "from_datetime", "parse_date", "to_datetime", "zone"]

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_ORDINAL = re.compile(r"^(\d{4})-(\d{3})$")
_PLAIN = re.compile(r"^(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?(?:[T ](.*))?$")


def zone(name: str | None) -> dt.tzinfo:
    """Return a time zone; UTC by default.

    Raises:
        EngineError: If there is none of that name.
    """
    if name is None or name in ("UTC", "Z", "GMT"):
        return dt.UTC
    try:
        return ZoneInfo(name)
    except (OSError, ZoneInfoNotFoundError, ValueError) as error:  # a name is looked up as a file
        raise bad_request(f"The datetime zone id '{name[:100]}' is not recognised") from error


def to_datetime(date: Date, time_zone: str | None = None) -> dt.datetime:
    """Return a date as a datetime of a zone."""
    try:
        return (EPOCH + dt.timedelta(milliseconds=date.millis)).astimezone(zone(time_zone))
    except (OverflowError, ValueError) as error:
        raise bad_request(f"Date {date.millis} is out of range: years 1 to 9999 are known.") from error


def from_datetime(when: dt.datetime) -> Date:
    """Return a datetime as a date; whole milliseconds."""
    return Date(float(round((when - EPOCH) / dt.timedelta(milliseconds=1))))


def parse_date(text: str, time_zone: str | None = None) -> Date:
    """Read an ISO 8601 date such as `2022-08-30`, `2022-242` or `2022-08-30T01:02:03`.

    Raises:
        EngineError: If it is none.
    """
    tz = zone(time_zone)
    try:
        if found := _ORDINAL.match(text):
            start = dt.datetime(int(found[1]), 1, 1, tzinfo=tz)
            return from_datetime(start + dt.timedelta(days=int(found[2]) - 1))
        if found := _PLAIN.match(text.strip()):
            day = f"{found[1]}-{int(found[2] or 1):02d}-{int(found[3] or 1):02d}"
            when = dt.datetime.fromisoformat(f"{day}T{found[4]}" if found[4] else day)
            return from_datetime(when if when.tzinfo else when.replace(tzinfo=tz))
    except ValueError as error:
        raise bad_request(f"Bad date/time '{text}'.") from error
    raise bad_request(f"Bad date/time '{text}'.")
