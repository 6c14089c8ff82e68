"""Features, functions, dates and the other small values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ee_floods.engine.values.geometry import Geometry
from ee_floods.engine.values.image import Image
from ee_floods.engine.values.projection import Projection

__all__ = [
    "Date",
    "DateRange",
    "Element",
    "ErrorMargin",
    "Feature",
    "Function",
    "as_list",
    "element_geometry",
    "element_get",
    "element_index",
    "with_index",
]


@dataclass(frozen=True, eq=False)
class Feature:
    """A geometry with properties; `system:index` is its id."""

    geometry: Geometry | None
    properties: Mapping[str, Any] = field(default_factory=dict)

    def with_properties(self, properties: Mapping[str, Any]) -> Feature:
        """Return the feature with other properties."""
        return replace(self, properties=dict(properties))


Element = Image | Feature
"""What collections hold."""


@dataclass(frozen=True)
class Function:
    """Something that can be called by `map` or `iterate`: a closure of the graph or an algorithm's name."""

    names: tuple[str, ...]
    call: Callable[[Mapping[str, Any]], Any]

    def __call__(self, *values: Any) -> Any:
        """Call it with arguments by position."""
        return self.call(dict(zip(self.names, values, strict=False)))


@dataclass(frozen=True, order=True)
class Date:
    """An instant, milliseconds since 1970-01-01T00:00Z."""

    millis: float

    def to_json(self) -> dict[str, Any]:
        """Return the service's description."""
        return {"type": "Date", "value": _whole(self.millis)}


@dataclass(frozen=True)
class DateRange:
    """Instants from `start` up to but not including `end`, milliseconds; infinite where unbounded."""

    start: float
    end: float

    def contains(self, millis: float) -> bool:
        """Whether an instant is inside."""
        return self.start <= millis < self.end

    def to_json(self) -> dict[str, Any]:
        """Return the service's description."""
        return {"type": "DateRange", "dates": [_whole(self.start), _whole(self.end)]}


@dataclass(frozen=True)
class ErrorMargin:
    """How far a geometry may be off; the engine is exact to centimetres and does not need it."""

    value: float | None
    unit: str = "meters"
    projection: Projection | None = None


def _whole(value: float) -> float | int:
    return int(value) if value == value and abs(value) != float("inf") and value == int(value) else value


def element_index(element: Element) -> str | None:
    """Return `system:index`."""
    index = element.properties.get("system:index")
    return None if index is None else str(index)


def with_index(element: Element, index: str) -> Element:
    """Return the element under another `system:index`."""
    return element.with_properties({**element.properties, "system:index": index})


def element_geometry(element: Element) -> Geometry | None:
    """Return the geometry of a feature or the footprint of an image."""
    return element.geometry


def element_get(element: Element, name: str) -> Any:
    """Return a property, or None; knows the computed ones (`.geo`, `system:footprint`, `system:id`)."""
    if name in element.properties:
        return element.properties[name]
    if name in (".geo", ".all", "system:footprint"):
        return element.geometry
    if name == "system:id":
        return getattr(element, "id", None)  # images and collections have one, features have not
    if isinstance(element, Image):
        if name == "system:bands":
            return {band.name: band.type for band in element.bands}
        if name == "system:band_names":
            return element.names
    return None


def as_list(value: Sequence[Any] | Any) -> list[Any]:
    """Return a list; a lone value becomes a list of one."""
    return list(value) if isinstance(value, (list, tuple)) else [value]
