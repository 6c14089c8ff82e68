"""Filters of elements. A test of a property that is missing is false."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from ee_floods.engine.coerce import coerce
from ee_floods.engine.errors import bad_request
from ee_floods.engine.expression import parse
from ee_floods.engine.geometry_sets import as_area
from ee_floods.engine.ordering import comparable
from ee_floods.engine.registry import algorithm, register
from ee_floods.engine.spatial import distance, related
from ee_floods.engine.values.elements import Date, DateRange, Element, element_get
from ee_floods.engine.values.filters import Filter, Query
from ee_floods.engine.values.geometry import Geometry
from ee_floods.engine.values.times import to_datetime

_TIME = "system:time_start"
_GEOMETRY = (".geo", ".all", "system:footprint")


class _Operands:
    """Where the two sides of a comparison come from: a field of an element or a fixed value."""

    def __init__(
        self, left_field: str | None, right_value: Any, right_field: str | None, left_value: Any
    ) -> None:
        if (left_field is None) == (left_value is None):
            raise bad_request("Exactly one of 'leftField' and 'leftValue' must be specified.")
        if (right_field is None) == (right_value is None):
            raise bad_request("Exactly one of 'rightField' and 'rightValue' must be specified.")
        self.left_field, self.right_field = left_field, right_field
        self.left_value, self.right_value = comparable(left_value), comparable(right_value)

    def left(self, element: Element) -> Any:
        """The left operand for the left element."""
        return (
            self.left_value if self.left_field is None else comparable(element_get(element, self.left_field))
        )

    def right(self, element: Element) -> Any:
        """The right operand for the right element."""
        return (
            self.right_value
            if self.right_field is None
            else comparable(element_get(element, self.right_field))
        )


def _comparison(
    holds: Callable[[Any, Any], bool], before: str = "", after: str = ""
) -> Callable[..., Filter]:
    """Return a maker of filters; `before` and `after` say what a test of the time means for a query."""

    def make(left_field: str | None, right_value: Any, right_field: str | None, left_value: Any) -> Filter:
        operands = _Operands(left_field, right_value, right_field, left_value)

        def test(left: Element, right: Element) -> bool:
            a, b = operands.left(left), operands.right(right)
            if a is None or b is None:
                return False
            try:
                return bool(holds(a, b))
            except TypeError:  # a number against a string
                return False

        value = operands.right_value
        if left_field != _TIME or not isinstance(value, (int, float)):
            return Filter(test)
        # The end of a query is exclusive: a millisecond more makes it inclusive.
        spans = {"": Query(), "end": Query(end=float(value) + 1), "start": Query(start=float(value))}
        return Filter(test, query=spans[before], complement=spans[after])

    return make


def _in_list(a: Any, b: Any) -> bool:
    return any(comparable(item) == a for item in b)


_COMPARISONS: dict[tuple[str, ...], Callable[..., Filter]] = {
    ("eq", "equals"): _comparison(lambda a, b: a == b),
    ("neq", "notEquals"): _comparison(lambda a, b: a != b),
    ("lt", "lessThan"): _comparison(lambda a, b: a < b, "end", "start"),
    ("lte", "lessThanOrEquals"): _comparison(lambda a, b: a <= b, "end", "start"),
    ("gt", "greaterThan"): _comparison(lambda a, b: a > b, "start", "end"),
    ("gte", "greaterThanOrEquals"): _comparison(lambda a, b: a >= b, "start", "end"),
    ("stringStartsWith",): _comparison(lambda a, b: a.startswith(b)),
    ("stringEndsWith",): _comparison(lambda a, b: a.endswith(b)),
    ("stringContains",): _comparison(lambda a, b: b in a),
    ("inList",): _comparison(_in_list),
    ("listContains",): _comparison(lambda a, b: _in_list(b, a)),
}
for _names, _make in _COMPARISONS.items():
    for _name in _names:
        register(f"Filter.{_name}", _make)


@algorithm("Filter.rangeContains")
def range_contains(field: str, low: Any, high: Any) -> Filter:
    """A property within a range, both ends included."""
    least, most = comparable(low), comparable(high)

    def test(left: Element, right: Element) -> bool:
        value = comparable(element_get(left, field))
        try:
            return value is not None and bool(least <= value <= most)
        except TypeError:
            return False

    numbers = isinstance(least, (int, float)) and isinstance(most, (int, float))
    return Filter(
        test, query=Query(None, float(least), float(most) + 1) if field == _TIME and numbers else Query()
    )


@algorithm("Filter.dateRangeContains")
def date_range_contains(
    left_field: str | None, right_value: Any, right_field: str | None, left_value: Any
) -> Filter:
    """A date range, `[start, end)`, that contains a date."""
    operands = _Operands(left_field, right_value, right_field, left_value)

    def test(left: Element, right: Element) -> bool:
        span, date = operands.left(left), operands.right(right)
        if span is None or date is None:
            return False
        found: DateRange = coerce(span, "DateRange", "leftValue")
        return found.contains(float(coerce(date, "Date", "rightValue").millis))

    query = Query()
    if right_field == _TIME and left_value is not None:
        span = coerce(left_value, "DateRange", "leftValue")
        query = Query(None, span.start, span.end)
    return Filter(test, query=query)


@algorithm("Filter.maxDifference")
def max_difference(
    difference: float, left_field: str | None, right_value: Any, right_field: str | None, left_value: Any
) -> Filter:
    """Two numbers (or dates) no further apart than a difference, which is also the measure."""
    operands = _Operands(left_field, right_value, right_field, left_value)

    def measure(left: Element, right: Element) -> float | None:
        a, b = operands.left(left), operands.right(right)
        return None if a is None or b is None else abs(float(a) - float(b))

    def test(left: Element, right: Element) -> bool:
        found = measure(left, right)
        return found is not None and found <= difference

    return Filter(test, measure)


_CALENDAR: dict[str, Callable[[dt.datetime], int]] = {
    "year": lambda t: t.year, "month": lambda t: t.month, "hour": lambda t: t.hour,
    "minute": lambda t: t.minute,
    "day_of_year": lambda t: t.timetuple().tm_yday, "day_of_month": lambda t: t.day,
    "day_of_week": lambda t: t.isoweekday(),
}  # fmt: skip


@algorithm("Filter.calendarRange")
def calendar_range(start: int, end: int | None, field: str) -> Filter:
    """A calendar field of `system:time_start` within a range that may wrap around."""
    if field not in _CALENDAR:
        raise bad_request(f"Unknown calendar field '{field}'. Options: {', '.join(_CALENDAR)}.")
    last = start if end is None else end

    def test(left: Element, right: Element) -> bool:
        millis = comparable(element_get(left, _TIME))
        if millis is None:
            return False
        value = _CALENDAR[field](to_datetime(Date(float(millis))))
        return start <= value <= last if start <= last else value >= start or value <= last

    return Filter(test)


@algorithm("Filter.dayOfYear")
def day_of_year(start: int, end: int) -> Filter:
    """Day of the year from `start` up to but not including `end`."""
    return calendar_range(start, end - 1, "day_of_year")


@algorithm("Filter.and")
def all_of(filters: list[Filter]) -> Filter:
    """All filters hold."""
    query = Query()
    for condition in filters:
        query = query.narrowed(condition.query)
    measures = [f.measure for f in filters if f.measure is not None]
    return Filter(lambda a, b: all(f.test(a, b) for f in filters), measures[0] if measures else None, query)


@algorithm("Filter.or")
def any_of(filters: list[Filter]) -> Filter:
    """At least one filter holds."""
    measures = [f.measure for f in filters if f.measure is not None]
    return Filter(lambda a, b: any(f.test(a, b) for f in filters), measures[0] if measures else None)


@algorithm("Filter.not")
def negated(condition: Filter) -> Filter:
    """The filter does not hold."""
    return Filter(
        lambda a, b: not condition.test(a, b), query=condition.complement, complement=condition.query
    )


@algorithm("Filter.notNull")
def not_null(properties: list[str]) -> Filter:
    """All properties are set."""
    return Filter(lambda a, b: all(element_get(a, name) is not None for name in properties))


@algorithm("Filter.hasGeometry")
def has_geometry() -> Filter:
    """There is a geometry."""
    return Filter(lambda a, b: a.geometry is not None)


@algorithm("Filter.always")
def always() -> Filter:
    """Everything."""
    return Filter(lambda a, b: True)


@algorithm("Filter.never")
def never() -> Filter:
    """Nothing."""
    return Filter(lambda a, b: False)


def _as_geometry(value: Any) -> Geometry | None:
    return None if value is None else coerce(value, "Geometry", "value")


def _spatial(name: str, near: bool) -> None:
    def make(
        left_field: str | None, right_value: Any, right_field: str | None, left_value: Any, error: Any
    ) -> Filter:
        operands = _Operands(left_field, right_value, right_field, left_value)
        fixed = {"left": _as_geometry(left_value), "right": _as_geometry(right_value)}

        def test(left: Element, right: Element) -> bool:
            a = fixed["left"] or _as_geometry(operands.left(left))
            b = fixed["right"] or _as_geometry(operands.right(right))
            return a is not None and b is not None and related(name, a, b)

        found = fixed["left"] or fixed["right"]
        pushed = near and found is not None and not found.unbounded
        return Filter(test, query=Query(found.bounds) if pushed and found is not None else Query())

    register(f"Filter.{name}", make)


for _relation, _near in (
    ("intersects", True),
    ("contains", True),
    ("isContained", True),
    ("disjoint", False),
):
    _spatial(_relation, _near)


@algorithm("Filter.withinDistance")
def within_distance(
    metres: float,
    left_field: str | None,
    right_value: Any,
    right_field: str | None,
    left_value: Any,
    error: Any,
) -> Filter:
    """Two geometries no further apart than a distance in metres, which is also the measure."""
    operands = _Operands(left_field, right_value, right_field, left_value)

    def measure(left: Element, right: Element) -> float | None:
        a, b = _as_geometry(operands.left(left)), _as_geometry(operands.right(right))
        return None if a is None or b is None else distance(a, b)

    def test(left: Element, right: Element) -> bool:
        found = measure(left, right)
        return found is not None and found <= metres

    return Filter(test, measure)


@algorithm("Filter.area")
def area(low: float, high: float, error: Any, selector: str | None) -> Filter:
    """A geometry's area in square metres within a range."""

    def test(left: Element, right: Element) -> bool:
        found = left.geometry if selector is None else _as_geometry(element_get(left, selector))
        return found is not None and low <= found.with_shape(as_area(found.shape)).area() <= high

    return Filter(test)


