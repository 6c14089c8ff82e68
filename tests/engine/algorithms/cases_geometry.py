"""Geometries against shapely in a plane, pyproj's geodesics on the ellipsoid, and plain arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import ee
import numpy as np
import pyproj
import shapely
from shapely.geometry import mapping, shape

from tests.engine.algorithms.case import Case
from tests.engine.memory_library import UTM

GEOD = pyproj.Geod(ellps="WGS84")
TO_UTM = pyproj.Transformer.from_crs("EPSG:4326", UTM.crs, always_xy=True)

# Degrees, on the ellipsoid.
QUAD = shapely.Polygon(
    [(70, 20), (71, 20.2), (71.1, 21.5), (70, 21)], [[(70.4, 20.5), (70.6, 20.5), (70.5, 20.7)]]
)
PATH = shapely.LineString([(70, 20), (70.5, 20.75), (72, 20.1)])
# Metres, in the plane.
ELL = shapely.Polygon([(0, 0), (300, 0), (300, 100), (100, 100), (100, 400), (0, 400)])
BOX = shapely.box(50, -50, 200, 250)
FAR = shapely.box(900, 0, 1000, 100)
INNER = shapely.box(10, 10, 20, 20)
WAY = shapely.LineString([(0, 0), (300, 0), (300, 400)])
BUMP = shapely.LineString([(0, 0), (50, 2), (100, -3), (150, 0), (300, 300)])


def moved(planar: Any) -> Any:
    """A shape in metres, in the middle of the UTM zone."""
    return shapely.transform(planar, lambda points: np.add(points, (500000, 3000000)))


def degrees(found: Any, geodesic: bool | None = None) -> Callable[[], Any]:
    """The client's geometry of a shape in longitude/latitude."""
    return lambda: ee.Geometry(mapping(found), opt_geodesic=geodesic)


def metres(found: Any) -> Callable[[], Any]:
    """The client's geometry of a shape in metres, with straight edges in UTM."""
    return lambda: ee.Geometry(mapping(moved(found)), opt_proj=UTM.crs, opt_geodesic=False)


def feature(geometry: Callable[[], Any], **properties: Any) -> Callable[[], Any]:
    return lambda: ee.Feature(geometry(), properties or {"k": 3})


@dataclass(frozen=True)
class Shaped(Case):
    """A case whose answer is a geometry, or a feature with one: compared by place, not by vertices."""

    def check(self, answer: Any) -> None:
        assert isinstance(answer, Mapping), f"{answer!r} is no geometry"
        document = answer["geometry"] if answer.get("type") == "Feature" else answer
        assert isinstance(document, Mapping) and "coordinates" in document, f"{answer!r} is no geometry"
        found, truth = shape(document), self.expected()
        assert found.geom_type == truth.geom_type, f"{found.geom_type}, not {truth.geom_type}"
        apart = shapely.hausdorff_distance(found, truth)
        assert apart <= self.atol, f"{apart} apart: {found.wkt[:200]}, not {truth.wkt[:200]}"


def both(name: str, arguments: list[Any], truth: Any, *, tag: str = "", **how: Any) -> list[Case]:
    """A case of `Geometry.name` and of `Feature.name`; geometries are callables."""
    kind = Shaped if isinstance(truth, shapely.Geometry) else Case
    features = [feature(item) if callable(item) else item for item in arguments]
    return [kind(f"{family}.{name}", given, truth, name=tag, **how)
            for family, given in (("Geometry", arguments), ("Feature", features))]  # fmt: skip


def _area(polygon: Any) -> float:
    return abs(GEOD.geometry_area_perimeter(shapely.geometry.polygon.orient(polygon))[0])


def _grid_cells() -> int:
    """Cells of 100 m that touch the ell; those that it only meets in an edge or corner count too."""
    cells = [
        shapely.box(x, y, x + 100, y + 100) for x in range(-200, 500, 100) for y in range(-200, 600, 100)
    ]
    return sum(shapely.intersects(moved(cell), moved(shapely.buffer(ELL, -1))) for cell in cells)


