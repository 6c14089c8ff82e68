"""Flood events: listed, found by place and date, or taken by id.

    event = events.find("Pakistan", date="2022-08")[0]
    event = events.get("valencia-2024", source="my_events.csv")

Without a `source`, events come from the tables that the session's project holds (see `EVENT_TABLES`);
a source is a file (GeoJSON, CSV, Sen1Floods11's metadata) or `asset:ID`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ee_floods.catalog.countries import names_in
from ee_floods.catalog.event import FloodEvent, parse_time
from ee_floods.catalog.event_assets import EVENT_TABLES, existing_tables, read_table
from ee_floods.catalog.event_files import read_events
from ee_floods.errors import ConfigError, InputError, suggest

__all__ = ["FloodEvent", "find", "get", "list"]

_NO_SOURCE = (
    "Name events of your own: `--file events.geojson` (`event_source:` in YAML, `source=` in Python), a "
    "GeoJSON or CSV file or `asset:ID` of a table."
)


def list(source: str | Path | None = None, *, date: str | None = None) -> tuple[FloodEvent, ...]:
    """Return the events of a source, in order of their start.

    Args:
        source: A file, `file:PATH`, or `asset:ID`; None for the tables of the session's project.
        date: A year, month or day (`2022`, `2022-08`, `2022-08-30`) that the event overlaps.

    Raises:
        InputError: If a source is wrong.
        ConfigError: If there is no source: none was given and the project holds no table of events.
    """
    events = _read(source)
    if date is not None:
        start, end = _span(date)
        events = tuple(event for event in events if event.during(start, end))
    return tuple(sorted(events, key=lambda event: (event.start, event.id)))


def find(place: str, date: str | None = None, *, source: str | Path | None = None) -> tuple[FloodEvent, ...]:
    """Return the events whose id, name or country contains a text, in order of their start.

    Args:
        place: Part of an id, name or country; case does not matter.
        date: As in `list`.
        source: As in `list`.

    Raises:
        InputError: If there is no such event; the nearest name is suggested, or the dates at that place.
    """
    events = list(source)
    wanted = place.casefold().strip()
    there = tuple(e for e in events if any(wanted in text.casefold() for text in _texts(e)))
    if not there:
        names = {text for e in events for text in _texts(e) if text}
        raise InputError(f"No event is called {place!r}, nor is in it.", remedy=suggest(place, names))
    if date is None:
        return there
    start, end = _span(date)
    then = tuple(event for event in there if event.during(start, end))
    if not then:
        nearest = min(there, key=lambda e: max(start - e.end, e.start - end))
        raise InputError(
            f"No event at {place!r} is of {date}; there are {len(there)} at other times.",
            remedy=f"The nearest is {nearest.id!r}, {nearest.start:%Y-%m-%d} to {nearest.end:%Y-%m-%d}.",
        )
    return then


def get(event_id: str, *, source: str | Path | None = None) -> FloodEvent:
    """Return the event with an id, or with a name that no other event has.

    Args:
        event_id: The whole id or name; the case of a name does not matter.
        source: As in `list`.

    Raises:
        InputError: If there is none; the nearest id is suggested.
    """
    events = {event.id: event for event in list(source)}
    if event_id not in events:
        named = [event for event in events.values() if event.name.casefold() == event_id.casefold()]
        if len(named) == 1:
            return named[0]
        raise InputError(f"There is no event {event_id!r}.", remedy=suggest(event_id, events))
    return events[event_id]


def _texts(event: FloodEvent) -> tuple[str, ...]:
    """Return what an event may be called by: id, name, country's code and name."""
    return event.id, event.name, event.country, *names_in(event.country)


def _read(source: str | Path | None) -> tuple[FloodEvent, ...]:
    text = str(source) if source is not None else ""
    if text.startswith("asset:"):
        return read_table(text.removeprefix("asset:"))
    if source is not None:
        return read_events(Path(text.removeprefix("file:")))
    from ee_floods.session import current

    project = current().project
    tables = existing_tables(project)
    if not tables:
        asked = ", ".join(template.format(project=project) for template in EVENT_TABLES)
        raise ConfigError(f"The project holds no table of events ({asked}).", remedy=_NO_SOURCE)
    found: dict[str, FloodEvent] = {}
    for table in tables:
        for event in read_table(table):
            # A project's own table stands first and wins.
            found.setdefault(event.id, event)
    return tuple(found.values())


def _span(date: str) -> tuple[datetime, datetime]:
    """Return the first instant of a year, month or day, and the first instant after it."""
    if re.fullmatch(r"\d{4}", date):
        year = int(date)
        return datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    match = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", date)
    if match:
        year, month = int(match[1]), int(match[2])
        after = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
        return datetime(year, month, 1, tzinfo=UTC), after
    day = parse_time(date, "date")
    return day, day + timedelta(days=1)