_PARENTS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("Integer", "Long", "Float"), ("Number",)),
    **dict.fromkeys(("Image", "Feature"), ("Element",)),
    **dict.fromkeys(("ImageCollection", "FeatureCollection"), ("Collection", "Element")),
    **dict.fromkeys(
        ("Point", "MultiPoint", "LineString", "LinearRing", "MultiLineString", "Polygon", "MultiPolygon",
         "GeometryCollection"),
        ("Geometry",),
    ),
}  # fmt: skip
"""What a type inherits from."""


@algorithm("Filter.hasType")
def has_type(left_field: str | None, right_value: Any, right_field: str | None, left_value: Any) -> Filter:
    """A property whose type is, or inherits from, a named one."""
    from ee_floods.engine.coerce import type_name

    operands = _Operands(left_field, right_value, right_field, left_value)

    def test(left: Element, right: Element) -> bool:
        value = operands.left(left)
        found, wanted = type_name(value), operands.right(right)
        return value is not None and wanted in (found, *_PARENTS.get(found, ()), "Object")

    return Filter(test)


@algorithm("Filter.expression")
def expression(text: str) -> Filter:
    """A filter from text such as `CLOUD_COVER < 20 && orbit == 5`."""
    tree = parse(text)
    operations: dict[str, Callable[[Any, Any], bool]] = {
        "gt": lambda a, b: a > b, "gte": lambda a, b: a >= b, "lt": lambda a, b: a < b,
        "lte": lambda a, b: a <= b, "eq": lambda a, b: a == b, "neq": lambda a, b: a != b,
    }  # fmt: skip

    def walk(node: tuple[Any, ...], element: Element) -> Any:
        if node[0] in ("number", "string"):
            return node[1]
        if node[0] == "name":
            return comparable(element_get(element, node[1]))
        name, operands = node[1], node[2]
        if name == "and":
            return all(walk(item, element) for item in operands)
        if name == "or":
            return any(walk(item, element) for item in operands)
        values = [walk(item, element) for item in operands]
        if name == "not":
            return not values[0]
        if name == "multiply":  # a sign
            return values[0] * values[1]
        if name not in operations:
            raise bad_request(f"Unsupported operator in filter: '{text}'.")
        try:
            return None not in values and bool(operations[name](*values))
        except TypeError:
            return False

    return Filter(lambda a, b: bool(walk(tree, a)))