_CUT = [100, 350]
_KEEP = 1e-6  # metres

CASES: list[Case] = [
    *both("area", [degrees(QUAD)], lambda: _area(QUAD), rtol=1e-9),
    *both("area", [metres(ELL), 1, UTM.crs], ELL.area, tag="projected", rtol=1e-9),
    *both("area", [degrees(QUAD, False), 1, "EPSG:4326"], QUAD.area, tag="square degrees", rtol=1e-9),
    *both("perimeter", [degrees(QUAD)],
          lambda: sum(GEOD.geometry_length(ring) for ring in (QUAD.exterior, *QUAD.interiors)), rtol=1e-9),
    *both("perimeter", [metres(ELL), 1, UTM.crs], ELL.length, tag="projected", rtol=1e-9),
    *both("perimeter", [metres(WAY), 1, UTM.crs], 0, tag="line"),
    *both("length", [degrees(PATH)], lambda: GEOD.geometry_length(PATH), rtol=1e-9),
    *both("length", [metres(WAY), 1, UTM.crs], 700, tag="projected", rtol=1e-9),
    *both("length", [metres(ELL)], 0, tag="area"),
    *both("buffer", [metres(INNER), 25, 0.01, UTM.crs], moved(INNER.buffer(25, quad_segs=64)), atol=0.02),
    *both("buffer", [metres(FAR), -20, 0.01, UTM.crs], moved(shapely.box(920, 20, 980, 80)),
          tag="inward", atol=_KEEP),
    *both("bounds", [metres(ELL), 1, UTM.crs], moved(shapely.box(*ELL.bounds)), atol=_KEEP),
    *both("centroid", [metres(ELL), 1, UTM.crs], moved(ELL.centroid), atol=_KEEP),
    *both("convexHull", [metres(ELL), 1, UTM.crs], moved(ELL.convex_hull), atol=_KEEP),
    *both("simplify", [metres(BUMP), 5, UTM.crs], moved(shapely.LineString([(0, 0), (150, 0), (300, 300)])),
          atol=_KEEP),
    *both("dissolve", [metres(shapely.MultiPolygon([ELL, BOX])), 1, UTM.crs],
          moved(ELL | BOX), atol=_KEEP),
    *both("transform", [degrees(shapely.Point(69.3, 27.2)), UTM.crs, 1],
          shapely.Point(TO_UTM.transform(69.3, 27.2)), atol=_KEEP),
    *both("cutLines", [metres(WAY), _CUT, 1, UTM.crs],
          moved(shapely.MultiLineString([[(0, 0), (100, 0)], [(100, 0), (300, 0), (300, 50)],
                                         [(300, 50), (300, 400)]])), atol=_KEEP),
    *both("intersection", [metres(ELL), metres(BOX), 1, UTM.crs], moved(ELL & BOX), atol=_KEEP),
    *both("union", [metres(ELL), metres(BOX), 1, UTM.crs], moved(ELL | BOX), atol=_KEEP),
    *both("difference", [metres(ELL), metres(BOX), 1, UTM.crs], moved(ELL - BOX), atol=_KEEP),
    *both("symmetricDifference", [metres(ELL), metres(BOX), 1, UTM.crs], moved(ELL ^ BOX), atol=_KEEP),
    *both("distance", [degrees(shapely.Point(70, 20)), degrees(shapely.Point(70.3, 20.4))],
          lambda: GEOD.inv(70, 20, 70.3, 20.4)[2], rtol=1e-6),
    *both("distance", [metres(ELL), metres(FAR), 1, UTM.crs], ELL.distance(FAR), tag="projected", rtol=1e-9),
    *both("distance", [metres(ELL), metres(BOX)], 0, tag="overlap", atol=1e-6),
    *both("withinDistance", [metres(ELL), metres(FAR), 599, 1, UTM.crs], False, tag="short"),
    *both("withinDistance", [metres(ELL), metres(FAR), 601, 1, UTM.crs], True, tag="enough"),
    *[case for name, first, second, truth in (
        ("intersects", ELL, BOX, True), ("intersects", ELL, FAR, False),
        ("disjoint", ELL, FAR, True), ("disjoint", ELL, BOX, False),
        ("contains", ELL, INNER, True), ("contains", INNER, ELL, False),
        ("containedIn", INNER, ELL, True), ("containedIn", ELL, BOX, False),
    ) for case in both(name, [metres(first), metres(second)], truth, tag=str(truth))],
    Case("Geometry.coordinates", [degrees(PATH)], [[70, 20], [70.5, 20.75], [72, 20.1]]),
    Case("Geometry.type", [degrees(shapely.MultiPoint([(1, 2), (3, 4)]))], "MultiPoint"),
    Case("Geometry.projection", [metres(ELL)], UTM.crs,
         ask=lambda projection: ee.Projection(projection).crs()),
    *[Case(f"Geometry.{name}", [given], truth, name=str(truth))
      for name in ("geodesic", "edgesAreGeodesics")
      for given, truth in ((degrees(QUAD), True), (degrees(QUAD, False), False))],
    Case("Geometry.isUnbounded", [degrees(QUAD)], False, name="bounded"),
    Case("Geometry.isUnbounded", [lambda: ee.Image(1).geometry()], True, name="unbounded"),
    Case("Geometry.geometries", [degrees(shapely.MultiPoint([(1, 2), (3, 4)]))],
         [[1, 2], [3, 4]],
         ask=lambda parts: ee.List(parts).map(lambda part: ee.Geometry(part).coordinates())),
    Case("Geometry.coveringGrid", [metres(shapely.buffer(ELL, -1)), UTM.crs, 100], _grid_cells,
         ask=lambda cells: ee.FeatureCollection(cells).size()),
]  # fmt: skip


