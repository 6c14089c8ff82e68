"""Products on the grid of a picture or a page: every pixel where it belongs."""

from __future__ import annotations

import numpy as np
import pytest
from pyproj import Transformer

from ee_floods.grid import Grid
from ee_floods.inference.radar_file import RadarScene
from ee_floods.inference.raster import FloodRaster
from ee_floods.maps.display import bounded, grey, north_up, radar_on, web_mercator, without_rotation
from tests.inference.makers import UTM, product, provenance

CHIP = Grid("EPSG:4326", (8.983e-5, 0, -0.78, 0, -8.983e-5, 38.12), (40, 50))


def value_at(raster: FloodRaster, lon: float, lat: float) -> int:
    """Class at a place, found by arithmetic on the transform alone."""
    x, y = Transformer.from_crs("EPSG:4326", raster.grid.crs, always_xy=True).transform(lon, lat)
    a, _, c, _, e, f = raster.grid.transform
    row, col = int((y - f) // e), int((x - c) // a)
    inside = 0 <= row < raster.grid.height and 0 <= col < raster.grid.width
    return int(raster.flood[row, col]) if inside else 255


@pytest.mark.parametrize("grid", [UTM, CHIP], ids=["utm", "degrees"])
def test_a_page_shows_every_class_where_the_product_has_it(grid: Grid) -> None:
    raster = product(grid)
    shown = north_up(raster, web_mercator(grid))
    a, b, c, d, e, f = grid.transform
    to_lonlat = Transformer.from_crs(grid.crs, "EPSG:4326", always_xy=True)
    wrong = 0
    for row in range(2, grid.height - 2):
        for col in range(2, grid.width - 2):
            lon, lat = to_lonlat.transform(
                c + a * (col + 0.5) + b * (row + 0.5), f + d * (col + 0.5) + e * (row + 0.5)
            )
            wrong += value_at(shown, lon, lat) != raster.flood[row, col]
    # Nearest neighbour on a grid turned by the meridian convergence may move an edge by half a pixel.
    assert wrong / (grid.height * grid.width) < (0.08 if grid is UTM else 0.02)


def test_outside_the_product_is_no_data_and_nothing_excluded() -> None:
    shown = north_up(product(), web_mercator(UTM).padded(5))
    assert (shown.flood[0] == 255).all() and (shown.water_probability[0] == 255).all()
    assert (shown.exclusion[0] == 0).all()


def test_a_grid_that_is_north_up_is_left_alone_and_a_turned_one_is_not() -> None:
    raster = product()
    assert without_rotation(raster) is raster
    turned = product(Grid("EPSG:32645", (8, 6, 720_000, 6, -8, 2_710_000), (40, 60)))
    a, b, _, d, e, _ = without_rotation(turned).grid.transform
    assert a > 0 and e < 0 and b == d == 0


def test_a_large_product_is_bounded() -> None:
    small, factor = bounded(product(), 20)
    assert factor == 3 and max(small.grid.shape) == 20
    assert bounded(product(), 60)[1] == 1


def test_grey_keeps_masked_pixels_apart_and_tells_its_range() -> None:
    values = np.linspace(-30, 0, 101, dtype=np.float32).reshape(1, 101)
    values[0, 50] = np.nan
    shades, low, high = grey(values)
    assert shades[0, 50] == 0 and shades[0, 0] == 1 and shades[0, -1] == 255
    assert low == pytest.approx(np.nanpercentile(values, 2)) and high == pytest.approx(
        np.nanpercentile(values, 98)
    )
    assert (grey(np.full((2, 2), np.nan, np.float32))[0] == 0).all()


def test_radar_lies_under_its_own_pixels() -> None:
    values = np.arange(UTM.height * UTM.width, dtype=np.float32).reshape(UTM.shape)
    scene = RadarScene(UTM, {"VV": values}, "s", provenance(simulated=False))
    np.testing.assert_array_equal(radar_on(scene, "VV", UTM), values)
    outside = radar_on(scene, "VV", UTM.padded(3))
    assert np.isnan(outside[0]).all()
