"""Relations between geometries, and what two geometries make together."""

from __future__ import annotations

from typing import Any

import shapely

from ee_floods.engine.geometry_sets import as_area
from ee_floods.engine.values.geometry import GEOD, Geometry

__all__ = ["combined", "distance", "related"]


def related(name: str, left: Geometry, right: Geometry) -> bool:
    """Whether a relation (`intersects`, `contains`, `isContained`, `disjoint`) holds on the ground."""
    if left.unbounded or right.unbounded:
        return {
            "intersects": True, "disjoint": False, "contains": left.unbounded, "isContained": right.unbounded,
        }[name]  # fmt: skip
    if name in ("intersects", "disjoint") and not _boxes_meet(left, right):
        return name == "disjoint"
    a, b = as_area(left.planar()), as_area(right.planar())
    if name == "isContained":
        return bool(shapely.covers(b, a))
    if name == "contains":
        return bool(shapely.covers(a, b))
    meets = any(shapely.intersects(a, moved) for moved in _copies(a, b))
    return meets if name == "intersects" else not meets


def _copies(a: Any, b: Any) -> list[Any]:
    """`b` and, where one shape crosses the antimeridian, its copies a turn away."""
    if max(abs(v) for v in (*a.bounds[::2], *b.bounds[::2])) <= 180:
        return [b]
    return [b, *(shapely.transform(b, lambda p, turn=turn: [*p, turn, 0]) for turn in (-360.0, 360.0))]


def _boxes_meet(left: Geometry, right: Geometry) -> bool:
    a, b = left.bounds, right.bounds
    if max(abs(v) for v in (*a[::2], *b[::2])) > 180:
        return True
    return a[0] <= b[2] and b[0] <= a[2] and a[1] <= b[3] and b[1] <= a[3]


def distance(left: Geometry, right: Geometry) -> float:
    """Return the shortest distance on the ellipsoid, metres."""
    if left.unbounded or right.unbounded:
        return 0.0
    # Nearest points are found in a plane around the left geometry, then measured on the ellipsoid.
    here, crs = left.local()
    line = shapely.shortest_line(as_area(here), as_area(right.planar(crs)))
    if line is None:
        return float("inf")
    ends = Geometry(line, crs, geodesic=False).planar()
    (x0, y0), (x1, y1) = ends.coords[0], ends.coords[-1]
    return float(GEOD.inv(x0, y0, x1, y1)[2])


def combined(name: str, left: Geometry, right: Geometry) -> Geometry:
    """Return `intersection`, `union`, `difference` or `symmetric_difference`, with straight edges."""
    if left.unbounded or right.unbounded:
        whole, other = (left, right) if left.unbounded else (right, left)
        if name == "intersection":
            return other
        if name == "union":
            return whole
    made = getattr(shapely, name)(as_area(left.planar()), as_area(right.planar()))
    return Geometry(made, geodesic=False)