def _built(name: str, arguments: Any, truth: Mapping[str, Any], tag: str = "") -> Case:
    return Case(f"GeometryConstructors.{name}", arguments, truth, name=tag)


_RING = [[1, 2], [5, 2], [5, 7], [1, 2]]
_PLANE = {"type": "name", "properties": {"name": UTM.crs}}
CASES += [
    _built("Point", [[3.5, -2]], {"type": "Point", "coordinates": [3.5, -2]}),
    _built("Point", [[500010, 3000020], UTM.crs],
           {"type": "Point", "coordinates": [500010, 3000020], "crs": _PLANE}, "projected"),
    _built("MultiPoint", [[[1, 2], [3, 4]]], {"type": "MultiPoint", "coordinates": [[1, 2], [3, 4]]}),
    _built("LineString", [[1, 2, 3, 4], None, False],
           {"type": "LineString", "geodesic": False, "coordinates": [[1, 2], [3, 4]]}),
    _built("LinearRing", [_RING[:3], None, False],
           {"type": "LinearRing", "geodesic": False, "coordinates": _RING}),
    _built("MultiLineString", [[[[1, 2], [3, 4]], [[5, 6], [7, 9]]]],
           {"type": "MultiLineString", "coordinates": [[[1, 2], [3, 4]], [[5, 6], [7, 9]]]}),
    _built("Polygon", [[_RING], None, False],
           {"type": "Polygon", "geodesic": False, "coordinates": [_RING]}),
    _built("MultiPolygon", [[[_RING]], None, False],
           {"type": "MultiPolygon", "geodesic": False, "coordinates": [[_RING]]}),
    Shaped("GeometryConstructors.Rectangle", [[1, 2, 5, 7], None, False], shapely.box(1, 2, 5, 7)),
    Shaped("GeometryConstructors.BBox", [1, 2, 5, 7], shapely.box(1, 2, 5, 7)),
    Shaped("GeometryConstructors.BBox", [170, 2, -170, 7], shapely.box(170, 2, 190, 7), name="antimeridian"),
    Case("GeometryConstructors.MultiGeometry", [[degrees(shapely.Point(1, 2)), degrees(PATH)]],
         ["Point", "LineString"],
         ask=lambda made: ee.Geometry(made).geometries().map(lambda part: ee.Geometry(part).type())),
]  # fmt: skip
