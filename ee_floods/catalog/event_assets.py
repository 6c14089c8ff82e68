"""Events from a table asset on Earth Engine."""

from __future__ import annotations

from functools import partial
from typing import Any

from ee_floods.catalog.event import FloodEvent, event_from_record
from ee_floods.errors import InputError
from ee_floods.service.faults import NotFoundError
from ee_floods.service.retry import retry

__all__ = ["EVENT_TABLES", "existing_tables", "read_table"]

EVENT_TABLES = ("projects/{project}/assets/events", "projects/{project}/assets/world/events")
"""Tables of events that a project may hold, asked for in this order: a project's own, and the one that comes
with a world of simulated scenes."""

_MAX_EVENTS = 5000
"""Elements of a collection in one answer (Earth Engine's limit)."""


def existing_tables(project: str) -> tuple[str, ...]:
    """Return the ids of the event tables that a project holds."""
    import ee

    found = []
    for template in EVENT_TABLES:
        asset = template.format(project=project)
        try:
            retry(partial(ee.data.getAsset, asset), doing=f"looking for events in {asset}")
        except NotFoundError:
            continue
        found.append(asset)
    return tuple(found)


def read_table(asset: str) -> tuple[FloodEvent, ...]:
    """Return the events of a table asset, in order of their start.

    Args:
        asset: Id of a table whose features have the properties id, name, country, start, end (ISO 8601, or
            milliseconds), optionally peak, simulated and source, and a geometry.

    Raises:
        InputError: If a feature does not describe an event; the message names it.
        NotFoundError: If there is no such table, or it may not be read.
    """
    import ee

    table = ee.FeatureCollection(asset).limit(_MAX_EVENTS + 1)
    answer: dict[str, Any] = retry(table.getInfo, doing=f"reading events of {asset}")
    features = answer["features"]
    if len(features) > _MAX_EVENTS:
        raise InputError(
            f"{asset} holds more than {_MAX_EVENTS} events.", remedy="Split the table by years or regions."
        )
    events = []
    for feature in features:
        record = {**feature["properties"], "geometry": feature.get("geometry")}
        record.setdefault("id", feature.get("id"))
        source = str(record.get("source") or asset)
        events.append(event_from_record(record, source, f"{asset}: feature {feature.get('id')!r}"))
    return tuple(sorted(events, key=lambda event: (event.start, event.id)))
