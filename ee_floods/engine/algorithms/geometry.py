"""Geometries: construction, measures, relations, operations; the same for features."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from ee_floods.engine.arguments import numeric
from ee_floods.engine.errors import bad_request
from ee_floods.engine.geometry_sets import as_area
from ee_floods.engine.registry import algorithm, register
from ee_floods.engine.spatial import combined, distance, related
from ee_floods.engine.values.collection import Collection
from ee_floods.engine.values.elements import Element, ErrorMargin, Feature
from ee_floods.engine.values.geometry import Geometry
from ee_floods.engine.values.projection import Projection, crs_of


def _built(kind: str, coordinates: Any, crs: Projection | None, geodesic: bool | None) -> Geometry:
    code = "EPSG:4326" if crs is None else crs.crs
    if crs is not None and crs.transform != Projection(code).transform:
        coordinates = _from_pixels(coordinates, crs)
    document = {"type": kind, "coordinates": coordinates, "crs": code}
    if geodesic is not None:
        document["geodesic"] = geodesic
    return Geometry.from_json(document)


def _from_pixels(coordinates: Any, projection: Projection) -> Any:
    """Coordinates of a projection with a transform are its pixels: the client's exports rely on it."""
    if not coordinates or isinstance(coordinates[0], (list, tuple)):
        return [_from_pixels(item, projection) for item in coordinates]
    a, b, c, d, e, f = projection.transform
    if len(coordinates) != 2:
        raise bad_request(f"Coordinates must come in pairs, received {len(coordinates)} numbers.")
    x, y = (numeric(value, "A coordinate") for value in coordinates)
    return [a * x + b * y + c, d * x + e * y + f]


def _nested(coordinates: Any, depth: int) -> Any:
    """Coordinates with as many levels of lists as the type has; rings and numbers may be given plainly."""
    if isinstance(coordinates, (list, tuple)) and coordinates and isinstance(coordinates[0], (int, float)):
        if len(coordinates) % 2:
            raise bad_request(f"Coordinates must come in pairs, received {len(coordinates)} numbers.")
        numbers = [numeric(value, "A coordinate") for value in coordinates]
        flat = [[x, y] for x, y in zip(numbers[::2], numbers[1::2], strict=True)]
        coordinates = flat if depth > 0 else list(coordinates)
    if coordinates and isinstance(coordinates[0], Geometry):
        coordinates = [list(map(list, g.shape.coords)) for g in coordinates]
        if depth == 1:
            coordinates = [c[0] for c in coordinates]
    level, inner = 0, coordinates
    while isinstance(inner, (list, tuple)) and inner and isinstance(inner[0], (list, tuple)):
        level, inner = level + 1, inner[0]
    for _ in range(depth - level):
        coordinates = [coordinates]
    return coordinates


@algorithm("GeometryConstructors.Point")
def point(coordinates: list[float], crs: Projection | None) -> Geometry:
    """A point."""
    if len(coordinates) != 2:
        raise bad_request(f"Point needs two coordinates, received {coordinates}.")
    return _built("Point", coordinates, crs, None)


@algorithm("GeometryConstructors.MultiPoint")
def multi_point(coordinates: list[Any], crs: Projection | None) -> Geometry:
    """Points."""
    return _built("MultiPoint", _nested(coordinates, 1), crs, None)


def _lines(kind: str, depth: int) -> None:
    def make(coordinates: list[Any], crs: Projection | None, geodesic: bool | None, error: Any) -> Geometry:
        return _built(kind, _nested(coordinates, depth), crs, geodesic)

    register(f"GeometryConstructors.{kind}", make)


_lines("LineString", 1)
_lines("LinearRing", 1)
_lines("MultiLineString", 2)


def _areas(kind: str, depth: int) -> None:
    def make(
        coordinates: list[Any], crs: Projection | None, geodesic: bool | None, error: Any, even_odd: bool
    ) -> Geometry:
        return _built(kind, _nested(coordinates, depth), crs, geodesic)

    register(f"GeometryConstructors.{kind}", make)


_areas("Polygon", 2)
_areas("MultiPolygon", 3)


@algorithm("GeometryConstructors.Rectangle")
def rectangle(
    coordinates: list[Any], crs: Projection | None, geodesic: bool | None, even_odd: bool
) -> Geometry:
    """A rectangle from two corners."""
    corners = _nested(coordinates, 1)
    if len(corners) != 2 or not all(isinstance(corner, list) and len(corner) == 2 for corner in corners):
        raise bad_request("A rectangle needs two corners: [[x0, y0], [x1, y1]].")
    (x0, y0), (x1, y1) = corners
    ring = [[x0, y1], [x0, y0], [x1, y0], [x1, y1], [x0, y1]]
    return _built("Polygon", [ring], crs, geodesic)


