"""Relations between geometries, and what two geometries make together."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from ee_floods.engine.geometry_sets import as_area
from ee_floods.engine.values.geometry import GEOD, Geometry
from ee_floods.engine.values.projection import Projection

__all__ = ["combined", "distance", "related", "shortest_line"]


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
    return [b, *(shapely.transform(b, lambda p, turn=turn: np.add(p, (turn, 0))) for turn in (-360.0, 360.0))]


def _boxes_meet(left: Geometry, right: Geometry) -> bool:
    a, b = left.bounds, right.bounds
    if max(abs(v) for v in (*a[::2], *b[::2])) > 180:
        return True
    return a[0] <= b[2] and b[0] <= a[2] and a[1] <= b[3] and b[1] <= a[3]


def shortest_line(left: Geometry, right: Geometry) -> Any:
    """Return the shortest line between two geometries in longitude/latitude, or None if one is empty."""
    # Nearest points are found in a plane around the left geometry.
    here, crs = left.local()
    line = shapely.shortest_line(as_area(here), as_area(right.planar(crs)))
    return None if line is None else Geometry(line, crs, geodesic=False).planar()


def distance(left: Geometry, right: Geometry, projection: Projection | None = None) -> float:
    """Return the shortest distance: metres on the ellipsoid, or units of a projection's plane."""
    if left.unbounded or right.unbounded:
        return 0.0
    if projection is not None:
        a, b = as_area(left.planar(projection.crs)), as_area(right.planar(projection.crs))
        return float("inf") if a.is_empty or b.is_empty else float(shapely.distance(a, b))
    line = shortest_line(left, right)
    if line is None:
        return float("inf")
    (x0, y0), (x1, y1) = line.coords[0], line.coords[-1]
    return float(GEOD.inv(x0, y0, x1, y1)[2])


def combined(name: str, left: Geometry, right: Geometry, projection: Projection | None = None) -> Geometry:
    """Return `intersection`, `union`, `difference` or `symmetric_difference`, with straight edges.

    Args:
        name: Of shapely's function.
        left: The first geometry.
        right: The second one.
        projection: Where the edges of the result are straight; WGS84 by default.
    """
    crs = "EPSG:4326" if projection is None else projection.crs
    if left.unbounded or right.unbounded:
        whole, other = (left, right) if left.unbounded else (right, left)
        if name == "intersection":
            return other
        if name == "union":
            return whole
    made = getattr(shapely, name)(as_area(left.planar(crs)), as_area(right.planar(crs)))
    return Geometry(made, crs, geodesic=False)
