"""Events from files: a user's GeoJSON or CSV, and the metadata of Sen1Floods11."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ee_floods.catalog.event import FloodEvent, event_from_record, parse_time
from ee_floods.errors import CorruptFileError, InputError, suggest

__all__ = ["read_events"]


def read_events(path: Path) -> tuple[FloodEvent, ...]:
    """Return the events of a file, in its order.

    A GeoJSON feature has the properties id, name, country, start, end, optionally peak, and a geometry; a CSV
    file has columns of these names and west, south, east, north. Sen1Floods11's own metadata file is
    recognised by its properties.

    Args:
        path: `*.geojson`, `*.json` or `*.csv`.

    Raises:
        InputError: If there is no such file, it is of another kind, or a row is wrong; the message names the
            row.
    """
    if not path.is_file():
        raise InputError(f"There is no event file {path}.", remedy="Give a GeoJSON or CSV file.")
    suffix = path.suffix.lower()
    if suffix == ".csv":
        events = _read_csv(path)
    elif suffix in (".geojson", ".json"):
        events = _read_geojson(path)
    else:
        raise InputError(
            f"{path} ends in {path.suffix!r}.", remedy=suggest(suffix, (".csv", ".geojson", ".json"))
        )
    if not events:
        raise InputError(f"{path} holds no event.", remedy="Give a file with at least one row.")
    seen: dict[str, int] = {}
    for number, event in enumerate(events, start=1):
        if event.id in seen:
            raise InputError(
                f"{path}: events {seen[event.id]} and {number} have the same id {event.id!r}.",
                remedy="Give each event an id of its own.",
            )
        seen[event.id] = number
    return events


def _read_csv(path: Path) -> tuple[FloodEvent, ...]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.DictReader(file)
        return tuple(event_from_record(row, path.name, f"{path}:{rows.line_num}") for row in rows)


def _read_geojson(path: Path) -> tuple[FloodEvent, ...]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        features = document["features"]
    except (ValueError, KeyError, TypeError) as error:
        raise CorruptFileError(
            f"{path} is not a GeoJSON FeatureCollection ({error}).", remedy="Save it as GeoJSON again."
        ) from error
    events = []
    for number, feature in enumerate(features, start=1):
        properties = feature.get("properties") or {}
        record = {"id": feature.get("id"), **properties, "geometry": feature.get("geometry")}
        if "s1_date" in properties and "location" in properties:
            record = _sen1floods11_record(properties, feature.get("geometry"))
        events.append(event_from_record(record, path.name, f"{path}: feature {number}"))
    return tuple(events)


def _sen1floods11_record(properties: Mapping[str, Any], geometry: Any) -> dict[str, Any]:
    """Return the record of an event of Sen1Floods11: its two acquisitions bound it in time."""
    place = str(properties["location"])
    days = [
        parse_time(properties[key], key) for key in ("s1_date", "s2_date") if properties.get(key) is not None
    ]
    return {
        "id": f"sen1floods11-{place.lower()}",
        "name": f"{place} {days[0]:%Y-%m}",
        "country": properties.get("ISO_CC") or place,
        "start": min(days).date().isoformat(),
        "end": max(days).date().isoformat(),
        "peak": None,
        "geometry": geometry,
    }
