"""The points of two geometries that are closest to each other."""

from __future__ import annotations

from typing import Any

from ee_floods.engine.errors import bad_request
from ee_floods.engine.registry import register
from ee_floods.engine.spatial import shortest_line
from ee_floods.engine.values.elements import Element
from ee_floods.engine.values.geometry import Geometry
from ee_floods.engine.values.projection import Projection


def _points(left: Geometry, right: Geometry, error: Any, projection: Projection | None) -> dict[str, Any]:
    """`left` and `right`; nothing where one of them is empty or everywhere."""
    if left.unbounded or right.unbounded:
        return {}
    line = shortest_line(left, right)
    if line is None:
        return {}
    ends = [Geometry.point(x, y) for x, y in (line.coords[0], line.coords[-1])]
    if projection is not None:
        ends = [end.in_projection(projection.crs) for end in ends]
    return {"left": ends[0], "right": ends[1]}


def _on_the_right(left: Geometry, right: Geometry, error: Any, projection: Projection | None) -> Any:
    """The point of the right geometry that is closest to the left one, or nothing."""
    return _points(left, right, error, projection).get("right")


def _place(feature: Element) -> Geometry:
    if feature.geometry is None:
        raise bad_request("The feature has no geometry.")
    return feature.geometry


for _name, _function in (("closestPoints", _points), ("closestPoint", _on_the_right)):
    register(f"Geometry.{_name}", _function)
    register(
        f"Feature.{_name}",
        lambda left, right, error, projection, function=_function: function(
            _place(left), _place(right), error, projection
        ),
    )
