from __future__ import annotations

import ee
import numpy as np
import pytest
import shapely
from pyproj import Geod, Transformer

from ee_floods.engine.errors import EngineError
from ee_floods.engine.regions import coverage, inside
from ee_floods.engine.values.geometry import Geometry
from ee_floods.grid import Grid
from tests.engine.memory_library import Bench

GEOD = Geod(ellps="WGS84")


def test_area_length_and_perimeter_are_pyprojs(bench: Bench) -> None:
    ring = [[10, 50], [12, 50], [12, 51], [10, 51.5], [10, 50]]
    polygon = ee.Geometry.Polygon([ring])
    area, perimeter = GEOD.geometry_area_perimeter(shapely.Polygon(ring))
    assert bench.value(polygon.area(1)) == pytest.approx(abs(area), rel=1e-9)
    assert bench.value(polygon.perimeter(1)) == pytest.approx(perimeter, rel=1e-9)
    line = ee.Geometry.LineString([[10, 50], [12, 50]])
    assert bench.value(line.length()) == pytest.approx(GEOD.inv(10, 50, 12, 50)[2])
    assert bench.value(ee.Geometry.Point(10, 50).distance(ee.Geometry.Point(10.5, 50.2))) == pytest.approx(
        GEOD.inv(10, 50, 10.5, 50.2)[2], rel=1e-6
    )


def test_edges_are_geodesic_by_default_and_straight_on_request(bench: Bench) -> None:
    # The shortest way between two places on a parallel of 50 degrees bulges towards the pole.
    corners = [[0, 40], [40, 40], [40, 50], [0, 50], [0, 40]]
    above = ee.Geometry.Point(20, 51)
    assert bench.value(ee.Geometry.Polygon([corners]).contains(above)) is True
    assert bench.value(ee.Geometry.Polygon([corners], None, False).contains(above)) is False
    assert bench.value(ee.Geometry.BBox(0, 40, 40, 50).contains(above)) is False


def test_geodesic_edges_are_followed() -> None:
    edge = Geometry(shapely.LineString([(0, 50), (40, 50)])).planar()
    half = GEOD.npts(0, 50, 40, 50, 1)[0]
    assert shapely.distance(edge, shapely.Point(half)) < 2e-5


@pytest.mark.parametrize("metres", [500.0, -200.0])
def test_buffer_moves_the_outline_by_metres(bench: Bench, metres: float) -> None:
    square = ee.Geometry.Rectangle([500000, 3000000, 502000, 3002000], "EPSG:32642", False)
    found = bench.value(square.buffer(metres, 1).transform("EPSG:32642", 1))
    planar = shapely.geometry.shape({k: found[k] for k in ("type", "coordinates")})
    truth = shapely.box(500000, 3000000, 502000, 3002000).buffer(metres)
    assert planar.symmetric_difference(truth).area / truth.area < 3e-3


def test_centroid_bounds_and_transform(bench: Bench) -> None:
    square = ee.Geometry.Rectangle([500000, 3000000, 502000, 3002000], "EPSG:32642", False)
    to_lonlat = Transformer.from_crs("EPSG:32642", "EPSG:4326", always_xy=True)
    middle = bench.value(square.centroid(1))["coordinates"]
    assert middle == pytest.approx(to_lonlat.transform(501000, 3001000), abs=1e-6)
    box = bench.value(square.bounds(1))
    west, south, east, north = shapely.geometry.shape(box).bounds
    corners = [to_lonlat.transform(x, y) for x in (500000, 502000) for y in (3000000, 3002000)]
    assert (west, north) == pytest.approx((min(c[0] for c in corners), max(c[1] for c in corners)), abs=1e-6)
    assert box["geodesic"] is False
    assert (east > west, north > south) == (True, True)


@pytest.mark.parametrize("name", ["intersection", "union", "difference", "symmetricDifference"])
def test_sets_are_shapelys(bench: Bench, name: str) -> None:
    a, b = shapely.box(0, 0, 2, 2), shapely.box(1, 1, 3, 3)
    left, right = (
        ee.Geometry.Rectangle([0, 0, 2, 2], None, False),
        ee.Geometry.Rectangle([1, 1, 3, 3], None, False),
    )
    found = shapely.geometry.shape(bench.value(getattr(left, name)(right, 1)))
    truth = {"symmetricDifference": "symmetric_difference"}.get(name, name)
    assert found.equals(getattr(shapely, truth)(a, b))


def test_relations(bench: Bench) -> None:
    a = ee.Geometry.Rectangle([0, 0, 2, 2], None, False)
    assert bench.value(a.contains(ee.Geometry.Point(1, 1), 1)) is True
    assert bench.value(a.intersects(ee.Geometry.Point(3, 1), 1)) is False
    assert bench.value(a.disjoint(ee.Geometry.Point(3, 1), 1)) is True
    assert bench.value(ee.Geometry.Point(1, 1).containedIn(a, 1)) is True
    assert bench.value(a.withinDistance(ee.Geometry.Point(2.001, 1), 200, 1)) is True
    assert bench.value(ee.Image(1).geometry().isUnbounded()) is True
    with pytest.raises(EngineError, match="unbounded"):
        bench.value(ee.Image(1).geometry().area())


def test_coverage_is_shapelys() -> None:
    grid = Grid("EPSG:32642", (10.0, 0.0, 500000.0, 0.0, -10.0, 3000000.0), (12, 15))
    shape = (
        shapely.Point(500071, 2999948).buffer(43).difference(shapely.box(500060, 2999900, 500075, 2999950))
    )
    found = coverage(Geometry(shape, "EPSG:32642", geodesic=False), grid)
    for row in range(12):
        for col in range(15):
            cell = shapely.box(500000 + 10 * col, 2999990 - 10 * row, 500010 + 10 * col, 3000000 - 10 * row)
            assert found[row, col] == pytest.approx(shape.intersection(cell).area / 100, abs=1e-9)
    centres = inside(Geometry(shape, "EPSG:32642", geodesic=False), grid)
    y, x = np.mgrid[:12, :15]
    truth = shapely.contains_xy(shape, 500005 + 10 * x, 2999995 - 10 * y)
    np.testing.assert_array_equal(centres, truth)


def test_constructors_and_forms(bench: Bench) -> None:
    assert bench.value(ee.Geometry.Point(1, 2)) == {"type": "Point", "coordinates": [1, 2]}
    planar = bench.value(ee.Geometry.Rectangle([1, 2, 3, 4], None, False))
    assert planar["geodesic"] is False
    projected = bench.value(ee.Geometry.Point([500000, 3000000], "EPSG:32642"))
    assert projected["crs"]["properties"]["name"] == "EPSG:32642"
    multi = ee.Geometry.MultiPoint([[1, 2], [3, 4]])
    assert bench.value(multi.geometries().size()) == 2
    assert bench.value(multi.convexHull(1).type()) == "LineString"
    assert bench.value(ee.Geometry.Polygon([[0, 0], [1, 0], [1, 1]]).type()) == "Polygon"
    cells = ee.Geometry.Rectangle([500000, 3000000, 502000, 3002000], "EPSG:32642", False).coveringGrid(
        "EPSG:32642", 1000
    )
    assert bench.value(cells.size()) == 4


def test_feature_collection_geometry_is_the_union(bench: Bench) -> None:
    parts = [ee.Feature(ee.Geometry.Rectangle([k, 0, k + 1.5, 1], None, False)) for k in (0, 1)]
    found = shapely.geometry.shape(bench.value(ee.FeatureCollection(parts).geometry()))
    assert found.equals(shapely.box(0, 0, 2.5, 1))
