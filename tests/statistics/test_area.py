"""Areas against geodesic polygons of pyproj, pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest
from pyproj import Geod, Transformer

from ee_floods.contracts.product import FloodClass
from ee_floods.errors import InputError
from ee_floods.grid import Grid
from ee_floods.statistics.area import area_report, pixel_areas
from tests.inference.makers import UTM, product

GRIDS = {
    "degrees north": Grid("EPSG:4326", (0.2, 0, 10, 0, -0.2, 60), (6, 5)),
    "degrees over the equator": Grid("EPSG:4326", (0.1, 0, -70, 0, -0.1, 0.3), (6, 5)),
    "a Sen1Floods11 chip": Grid("EPSG:4326", (8.983e-5, 0, -0.78, 0, -8.983e-5, 38.12), (5, 5)),
    "utm scene": Grid("EPSG:32630", (10_000, 0, 280_000, 0, -10_000, 4_220_000), (25, 25)),
    "utm south": Grid("EPSG:32738", (1000, 0, 200_000, 0, -1000, 9_000_000), (9, 9)),
    "utm turned": Grid("EPSG:32630", (800, 600, 300_000, 600, -800, 4_220_000), (5, 5)),
    "web mercator": Grid("EPSG:3857", (1000, 0, 0, 0, -1000, 4_600_000), (9, 9)),
    "date line": Grid("EPSG:3832", (10_000, 0, 3_300_000, 0, -10_000, -1_800_000), (5, 5)),
}


def geodesic_area(grid: Grid, row: int, col: int) -> float:
    """Area of a pixel in m² as a polygon of 400 geodesics along its edges."""
    a, b, c, d, e, f = grid.transform
    t = np.linspace(0, 1, 100, endpoint=False)
    cols = col + np.concatenate([t, 1 + 0 * t, 1 - t, 0 * t])
    rows = row + np.concatenate([0 * t, t, 1 + 0 * t, 1 - t])
    to_lonlat = Transformer.from_crs(grid.crs, "EPSG:4326", always_xy=True)
    lon, lat = to_lonlat.transform(c + a * cols + b * rows, f + d * cols + e * rows)
    return abs(Geod(ellps="WGS84").polygon_area_perimeter(lon, lat)[0])


@pytest.mark.parametrize("name", GRIDS)
def test_pixels_have_the_area_of_their_geodesic_polygon(name: str) -> None:
    grid = GRIDS[name]
    areas = pixel_areas(grid)
    assert areas.shape == grid.shape
    for row in range(0, grid.height, 4):
        for col in range(0, grid.width, 4):
            assert areas[row, col] == pytest.approx(geodesic_area(grid, row, col), rel=1e-6)


def test_areas_by_class_are_sums_over_pixels_and_add_up() -> None:
    raster = product(GRIDS["utm scene"], block=4)
    areas = pixel_areas(raster.grid)
    report = area_report(raster)
    for item in report.classes:
        chosen = raster.flood == item.value
        assert item.pixels == chosen.sum()
        assert item.km2 == pytest.approx(areas[chosen].sum() / 1e6, rel=1e-12)
    assert report.total_km2 == pytest.approx(areas.sum() / 1e6, rel=1e-12)
    assert report.observed_km2 + report.not_observed_km2 == pytest.approx(report.total_km2)


def test_what_was_not_observed_is_not_dry() -> None:
    report = area_report(product())
    expected = report.km2(FloodClass.NO_DATA) + report.km2(FloodClass.NOT_OBSERVABLE)
    assert report.not_observed_km2 == pytest.approx(expected)
    rows = report.to_rows()
    assert rows[-1]["label"] == "not observed" and rows[-1]["km2"] == report.not_observed_km2
    shares = [row["share_of_observed"] for row in rows if row["share_of_observed"] is not None]
    assert sum(shares) == pytest.approx(1)
    assert all(row["share_of_observed"] is None for row in rows if row["class"] in (254, 255, None))


def test_a_grid_of_more_rows_than_are_held_at_a_time_adds_up() -> None:
    tall = Grid("EPSG:32645", UTM.transform, (600, 3))
    assert area_report(product(tall)).total_km2 == pytest.approx(pixel_areas(tall).sum() / 1e6, rel=1e-12)


def test_a_turned_geographic_grid_is_refused() -> None:
    with pytest.raises(InputError, match="rotated"):
        pixel_areas(Grid("EPSG:4326", (0.1, 0.05, 0, 0.05, -0.1, 0), (2, 2)))
