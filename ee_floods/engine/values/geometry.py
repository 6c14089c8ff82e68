"""Geometries: a shapely shape, its CRS, and whether its edges are geodesics."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyproj
import shapely
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

from ee_floods.engine.errors import bad_request
from ee_floods.engine.values.projection import (
    METRES_PER_DEGREE,
    Projection,
    crs_of,
    reproject_points,
    same_system,
)

__all__ = ["GEOD", "Geometry"]

GEOD = pyproj.Geod(ellps="WGS84")

_STEEPEST = 90 + 1e-6  # degrees; a pole that was computed in floating point may be a hair beyond itself

# What shapely raises for a document that is no geometry.
_NO_SHAPE = (
    AttributeError, LookupError, NotImplementedError, OverflowError, TypeError, ValueError,
    shapely.errors.ShapelyError,
)  # fmt: skip

# An edge's geodesic leaves the straight line in longitude/latitude by about L**2 / (8 R) * tan(latitude):
# 2 km of edge is 8 cm at 45 degrees.
_GEODESIC_STEP_M = 2000.0
_STEPS_PER_EDGE = 400


@dataclass(frozen=True)
class Geometry:
    """A geometry.

    Args:
        shape: Coordinates in `crs` (longitude first in geographic systems).
        crs: EPSG code or WKT.
        geodesic: Whether edges are shortest paths on the ellipsoid rather than straight in `crs`.
        unbounded: Whether it is the whole plane; `shape` is then empty.
    """

    shape: BaseGeometry
    crs: str = "EPSG:4326"
    geodesic: bool = True
    unbounded: bool = False

    @classmethod
    def everywhere(cls) -> Geometry:
        """Return the unbounded geometry (a constant's footprint)."""
        return cls(shapely.Polygon(), geodesic=False, unbounded=True)

    @classmethod
    def point(cls, x: float, y: float, crs: str = "EPSG:4326") -> Geometry:
        """Return a point."""
        return cls(shapely.Point(x, y), crs)

    @classmethod
    def box(cls, bounds: tuple[float, float, float, float], crs: str = "EPSG:4326") -> Geometry:
        """Return a rectangle with straight edges in `crs`; empty for the bounds (NaN) of what is empty."""
        if any(math.isnan(edge) for edge in bounds):
            return cls(shapely.Polygon(), crs, geodesic=False)
        west, south, east, north = bounds
        # The service begins a box in its lower left corner.
        ring = [(west, south), (east, south), (east, north), (west, north)]
        return cls(shapely.Polygon(ring), crs, geodesic=False)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Geometry:
        """Read GeoJSON with Earth Engine's members `crs` and `geodesic`.

        Raises:
            EngineError: If it is not a geometry.
        """
        if document.get("type") == "Feature" and isinstance(document.get("geometry"), Mapping):
            return cls.from_json(document["geometry"])
        try:
            found = shape(document)
        except _NO_SHAPE as error:
            raise bad_request(f"Invalid GeoJSON geometry: {str(document)[:200]}") from error
        crs = _crs_member(document.get("crs"))
        geodesic = document.get("geodesic")
        geographic = bool(crs_of(crs).is_geographic)
        _check_coordinates(found, geographic)
        return cls(found, crs, geographic if geodesic is None else bool(geodesic))

    def require_bounded(self) -> Geometry:
        """Return self.

        Raises:
            EngineError: If the geometry is unbounded.
        """
        if self.unbounded:
            raise bad_request("Unable to perform this geometry operation on an unbounded geometry.")
        return self

    def planar(self, crs: str = "EPSG:4326") -> BaseGeometry:
        """Return the shape with straight edges in `crs`, following the true edges to centimetres."""
        return _planar(self, crs)

    def in_projection(self, crs: str, geodesic: bool | None = None) -> Geometry:
        """Return the geometry expressed in another CRS."""
        if same_system(crs, self.crs) and (geodesic is None or geodesic == self.geodesic):
            return self
        keep = bool(crs_of(crs).is_geographic) if geodesic is None else geodesic
        if self.geodesic and keep:  # vertices alone carry a geodesic shape
            return Geometry(_moved(self.shape, self.crs, crs), crs, True, self.unbounded)
        return Geometry(self.planar(crs), crs, False, self.unbounded)

    def local(self) -> tuple[BaseGeometry, str]:
        """Return the shape in metres around its own middle, and that azimuthal equidistant CRS."""
        planar = self.planar()
        if planar.is_empty:
            return planar, "EPSG:4326"
        middle = planar.centroid
        if not (math.isfinite(middle.x) and math.isfinite(middle.y)):
            raise bad_request("The geometry has no place on the Earth.")
        crs = f"+proj=aeqd +lat_0={middle.y:.9f} +lon_0={middle.x:.9f} +datum=WGS84 +units=m"
        return self.planar(crs), crs

    @functools.cached_property
    def bounds(self) -> tuple[float, float, float, float]:
        """`(west, south, east, north)` in degrees; the whole Earth if unbounded."""
        if self.unbounded:
            return -180.0, -90.0, 180.0, 90.0
        west, south, east, north = self.planar().bounds
        return west, south, east, north

    @property
    def kind(self) -> str:
        """GeoJSON type."""
        return "Polygon" if self.unbounded else str(self.shape.geom_type)

    def area(self) -> float:
        """Square metres on the ellipsoid."""
        return math.fsum(abs(_ring_area(part)) for part in _polygons(self._geodesic_shape()))

    def length(self) -> float:
        """Metres along lines, on the ellipsoid."""
        return math.fsum(
            GEOD.geometry_length(part) for part in _parts(self._geodesic_shape()) if "Line" in part.geom_type
        )

    def perimeter(self) -> float:
        """Metres around polygons, on the ellipsoid."""
        rings = (
            ring for part in _polygons(self._geodesic_shape()) for ring in (part.exterior, *part.interiors)
        )
        return math.fsum(GEOD.geometry_length(ring) for ring in rings)

    def _geodesic_shape(self) -> BaseGeometry:
        return self.shape if self.geodesic and same_system(self.crs, "EPSG:4326") else self.planar()

    def with_shape(self, found: BaseGeometry) -> Geometry:
        """Return the same CRS and edges with other coordinates."""
        return replace(self, shape=found)

    def to_json(self) -> dict[str, Any]:
        """Return GeoJSON with Earth Engine's members."""
        if self.unbounded:
            inf = float("inf")
            ring = [[-inf, -inf], [inf, -inf], [inf, inf], [-inf, inf], [-inf, -inf]]
            return {"type": "Polygon", "geodesic": False,
                    "coordinates": [ring]}  # fmt: skip
        if self.shape.is_empty:
            members = "geometries" if self.kind == "GeometryCollection" else "coordinates"
            return {"type": self.kind, members: []}
        document: dict[str, Any] = _listed(mapping(self.shape))
        if document["type"] != "Point" and document["type"] != "MultiPoint" and not self.geodesic:
            document = {"geodesic": False, **document}
        if not same_system(self.crs, "EPSG:4326"):
            document["crs"] = {"type": "name", "properties": {"name": self.crs}}
        return document


def _crs_member(crs: Any) -> str:
    """The CRS that a GeoJSON document names; WGS84 by default."""
    if isinstance(crs, Mapping):
        members = crs.get("properties")
        crs = members.get("name") if isinstance(members, Mapping) else None
    if not crs:
        return "EPSG:4326"
    if not isinstance(crs, str):
        raise bad_request(f"Invalid GeoJSON geometry: its CRS is {str(crs)[:100]}.")
    return "EPSG:4326" if crs.endswith("CRS84") else crs


def _check_coordinates(found: BaseGeometry, geographic: bool) -> None:
    coordinates = shapely.get_coordinates(found)
    if not np.isfinite(coordinates).all():
        raise bad_request("Invalid GeoJSON geometry: coordinates must be finite numbers.")
    if geographic and coordinates.size and np.abs(coordinates[:, 1]).max() > _STEEPEST:
        raise bad_request("Invalid GeoJSON geometry: latitudes must be between -90 and 90.")


def _listed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _listed(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_listed(item) for item in value]
    return value


def _parts(found: BaseGeometry) -> Sequence[BaseGeometry]:
    if hasattr(found, "geoms"):
        return [part for item in found.geoms for part in _parts(item)]
    return [found]


def _polygons(found: BaseGeometry) -> list[Any]:
    return [part for part in _parts(found) if part.geom_type == "Polygon" and not part.is_empty]


def _ring_area(polygon: Any) -> float:
    area = abs(GEOD.geometry_area_perimeter(shapely.Polygon(polygon.exterior))[0])
    holes = math.fsum(
        abs(GEOD.geometry_area_perimeter(shapely.Polygon(ring))[0]) for ring in polygon.interiors
    )
    return float(area - holes)


def _moved(found: BaseGeometry, source: str, target: str) -> BaseGeometry:
    if same_system(source, target) or found.is_empty:
        return found

    def move(points: Any) -> Any:
        x, y = reproject_points(points[:, 0], points[:, 1], source, target)
        return np.column_stack([x, y])

    return shapely.transform(found, move)


@functools.lru_cache(maxsize=512)
def _planar(geometry: Geometry, crs: str) -> BaseGeometry:
    found = geometry.shape
    if geometry.unbounded or found.is_empty or found.geom_type in ("Point", "MultiPoint"):
        return _moved(found, geometry.crs, crs)
    if geometry.geodesic:
        lonlat = _moved(found, geometry.crs, "EPSG:4326")
        # A meridian is straight in longitude/latitude only.
        bent = not same_system(crs, "EPSG:4326")
        return _moved(lonlat if _short(lonlat) else _densified(lonlat, bent), "EPSG:4326", crs)
    if not same_system(geometry.crs, crs):
        left, bottom, right, top = found.bounds
        # Straight edges bend in another CRS: 64 points across the shape keep them to a small part of a pixel.
        step = max(right - left, top - bottom) / 64
        unit = Projection(geometry.crs).unit_metres
        if step * unit > 200:
            found = shapely.segmentize(found, step)
    return _moved(found, geometry.crs, crs)


def _short(lonlat: BaseGeometry) -> bool:
    west, south, east, north = lonlat.bounds
    return bool(max(east - west, north - south) * METRES_PER_DEGREE < _GEODESIC_STEP_M)


def _densified(lonlat: BaseGeometry, meridians: bool) -> BaseGeometry:
    kind = lonlat.geom_type
    if kind == "Polygon":
        return shapely.Polygon(
            _edge_points(lonlat.exterior, meridians),
            [_edge_points(ring, meridians) for ring in lonlat.interiors],
        )
    if kind == "LinearRing":
        return shapely.LinearRing(_edge_points(lonlat, meridians))
    if kind == "LineString":
        return shapely.LineString(_edge_points(lonlat, meridians))
    if hasattr(lonlat, "geoms"):
        return type(lonlat)([_densified(part, meridians) for part in lonlat.geoms])
    return lonlat


def _edge_points(line: Any, meridians: bool) -> list[tuple[float, float]]:
    points = [(float(p[0]), float(p[1])) for p in line.coords]
    dense = points[:1]
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        if meridians or x0 != x1:
            _, _, metres = GEOD.inv(x0, y0, x1, y1)
            steps = min(int(metres / _GEODESIC_STEP_M), _STEPS_PER_EDGE)
            if steps and x0 == x1:
                dense += [(x0, float(y)) for y in np.linspace(y0, y1, steps + 2)[1:-1]]
            elif steps:
                between = GEOD.npts(x0, y0, x1, y1, steps)
                # Keep a ring that crosses the antimeridian continuous around its first vertex.
                dense += [(x + 360 * round((x0 - x) / 360), y) for x, y in between]
        dense.append((x1, y1))
    return dense
