"""A flood event: where, when, and who says so."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ee_floods.contracts.provenance import SIMULATED
from ee_floods.errors import InputError

__all__ = ["FloodEvent", "bounds_of", "event_from_record", "parse_time"]

Bounds = tuple[float, float, float, float]

_REMEDY = (
    "Give id, name, country, start and end (ISO 8601, UTC) and bounds (west, south, east, north; degrees)."
)


@dataclass(frozen=True)
class FloodEvent:
    """One flood.

    Args:
        id: Name by which it is found again, unique in its source.
        name: For people; the name of a simulated event starts with SIMULATED, which is added if absent.
        country: Country or countries.
        start: When water was first reported, UTC.
        end: When it was last reported, UTC, after `start`.
        peak: When it stood highest, UTC, within start and end; None if nobody says.
        bounds: `(west, south, east, north)` in degrees, within -180..180 and -90..90.
        source: Catalogue or file that it comes from.
        simulated: Whether it was invented.

    Raises:
        InputError: If a field does not hold; the message names it and its value.
    """

    id: str
    name: str
    country: str
    start: datetime
    end: datetime
    peak: datetime | None
    bounds: Bounds
    source: str
    simulated: bool = False

    def __post_init__(self) -> None:
        if not self.id:
            raise InputError("`id` of an event is empty.", remedy=_REMEDY)
        for field, time in (("start", self.start), ("end", self.end), ("peak", self.peak)):
            if time is not None and time.tzinfo is None:
                raise InputError(
                    f"`{field}` of event {self.id!r} has no time zone: {time.isoformat()}.",
                    remedy="Give UTC, for example datetime(2022, 8, 30, tzinfo=timezone.utc).",
                )
        if not self.end > self.start:
            raise InputError(
                f"Event {self.id!r} ends at {self.end.isoformat()}, not after its start "
                f"{self.start.isoformat()}.",
                remedy="Swap the two, or give an end that is later.",
            )
        if self.peak is not None and not self.start <= self.peak <= self.end:
            raise InputError(
                f"`peak` {self.peak.isoformat()} of event {self.id!r} lies outside its start and end.",
                remedy="Leave the peak out if it is unknown.",
            )
        _check_bounds(self.id, self.bounds)
        marked = self.name.startswith(SIMULATED)
        if self.simulated and not marked:
            object.__setattr__(self, "name", f"{SIMULATED} {self.name}")
        elif marked and not self.simulated:
            object.__setattr__(self, "simulated", True)

    @property
    def centre(self) -> tuple[float, float]:
        """`(longitude, latitude)` of the middle of the bounds, degrees."""
        west, south, east, north = self.bounds
        return (west + east) / 2, (south + north) / 2

    def during(self, start: datetime, end: datetime) -> bool:
        """Whether the event overlaps `[start, end)`."""
        return self.start < end and self.end > start

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able form that `event_from_record` reads."""
        return {
            "id": self.id,
            "name": self.name,
            "country": self.country,
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "peak": self.peak.isoformat() if self.peak else None,
            "bounds": list(self.bounds),
            "source": self.source,
            "simulated": self.simulated,
        }


def _check_bounds(name: str, bounds: Sequence[float]) -> None:
    if len(bounds) != 4 or not all(math.isfinite(v) for v in bounds):
        raise InputError(f"`bounds` of event {name!r} are {bounds!r}.", remedy=_REMEDY)
    west, south, east, north = bounds
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= 90 and -90 <= north <= 90):
        raise InputError(
            f"`bounds` of event {name!r} leave the Earth: {tuple(bounds)!r}.",
            remedy="Give (west, south, east, north) in degrees, longitude first.",
        )
    if west >= east:
        raise InputError(
            f"`bounds` of event {name!r} go from {west} to {east} degrees east.",
            remedy="Give west before east; cut an event at the antimeridian into one on each side.",
        )
    if south >= north:
        raise InputError(
            f"`bounds` of event {name!r} go from {south} to {north} degrees north.",
            remedy="Give south before north.",
        )