@algorithm("GeometryConstructors.BBox")
def bbox(west: float, south: float, east: float, north: float) -> Geometry:
    """A box of longitudes and latitudes with straight edges."""
    if west - east <= -360:
        west, east = -180.0, 180.0
    elif east < west:
        east += 360
    return Geometry.box((west, max(south, -90.0), east, min(north, 90.0)))


@algorithm("GeometryConstructors.MultiGeometry")
def multi_geometry(
    geometries: list[Geometry], crs: Projection | None, geodesic: bool | None, error: Any
) -> Geometry:
    """A collection of geometries."""
    code = crs.crs if crs is not None else (geometries[0].crs if geometries else "EPSG:4326")
    shapes = [g.in_projection(code).shape for g in geometries]
    kept = bool(crs_of(code).is_geographic) if geodesic is None else geodesic
    return Geometry(shapely.GeometryCollection(shapes), code, kept)


Measure = Callable[[Geometry, Any, Any], Any]


def _both(name: str, function: Callable[..., Any], *, geometry_result: bool = False) -> None:
    """Register an operation of one geometry for geometries and for features."""
    register(f"Geometry.{name}", function)

    def of_feature(feature: Element, *rest: Any) -> Any:
        if feature.geometry is None:
            raise bad_request("The feature has no geometry.")
        result = function(feature.geometry, *rest)
        return Feature(result, feature.properties) if geometry_result else result

    register(f"Feature.{name}", of_feature)


def _planar_plane(geometry: Geometry, projection: Projection | None) -> tuple[BaseGeometry, str]:
    """A shape in metres: around its own middle, or in the projection asked for."""
    geometry.require_bounded()
    if projection is not None:
        return geometry.planar(projection.crs), projection.crs
    return geometry.local()


def _area(geometry: Geometry, error: Any, projection: Projection | None) -> float:
    geometry.require_bounded()
    if projection is not None:
        return float(geometry.planar(projection.crs).area)
    return geometry.area()


def _length(geometry: Geometry, error: Any, projection: Projection | None) -> float:
    geometry.require_bounded()
    if projection is not None:
        return _planar_length(geometry, projection, areas=False)
    return geometry.length()


def _perimeter(geometry: Geometry, error: Any, projection: Projection | None) -> float:
    geometry.require_bounded()
    if projection is not None:
        return _planar_length(geometry, projection, areas=True)
    return geometry.perimeter()


def _planar_length(geometry: Geometry, projection: Projection, *, areas: bool) -> float:
    """Length of the lines, or around the areas, in units of the projection's coordinate system."""
    planar = geometry.planar(projection.crs)
    parts = shapely.get_parts(planar) if hasattr(planar, "geoms") else [planar]
    return math.fsum(part.length for part in parts if (part.area > 0) == areas)


def _buffer(
    geometry: Geometry, metres: float, error: ErrorMargin | None, projection: Projection | None
) -> Geometry:
    if not math.isfinite(metres):
        raise bad_request(f"The distance must be finite, not {metres}.")
    shape, crs = _planar_plane(geometry, projection)
    margin = error.value if error is not None and error.value else abs(metres) * 0.01
    # A circle of n segments a quarter is off by r (1 - cos(pi / 4n)): at least 8, more for small margins.
    segments = 8
    while segments < 64 and abs(metres) * (3.14159 / (4 * segments)) ** 2 / 2 > margin:
        segments *= 2
    grown = shapely.buffer(as_area(shape), metres, quad_segs=segments)
    made = Geometry(grown, crs, geodesic=False)
    return made if projection is not None else Geometry(made.planar(), geodesic=False)


def _bounds(geometry: Geometry, error: Any, projection: Projection | None) -> Geometry:
    if geometry.unbounded:
        return Geometry.box((-180.0, -90.0, 180.0, 90.0))
    crs = "EPSG:4326" if projection is None else projection.crs
    return Geometry.box(geometry.planar(crs).bounds, crs)


def _centroid(geometry: Geometry, error: Any, projection: Projection | None) -> Geometry:
    shape, crs = _planar_plane(geometry, projection)
    middle = Geometry(as_area(shape).centroid, crs, geodesic=False)
    if projection is not None:
        return middle
    return Geometry(middle.planar())


def _hull(geometry: Geometry, error: Any, projection: Projection | None) -> Geometry:
    crs = "EPSG:4326" if projection is None else projection.crs
    return Geometry(geometry.require_bounded().planar(crs).convex_hull, crs, geodesic=False)


def _simplify(geometry: Geometry, error: ErrorMargin, projection: Projection | None) -> Geometry:
    tolerance = error.value or 0.0
    if not tolerance >= 0:
        raise bad_request(f"The maximum error must not be negative, received {tolerance}.")
    shape, crs = _planar_plane(geometry, projection)
    made = Geometry(shapely.simplify(shape, tolerance), crs, geodesic=False)
    return made if projection is not None else Geometry(made.planar(), geodesic=False)


def _dissolve(geometry: Geometry, error: Any, projection: Projection | None) -> Geometry:
    crs = "EPSG:4326" if projection is None else projection.crs
    shape = as_area(geometry.require_bounded().planar(crs))
    return Geometry(shapely.union_all([shape]), crs, geodesic=False)


