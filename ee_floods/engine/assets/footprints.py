"""Footprints in longitude and latitude, and what of them a query can be narrowed by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ee_floods.engine.values.projection import reproject_points
from ee_floods.grid import Grid

__all__ = ["Bounds", "bounds_of", "footprint_of", "overlaps", "positions"]

Bounds = tuple[float, float, float, float]
"""`(west, south, east, north)` in degrees."""

_EDGE_POINTS = 8  # points per side: keeps a UTM scene's curved edges within metres
_STEPS = np.arange(_EDGE_POINTS) / _EDGE_POINTS
_ZEROS, _ONES = np.zeros(_EDGE_POINTS), np.ones(_EDGE_POINTS)
_OUTLINE = np.stack(
    [
        np.concatenate([_STEPS, _ONES, 1 - _STEPS, _ZEROS]),
        np.concatenate([_ZEROS, _STEPS, _ONES, 1 - _STEPS]),
    ],
    axis=1,
)  # (points, 2): column and row along the edges, as shares of the width and the height


def footprint_of(grid: Grid) -> dict[str, Any]:
    """Return the outline of a grid as a GeoJSON polygon in longitude/latitude."""
    a, b, c, d, e, f = grid.transform
    cols, rows = _OUTLINE[:, 0] * grid.width, _OUTLINE[:, 1] * grid.height
    xs, ys = c + a * cols + b * rows, f + d * cols + e * rows
    ring = np.stack(reproject_points(xs, ys, grid.crs, "EPSG:4326"), axis=1).tolist()
    return {"type": "Polygon", "coordinates": [[*ring, list(ring[0])]]}


def positions(geometry: Mapping[str, Any] | None) -> list[tuple[float, float]]:
    """Return every position of a GeoJSON geometry."""
    if not geometry:
        return []
    if geometry.get("type") == "GeometryCollection":
        return [point for part in geometry.get("geometries", ()) for point in positions(part)]
    return list(_flatten(geometry.get("coordinates", ())))


def bounds_of(geometry: Mapping[str, Any] | None) -> Bounds | None:
    """Return the bounds of a GeoJSON geometry; None if it has no position."""
    points = positions(geometry)
    if not points:
        return None
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)


def overlaps(first: Bounds | None, second: Bounds | None) -> bool:
    """Whether two bounds share a point; None is everywhere."""
    if first is None or second is None:
        return True
    return first[0] <= second[2] and second[0] <= first[2] and first[1] <= second[3] and second[1] <= first[3]


def _flatten(coordinates: Any) -> Iterable[tuple[float, float]]:
    if not coordinates:
        return
    if isinstance(coordinates[0], (int, float)):
        yield float(coordinates[0]), float(coordinates[1])
        return
    for part in coordinates:
        yield from _flatten(part)
