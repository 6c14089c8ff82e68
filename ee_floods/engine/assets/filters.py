"""Filters of listings, such as `startTime >= "..." AND intersects("{...}") AND properties.x < 3`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from ee_floods.engine.assets.footprints import Bounds, bounds_of, overlaps
from ee_floods.engine.assets.times import rfc3339_ms
from ee_floods.engine.errors import bad_request

__all__ = ["AssetFilter"]

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_AND = re.compile(r"\s+AND\s+")
_COMPARISON = re.compile(r"([\w.:\"-]+?)\s*(>=|<=|!=|=|>|<)\s*(.+)", re.DOTALL)
_INTERSECTS = re.compile(r"intersects\(\s*\"(.*)\"\s*\)", re.DOTALL)
_OPERATORS = {">=": ge, "<=": le, "!=": ne, "=": eq, ">": gt, "<": lt}
_TIMES = {"startTime": "system:time_start", "endTime": "system:time_end"}


@dataclass(frozen=True)
class _Comparison:
    """One clause: a property, an operator and the value as text."""

    name: str
    operator: str
    text: str

    def admits(self, properties: Mapping[str, Any]) -> bool:
        value = properties.get(self.name)
        if value is None:
            return False  # a filter on a missing property is false
        try:
            other: Any = type(value)(self.text) if isinstance(value, (int, float, str)) else self.text
            return bool(_OPERATORS[self.operator](value, other))
        except (TypeError, ValueError):
            return False


@dataclass(frozen=True)
class _Moment:
    """One clause on a time, in milliseconds."""

    name: str
    operator: str
    time_ms: float

    def admits(self, properties: Mapping[str, Any]) -> bool:
        value = properties.get(self.name)
        if value is None and self.name == "system:time_end":
            value = properties.get("system:time_start")  # a moment ends when it begins
        return value is not None and bool(_OPERATORS[self.operator](value, self.time_ms))


@dataclass(frozen=True)
class AssetFilter:
    """What a listing is narrowed by.

    Args:
        clauses: All of them must admit an asset.
        region: GeoJSON in degrees that its footprint must meet.
    """

    clauses: tuple[_Comparison | _Moment, ...] = ()
    region: Mapping[str, Any] | None = None

    @classmethod
    def parse(cls, text: str) -> AssetFilter:
        """Read a filter.

        Raises:
            EngineError: If a clause is of another kind.
        """
        found = cls()
        for clause in _clauses(text):
            shape = _INTERSECTS.fullmatch(clause)
            if shape is not None:
                found = replace(found, region=_geometry(shape[1]))
                continue
            match = _COMPARISON.fullmatch(clause)
            if match is None:
                raise bad_request(f"Invalid filter clause: '{clause}'.")
            name, operator, value = match[1], match[2], match[3].strip().strip('"')
            if name in _TIMES:
                one: _Comparison | _Moment = _Moment(_TIMES[name], operator, rfc3339_ms(value))
            elif name.startswith("properties."):
                one = _Comparison(name.removeprefix("properties.").strip('"'), operator, value)
            else:
                raise bad_request(f"Invalid filter clause: '{clause}'.")
            found = replace(found, clauses=(*found.clauses, one))
        return found

    @classmethod
    def of_features(cls, region: str, text: str) -> AssetFilter:
        """Read the `region` and `filter` of `listFeatures`; its filter may leave `properties.` out."""
        named = " AND ".join(
            clause if clause.startswith("properties.") else f"properties.{clause}"
            for clause in _clauses(text)
        )
        found = cls.parse(named)
        return replace(found, region=_geometry(region)) if region.strip() else found

    @property
    def empty(self) -> bool:
        """Whether it admits everything."""
        return not self.clauses and self.region is None

    @property
    def bounds(self) -> Bounds | None:
        """Bounds of the region in degrees."""
        return bounds_of(self.region)

    @property
    def start_ms(self) -> float | None:
        """No asset that begins before this is admitted."""
        starts = [
            clause.time_ms
            for clause in self.clauses
            if isinstance(clause, _Moment)
            and clause.name == "system:time_start"
            and clause.operator in (">=", ">", "=")
        ]
        return max(starts, default=None)

    @property
    def end_ms(self) -> float | None:
        """No asset that begins at or after this is admitted; an asset ends no sooner than it begins."""
        ends = [c.time_ms for c in self.clauses if isinstance(c, _Moment) and c.operator in ("<", "<=")]
        # `<=` admits the moment itself.
        return min(ends) + 1 if ends else None

    def admits(self, properties: Mapping[str, Any], footprint: Mapping[str, Any] | None) -> bool:
        """Whether an asset with these properties and this footprint is in."""
        if not all(clause.admits(properties) for clause in self.clauses):
            return False
        if self.region is None or footprint is None:
            return True
        if not overlaps(bounds_of(footprint), self.bounds):
            return False
        from shapely.geometry import shape

        return bool(shape(footprint).intersects(shape(self.region)))


def _clauses(text: str) -> Iterator[str]:
    """Yield the clauses of a conjunction; an AND within quotes is text."""
    hidden = _QUOTED.sub(lambda match: "\0" * len(match[0]), text)
    start = 0
    for match in [*_AND.finditer(hidden), None]:
        end = match.start() if match else len(text)
        clause = text[start:end].strip()
        if clause:
            yield clause
        start = match.end() if match else end


def _geometry(text: str) -> Mapping[str, Any]:
    """Return GeoJSON of the text in `intersects`: GeoJSON in single or escaped quotes, or WKT."""
    from shapely import from_wkt
    from shapely.errors import ShapelyError
    from shapely.geometry import mapping

    plain = text.replace('\\"', '"').replace("'", '"').strip()
    try:
        if plain.startswith("{"):
            found: dict[str, Any] = json.loads(plain)
            return found
        return dict(mapping(from_wkt(plain)))
    except (ValueError, ShapelyError, AttributeError) as error:
        raise bad_request(f"Invalid geometry in filter: {text[:100]}") from error