def parse_time(value: Any, field: str, *, end_of_day: bool = False) -> datetime:
    """Return a time in UTC.

    Args:
        value: ISO 8601 text (a date alone is midnight; text without a zone is UTC; `/` may stand for `-`),
            milliseconds since 1970 as Earth Engine writes times, or a datetime.
        field: What it is, for messages.
        end_of_day: Whether a date alone means the midnight after it.

    Raises:
        InputError: If it is none of these.
    """
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return datetime.fromtimestamp(value / 1000, UTC)
    text = str(value).strip().replace("/", "-")
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(
            f"`{field}` is {value!r}, not a date.", remedy="Write it as 2022-08-30 or 2022-08-30T01:15:00Z."
        ) from error
    time = time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    return time + timedelta(days=1) if end_of_day and len(text) <= len("2022-08-30") else time


def bounds_of(geometry: Mapping[str, Any]) -> Bounds:
    """Return `(west, south, east, north)` of a GeoJSON geometry in longitude/latitude degrees.

    Raises:
        InputError: If it holds no coordinates.
    """
    points = list(_points(geometry))
    if not points:
        raise InputError(f"A geometry of type {geometry.get('type')!r} has no coordinates.", remedy=_REMEDY)
    longitudes, latitudes = zip(*points, strict=True)
    return min(longitudes), min(latitudes), max(longitudes), max(latitudes)


def _points(geometry: Mapping[str, Any]) -> list[tuple[float, float]]:
    if geometry.get("type") == "GeometryCollection":
        return [point for part in geometry.get("geometries", ()) for point in _points(part)]
    found: list[tuple[float, float]] = []
    stack: list[Any] = [geometry.get("coordinates") or []]
    while stack:
        item = stack.pop()
        if len(item) >= 2 and all(isinstance(v, int | float) for v in item):
            found.append((float(item[0]), float(item[1])))
        else:
            stack.extend(item)
    return found


def event_from_record(record: Mapping[str, Any], source: str, where: str) -> FloodEvent:
    """Return the event that a row, a feature or a JSON object describes.

    Args:
        record: id, name, country, start, end, optionally peak and simulated; `bounds`, or `west`, `south`,
            `east`, `north`, or a GeoJSON `geometry`.
        source: Name of the catalogue.
        where: Place in it, such as `events.csv:7`, for messages.

    Raises:
        InputError: If a field is missing or wrong; the message starts with `where`.
    """
    try:
        missing = [name for name in ("id", "start", "end") if record.get(name) in (None, "")]
        if missing:
            raise InputError(f"no {', '.join(missing)}.", remedy=_REMEDY)
        peak = record.get("peak")
        return FloodEvent(
            id=str(record["id"]),
            name=str(record.get("name") or record["id"]),
            country=str(record.get("country") or ""),
            start=parse_time(record["start"], "start"),
            end=parse_time(record["end"], "end", end_of_day=True),
            peak=None if peak in (None, "") else parse_time(peak, "peak"),
            bounds=_record_bounds(record),
            source=source,
            simulated=str(record.get("simulated", "")).lower() in ("1", "1.0", "true", "yes"),
        )
    except InputError as error:
        raise InputError(f"{where}: {error.message}", remedy=error.remedy) from error


def _record_bounds(record: Mapping[str, Any]) -> Bounds:
    sides = ("west", "south", "east", "north")
    try:
        if record.get("bounds"):
            west, south, east, north = (float(v) for v in record["bounds"])
            return west, south, east, north
        if all(record.get(side) not in (None, "") for side in sides):
            west, south, east, north = (float(record[side]) for side in sides)
            return west, south, east, north
    except (TypeError, ValueError) as error:
        raise InputError(f"bounds that are not four numbers ({error}).", remedy=_REMEDY) from error
    if record.get("geometry"):
        return bounds_of(record["geometry"])
    raise InputError("no bounds and no geometry.", remedy=_REMEDY)
