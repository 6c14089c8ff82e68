"""Joda-Time patterns, in which the service's dates are written and read."""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo

__all__ = ["formatted", "parsed"]

_TOKENS = re.compile(r"''|'[^']+'|([A-Za-z])\1*")
_LONG_NAMES = {
    "UTC": "Coordinated Universal Time", "GMT": "Greenwich Mean Time", "BST": "British Summer Time",
    "WET": "Western European Time", "WEST": "Western European Summer Time", "CET": "Central European Time",
    "CEST": "Central European Summer Time", "EET": "Eastern European Time",
    "EEST": "Eastern European Summer Time", "PST": "Pacific Standard Time", "PDT": "Pacific Daylight Time",
    "MST": "Mountain Standard Time", "MDT": "Mountain Daylight Time", "CST": "Central Standard Time",
    "CDT": "Central Daylight Time", "EST": "Eastern Standard Time", "EDT": "Eastern Daylight Time",
    "JST": "Japan Standard Time", "EAT": "East Africa Time", "WAT": "West Africa Time",
    "CAT": "Central Africa Time", "PKT": "Pakistan Standard Time",
}  # fmt: skip


def formatted(when: dt.datetime, pattern: str) -> str:
    """Return a date as text.

    Args:
        when: With its time zone.
        pattern: Letters as Joda-Time has them, texts between single quotes.
    """
    return _TOKENS.sub(lambda match: _written(match[0], when), pattern)


def _written(token: str, when: dt.datetime) -> str:
    letter, width = token[0], len(token)
    if letter == "'":
        return token[1:-1] or "'"
    if letter in "Yyx":
        year = when.isocalendar().year if letter == "x" else when.year
        return f"{year % 100:02d}" if width == 2 else f"{year:0{width}d}"
    if letter == "M" and width >= 3:
        return when.strftime("%b" if width == 3 else "%B")
    if letter == "E":
        return when.strftime("%a" if width < 4 else "%A")
    if letter == "G":
        return "AD"
    if letter == "a":
        return when.strftime("%p")
    if letter in "zZ":
        return _zone(token, when)
    if letter == "S":
        return f"{when.microsecond:06d}"[:width].ljust(width, "0")
    numbers = {
        "C": when.year // 100, "M": when.month, "d": when.day, "D": when.timetuple().tm_yday,
        "H": when.hour, "k": when.hour or 24, "K": when.hour % 12, "h": when.hour % 12 or 12,
        "m": when.minute, "s": when.second, "w": when.isocalendar().week, "e": when.isoweekday(),
    }  # fmt: skip
    return f"{numbers[letter]:0{width}d}" if letter in numbers else token


def _zone(token: str, when: dt.datetime) -> str:
    text = when.strftime("%z")
    offset = f"{text[:3]}:{text[3:]}"
    name = when.tzname() or offset
    if token[0] == "z":
        # A zone without a name is written by its offset, as Java does.
        shown = name if name[0].isalpha() else offset
        return shown if len(token) < 4 else _LONG_NAMES.get(shown, offset)
    if len(token) == 1:
        return text
    if len(token) == 2:
        return offset
    return when.tzinfo.key if isinstance(when.tzinfo, ZoneInfo) else name


def parsed(text: str, pattern: str, zone: dt.tzinfo) -> dt.datetime:
    """Return a date that was read from text.

    Args:
        text: The date.
        pattern: As in `formatted`.
        zone: Used where the text names none.

    Raises:
        ValueError: If the text does not match.
    """
    try:
        when = dt.datetime.strptime(text, _code(pattern))
    except re.error as error:
        raise ValueError(f"The pattern '{pattern}' names a field twice.") from error
    return when if when.tzinfo else when.replace(tzinfo=zone)


def _code(pattern: str) -> str:
    codes = {
        "Y": "%Y", "y": "%Y", "M": "%m", "d": "%d", "D": "%j", "H": "%H", "h": "%I", "m": "%M", "s": "%S",
        "S": "%f", "a": "%p", "Z": "%z", "E": "%a",
    }  # fmt: skip

    def code(match: re.Match[str]) -> str:
        token = match[0]
        if token[0] == "'":
            return token[1:-1] or "'"
        if token[0] == "M" and len(token) >= 3:
            return "%b" if len(token) == 3 else "%B"
        if token[0] == "E" and len(token) >= 4:
            return "%A"
        return "%y" if token in ("yy", "YY") else codes.get(token[0], token)

    return _TOKENS.sub(code, pattern.replace("%", "%%"))