def _transform(
    geometry: Geometry, projection: Projection | None, error: Any, geodesic: bool | None
) -> Geometry:
    crs = "EPSG:4326" if projection is None else projection.crs
    return geometry if geometry.unbounded else geometry.in_projection(crs, geodesic)


def _cut_lines(
    geometry: Geometry, distances: list[float], error: Any, projection: Projection | None
) -> Geometry:
    from shapely.ops import substring

    shape, crs = _planar_plane(geometry, projection)
    pieces = []
    for line in shapely.get_parts(shape):
        if line.geom_type in ("LineString", "LinearRing"):
            cuts = [0.0, *sorted(d for d in distances if 0 < d < line.length), line.length]
            pieces += [substring(line, a, b) for a, b in itertools.pairwise(cuts) if b > a]
    made = Geometry(shapely.MultiLineString(pieces), crs, geodesic=False)
    return made if projection is not None else Geometry(made.planar(), geodesic=False)


for _name, _function in (("area", _area), ("length", _length), ("perimeter", _perimeter)):
    _both(_name, _function)
for _name, _operation in (
    ("buffer", _buffer), ("bounds", _bounds), ("centroid", _centroid), ("convexHull", _hull),
    ("simplify", _simplify), ("dissolve", _dissolve), ("transform", _transform), ("cutLines", _cut_lines),
):  # fmt: skip
    _both(_name, _operation, geometry_result=True)


def _pair(name: str, function: Callable[..., Any], *, geometry_result: bool = False) -> None:
    """Register an operation of two geometries for geometries and for features."""
    register(f"Geometry.{name}", function)

    def of_features(left: Element, right: Element, *rest: Any) -> Any:
        if left.geometry is None or right.geometry is None:
            raise bad_request("The feature has no geometry.")
        result = function(left.geometry, right.geometry, *rest)
        return Feature(result, left.properties) if geometry_result else result

    register(f"Feature.{name}", of_features)


for _relation, _as in (("intersects", "intersects"), ("disjoint", "disjoint"), ("contains", "contains"),
                       ("containedIn", "isContained")):  # fmt: skip
    _pair(_relation, lambda a, b, error, proj, name=_as: related(name, a, b))
for _set, _shapely in (("intersection", "intersection"), ("union", "union"), ("difference", "difference"),
                       ("symmetricDifference", "symmetric_difference")):  # fmt: skip
    _pair(_set, lambda a, b, error, proj, name=_shapely: combined(name, a, b, proj), geometry_result=True)
_pair("distance", lambda a, b, error, proj, spherical: distance(a, b, proj))
_pair("withinDistance", lambda a, b, most, error, proj: distance(a, b, proj) <= most)


@algorithm("Geometry.coordinates")
def coordinates(geometry: Geometry) -> list[Any]:
    """GeoJSON coordinates."""
    document = geometry.to_json()
    if "geometries" in document:
        return [part["coordinates"] for part in document["geometries"]]
    found: list[Any] = document["coordinates"]
    return found


@algorithm("Geometry.type")
def geometry_type(geometry: Geometry) -> str:
    """GeoJSON type."""
    return geometry.kind


@algorithm("Geometry.projection")
def projection(geometry: Geometry) -> Projection:
    """The projection of the coordinates."""
    return Projection(geometry.crs)


@algorithm("Geometry.geodesic", "Geometry.edgesAreGeodesics")
def geodesic(geometry: Geometry) -> bool:
    """Whether edges are geodesics."""
    return geometry.geodesic


@algorithm("Geometry.isUnbounded")
def is_unbounded(geometry: Geometry) -> bool:
    """Whether it is the whole plane."""
    return geometry.unbounded


@algorithm("Geometry.geometries")
def geometries(geometry: Geometry) -> list[Geometry]:
    """The parts of a multi-part geometry, or the geometry itself."""
    parts = list(geometry.shape.geoms) if hasattr(geometry.shape, "geoms") else [geometry.shape]
    return [geometry.with_shape(part) for part in parts]


@algorithm("Geometry.coveringGrid")
def covering_grid(geometry: Geometry, crs: Projection, scale: float | None) -> Collection:
    """Cells of a grid that intersect a geometry."""
    from ee_floods.engine.regions import grid_of_region
    from ee_floods.grid import Window

    grid = grid_of_region(geometry, crs if scale is None else crs.north_up(scale))
    shape = as_area(geometry.planar(grid.crs))
    shapely.prepare(shape)
    cells = []
    for row in range(grid.height):
        for col in range(grid.width):
            cell = Geometry.box(grid.crop(Window(row, col, 1, 1)).bounds, grid.crs)
            if shapely.intersects(shape, cell.shape):
                cells.append(Feature(cell, {"system:index": f"{col},{row}"}))
    return Collection.of(cells, images=False)
