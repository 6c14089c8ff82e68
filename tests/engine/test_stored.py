from __future__ import annotations

import ee
import numpy as np
import pyproj
import pytest
from scipy import ndimage

from ee_floods.engine.errors import EngineError
from ee_floods.grid import Grid
from tests.engine.memory_library import UTM, Bench, record, scene

LARGE = np.arange(1024 * 1024, dtype=np.float32).reshape(1024, 1024)


@pytest.fixture
def large(bench: Bench) -> Bench:
    """An image of 1024 x 1024 pixels of 10 m: two pyramid levels above the native one."""
    bench.library.add(record("P/a", {"x": LARGE}))
    return bench


def level_read(bench: Bench, scale: float) -> int:
    grid = Grid(UTM.crs, (scale, 0, 500000, 0, -scale, 3000000), (8, 8))
    bench.first(ee.Image("P/a"), grid)
    return bench.library.images["P/a"].source.reads[-1][1]


@pytest.mark.parametrize(
    ("scale", "level"), [(5, 0), (10, 0), (16, 0), (19.9, 0), (20, 1), (39, 1), (40, 2), (80, 2), (500, 2)]
)
def test_the_nearest_finer_level_is_read(large: Bench, scale: float, level: int) -> None:
    assert level_read(large, scale) == level


def test_16_m_is_a_nearest_pick_of_10_m_and_20_m_is_a_mean(large: Bench) -> None:
    at_16 = large.first(ee.Image("P/a"), Grid(UTM.crs, (16, 0, 500000, 0, -16, 3000000), (10, 10)))
    index = np.floor((np.arange(10) + 0.5) * 1.6).astype(int)
    np.testing.assert_array_equal(at_16, LARGE[np.ix_(index, index)])
    at_20 = large.first(ee.Image("P/a"), Grid(UTM.crs, (20, 0, 500000, 0, -20, 3000000), (10, 10)))
    np.testing.assert_array_equal(at_20, LARGE[:20, :20].reshape(10, 2, 10, 2).mean(axis=(1, 3)))


def test_another_crs_picks_the_pixel_under_each_centre(bench: Bench) -> None:
    bands = scene(bench)
    grid = Grid("EPSG:4326", (0.0001, 0, 69.0005, 0, -0.0001, 27.1215), (20, 30))
    lon = 69.0005 + 0.0001 * (np.arange(30) + 0.5)
    lat = 27.1215 - 0.0001 * (np.arange(20) + 0.5)
    to_utm = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:32642", always_xy=True)
    x, y = to_utm.transform(*np.meshgrid(lon, lat))
    col, row = np.floor((x - 500000) / 10).astype(int), np.floor((3000000 - y) / 10).astype(int)
    inside = (col >= 0) & (col < 64) & (row >= 0) & (row < 64)
    found = bench.first(ee.Image("C/a"), grid)
    assert 0 < inside.sum() < inside.size or inside.all()
    np.testing.assert_array_equal(~np.ma.getmaskarray(found), inside)
    np.testing.assert_array_equal(found[inside], bands["VV"][row[inside], col[inside]])


def test_pixels_outside_the_image_are_masked(bench: Bench) -> None:
    bands = scene(bench)
    found = bench.first(ee.Image("C/a"), UTM.padded(2))
    assert np.ma.getmaskarray(found)[:2].all()
    np.testing.assert_array_equal(found[2:-2, 2:-2], bands["VV"])


def test_large_grids_are_computed_in_tiles_that_agree(large: Bench) -> None:
    found = large.first(ee.Image("P/a").add(1), Grid(UTM.crs, UTM.transform, (700, 1030)))
    np.testing.assert_array_equal(found[:, :1024], LARGE[:700] + 1)
    assert np.ma.getmaskarray(found)[:, 1024:].all()


def test_reproject_fixes_the_lattice_whatever_is_asked_for(bench: Bench) -> None:
    bands = scene(bench)
    fixed = ee.Image("C/a").select("VV").add(0).reproject("EPSG:32642", [30, 0, 500000, 0, -30, 3000000])
    found = bench.first(fixed, Grid(UTM.crs, UTM.transform, (30, 30)))
    coarse = bands["VV"][1:31:3, 1:31:3]
    np.testing.assert_array_equal(found, np.repeat(np.repeat(coarse, 3, axis=0), 3, axis=1))


