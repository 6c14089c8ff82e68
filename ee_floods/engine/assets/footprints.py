"""Footprints in longitude and latitude, and what of them a query can be narrowed by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ee_floods.grid import Grid

__all__ = ["Bounds", "bounds_of", "footprint_of", "overlaps", "positions"]

Bounds = tuple[float, float, float, float]
"""`(west, south, east, north)` in degrees."""

_EDGE_POINTS = 8  # points per side: keeps a UTM scene's curved edges within metres


def footprint_of(grid: Grid) -> dict[str, Any]:
    """Return the outline of a grid as a GeoJSON polygon in longitude/latitude."""
    from rasterio.warp import transform

    steps = [index / _EDGE_POINTS for index in range(_EDGE_POINTS)]
    corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]
    cells: list[tuple[float, float]] = []
    for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
        cells += [(x0 + (x1 - x0) * step, y0 + (y1 - y0) * step) for step in steps]
    a, b, c, d, e, f = grid.transform
    xs = [c + a * x * grid.width + b * y * grid.height for x, y in cells]
    ys = [f + d * x * grid.width + e * y * grid.height for x, y in cells]
    longitudes, latitudes = transform(grid.crs, "EPSG:4326", xs, ys)
    ring = [[float(x), float(y)] for x, y in zip(longitudes, latitudes, strict=True)]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


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