def test_reproject_at_a_fine_scale_on_a_large_map_fails(large: Bench) -> None:
    world = Grid("EPSG:3857", (10000, 0, 7000000, 0, -10000, 3200000), (64, 64))
    with pytest.raises(EngineError, match="Reprojection output too large"):
        large.first(ee.Image("P/a").reproject("EPSG:32642", None, 1), world)


def test_resample_bilinear_is_scipys(bench: Bench) -> None:
    bands = scene(bench)
    half = Grid(UTM.crs, (5, 0, 500000, 0, -5, 3000000), (128, 128))
    found = bench.first(ee.Image("C/a").select("VV").resample("bilinear"), half)
    place = (np.arange(128) + 0.5) / 2 - 0.5
    rows, cols = np.meshgrid(place, place, indexing="ij")
    truth = ndimage.map_coordinates(bands["VV"].astype(float), [rows, cols], order=1, mode="nearest")
    np.testing.assert_allclose(found[4:-4, 4:-4], truth[4:-4, 4:-4], rtol=1e-5)
    plain = bench.first(ee.Image("C/a").select("VV"), half)
    np.testing.assert_array_equal(plain, np.repeat(np.repeat(bands["VV"], 2, 0), 2, 1))


def test_resample_does_nothing_on_the_native_lattice(bench: Bench) -> None:
    bands = scene(bench)
    np.testing.assert_array_equal(bench.first(ee.Image("C/a").resample("bicubic")), bands["VV"])


def test_reduce_resolution_is_the_mean_of_the_pixels_inside(bench: Bench) -> None:
    bands = scene(bench)
    grid = Grid(UTM.crs, (40, 0, 500000, 0, -40, 3000000), (16, 16))
    found = bench.first(ee.Image("C/a").select("VV").reduceResolution(ee.Reducer.mean()), grid)
    np.testing.assert_allclose(found, bands["VV"].reshape(16, 4, 16, 4).mean(axis=(1, 3)), rtol=1e-6)
    biggest = bench.first(ee.Image("C/a").select("VV").reduceResolution(ee.Reducer.max()), grid)
    np.testing.assert_array_equal(biggest, bands["VV"].reshape(16, 4, 16, 4).max(axis=(1, 3)))
    coarse = Grid(UTM.crs, (160, 0, 500000, 0, -160, 3000000), (4, 4))
    with pytest.raises(EngineError, match="Too many input pixels"):
        bench.first(ee.Image("C/a").reduceResolution(ee.Reducer.mean(), False, 64), coarse)


def test_reduce_resolution_weighs_partial_pixels(bench: Bench) -> None:
    bench.library.add(record("w/a", {"x": np.array([[0, 8, 4, 4, 4, 4, 4, 4]] * 8, np.float32)}))
    grid = Grid(UTM.crs, (15, 0, 500000, 0, -15, 3000000), (2, 2))
    found = bench.first(ee.Image("w/a").reduceResolution(ee.Reducer.mean()), grid)
    # The first output pixel covers all of the first column and half of the second.
    assert found[0, 0] == pytest.approx(8 * 0.5 / 1.5, rel=0.1)


def test_default_projections(bench: Bench) -> None:
    scene(bench)
    assert bench.value(ee.Image(1).projection()) == {
        "type": "Projection",
        "crs": "EPSG:4326",
        "transform": [1, 0, 0, 0, 1, 0],
    }
    assert bench.value(ee.Image(1).projection().nominalScale()) == pytest.approx(111319.49079327358)
    assert bench.value(ee.Image("C/a").projection().nominalScale()) == 10
    assert bench.value(ee.ImageCollection("C").median().projection())["crs"] == "EPSG:4326"
    kept = ee.ImageCollection("C").mosaic().setDefaultProjection(ee.Image("C/a").select(0).projection())
    assert bench.value(kept.projection().nominalScale()) == 10
    assert bench.value(ee.Image(1).projection().atScale(500).nominalScale()) == pytest.approx(500)
    mixed = ee.Image("C/a").addBands(ee.Image(1))
    with pytest.raises(EngineError, match="different projections"):
        bench.value(mixed.projection())
