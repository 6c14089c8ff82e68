from __future__ import annotations

import ee
import numpy as np
import pytest
from scipy import ndimage
from skimage.filters import rank
from skimage.measure import label

from ee_floods.grid import Grid
from tests.engine.memory_library import UTM, Bench, record, scene

EDGE = 6
CORE = (slice(EDGE, -EDGE), slice(EDGE, -EDGE))


def disk(radius: float) -> np.ndarray:
    r = int(radius)
    y, x = np.mgrid[-r : r + 1, -r : r + 1]
    return x * x + y * y <= radius * radius


@pytest.mark.parametrize(
    ("operation", "truth"),
    [
        (lambda i: i.focalMedian(3, "circle"), lambda v: ndimage.median_filter(v, footprint=disk(3))),
        (lambda i: i.focalMax(2, "square"), lambda v: ndimage.maximum_filter(v, 5)),
        (lambda i: i.focalMin(2, "circle"), lambda v: ndimage.minimum_filter(v, footprint=disk(2))),
        (lambda i: i.focalMean(2, "square"), lambda v: ndimage.uniform_filter(v.astype(float), 5)),
        (
            lambda i: i.focalMedian(30, "circle", "meters"),
            lambda v: ndimage.median_filter(v, footprint=disk(3)),
        ),
        (
            lambda i: i.reduceNeighborhood("stdDev", ee.Kernel.square(2)),
            lambda v: ndimage.generic_filter(v, np.std, 5),
        ),
        (
            lambda i: i.convolve(ee.Kernel.gaussian(4, 1.5)),
            lambda v: ndimage.gaussian_filter(v.astype(float), 1.5, radius=3),
        ),
        (
            lambda i: i.convolve(ee.Kernel.fixed(3, 3, [[1, 2, 0], [0, 0, 0], [0, 0, -3]])),
            lambda v: ndimage.convolve(v, np.array([[1, 2, 0], [0, 0, 0], [0, 0, -3]])),
        ),
    ],
)
def test_windows_are_scipys(bench: Bench, operation, truth) -> None:
    bands = scene(bench)
    found = bench.first(operation(ee.Image("C/a").select("VV")))
    np.testing.assert_allclose(found[CORE], truth(bands["VV"])[CORE], rtol=2e-4, atol=2e-5)


def test_entropy_is_scikit_images(bench: Bench) -> None:
    classes = np.random.default_rng(1).integers(0, 6, (64, 64)).astype(np.uint8)
    bench.library.add(record("e/a", {"c": classes}))
    found = bench.first(ee.Image("e/a").entropy(ee.Kernel.square(2)))
    np.testing.assert_allclose(found[CORE], rank.entropy(classes, np.ones((5, 5)))[CORE], atol=1e-6)


def test_metric_kernels_follow_the_output_scale(bench: Bench) -> None:
    scene(bench)
    image = ee.Image("C/a").select("VV")
    coarse = Grid(UTM.crs, (20, 0, 500000, 0, -20, 3000000), (32, 32))
    one_pixel = bench.first(image.focalMax(20, "square", "meters"), coarse)
    np.testing.assert_array_equal(one_pixel, bench.first(image.focalMax(1, "square", "pixels"), coarse))


def test_masked_neighbours_are_left_out_and_focal_filters_fill_gaps(bench: Bench) -> None:
    values = np.arange(25, dtype=np.float32).reshape(5, 5)
    mask = np.ones((5, 5), np.float32)
    mask[2, 2] = 0
    bench.library.add(record("g/a", {"x": values}, masks={"x": mask}))
    grid = Grid(UTM.crs, UTM.transform, (5, 5))
    around = np.delete(values[1:4, 1:4].ravel(), 4)
    found = bench.first(ee.Image("g/a").focalMean(1, "square"), grid)
    assert found[2, 2] == pytest.approx(around.mean())
    skipped = bench.first(ee.Image("g/a").reduceNeighborhood("mean", ee.Kernel.square(1)), grid)
    assert np.ma.getmaskarray(skipped)[2, 2]
    kept = bench.first(ee.Image("g/a").reduceNeighborhood("mean", ee.Kernel.square(1), "kernel", False), grid)
    assert kept[2, 2] == pytest.approx(around.mean())


def test_neighbourhood_to_array_and_bands(bench: Bench) -> None:
    bands = scene(bench)
    image = ee.Image("C/a").select("VV")
    found = bench.first(image.neighborhoodToArray(ee.Kernel.rectangle(2, 1), -9999))
    padded = np.pad(bands["VV"], ((1, 1), (2, 2)), constant_values=-9999)
    np.testing.assert_array_equal(found, np.lib.stride_tricks.sliding_window_view(padded, (3, 5)))
    names = bench.value(image.neighborhoodToBands(ee.Kernel.square(1)).bandNames())
    assert names[0] == "VV_-1_-1"
    assert len(names) == 9
    right = bench.first(image.neighborhoodToBands(ee.Kernel.square(1)).select("VV_1_0"))
    np.testing.assert_array_equal(right[:, :-1], bands["VV"][:, 1:])


def test_connected_pixel_count_is_scikit_images_and_saturates(bench: Bench) -> None:
    classes = (np.random.default_rng(3).random((64, 64)) < 0.5).astype(np.uint8)
    bench.library.add(record("p/a", {"c": classes}))
    for eight, limit in ((True, 30), (False, 8)):
        found = bench.first(ee.Image("p/a").connectedPixelCount(limit, eight))
        labels = label(classes + 1, background=0, connectivity=2 if eight else 1)
        np.testing.assert_array_equal(found, np.minimum(np.bincount(labels.ravel())[labels], limit))


def test_connected_components_mask_large_objects(bench: Bench) -> None:
    classes = np.zeros((64, 64), np.uint8)
    classes[3:5, 3:6], classes[20:40, 20:40], classes[50, 50:53] = 1, 1, 1
    bench.library.add(record("q/a", {"c": classes}))
    found = bench.pixels(ee.Image("q/a").selfMask().connectedComponents(ee.Kernel.plus(1), 64))[1]
    visible = ~np.ma.getmaskarray(found)
    assert visible.sum() == 9
    assert len(np.unique(found.compressed())) == 2


def test_squared_distance_is_scipys(bench: Bench) -> None:
    points = np.zeros((64, 64), np.uint8)
    points[10, 12] = points[50, 40] = 1
    bench.library.add(record("d/a", {"x": points}))
    found = bench.first(ee.Image("d/a").fastDistanceTransform(64))
    np.testing.assert_allclose(found, ndimage.distance_transform_edt(points == 0) ** 2)
    cheb = bench.first(ee.Image("d/a").fastDistanceTransform(64, "pixels", "chebyshev"))
    np.testing.assert_allclose(cheb, ndimage.distance_transform_cdt(points == 0, "chessboard"))


def test_slope_of_a_plane(bench: Bench) -> None:
    y, x = np.mgrid[:64, :64]
    bench.library.add(record("z/a", {"elevation": (3.0 * x - 4.0 * y).astype(np.float32)}))
    dem = ee.Image("z/a")
    # 3 m up per 10 m to the east and 4 m up per 10 m to the north: half a metre per metre, facing south-west.
    slope = bench.first(ee.Terrain.slope(dem))
    np.testing.assert_allclose(slope[1:-1, 1:-1], np.degrees(np.arctan(0.5)), rtol=1e-5)
    aspect = np.degrees(np.arctan2(-0.3, -0.4)) % 360
    assert bench.first(ee.Terrain.aspect(dem))[5, 5] == pytest.approx(aspect, abs=1e-3)
    assert np.ma.getmaskarray(bench.first(ee.Terrain.slope(dem)))[0].all()
    lit = bench.pixels(ee.Terrain.products(dem))
    assert len(lit) == 4
    flat = bench.first(ee.Terrain.hillshade(dem.multiply(0)))
    assert flat[5, 5] == pytest.approx(255 * np.sin(np.radians(45)), abs=1)


def test_slope_in_degrees_of_longitude_knows_the_latitude(bench: Bench) -> None:
    grid = Grid("EPSG:4326", (0.001, 0, 10.0, 0, -0.001, 60.02), (40, 40))
    x = np.broadcast_to(np.arange(40, dtype=np.float32) * 10, (40, 40)).copy()
    bench.library.add(record("z/b", {"elevation": x}, grid=grid))
    width = 111319.49 * 0.001 * np.cos(np.radians(60.0))
    found = bench.first(ee.Terrain.slope(ee.Image("z/b")), grid)[20, 20]
    assert found == pytest.approx(np.degrees(np.arctan(10 / width)), rel=1e-4)


def test_canny_finds_the_step_and_its_height(bench: Bench) -> None:
    step = np.zeros((64, 64), np.float32)
    step[:, 30:] = 8
    bench.library.add(record("y/a", {"x": step}))
    found = bench.first(ee.Algorithms.CannyEdgeDetector(ee.Image("y/a"), 0.5, 1))[CORE]
    columns = np.unique(np.nonzero(found)[1]) + EDGE
    assert set(columns) <= {29, 30}
    assert 1 < found.max() < 4
    assert bench.first(ee.Algorithms.CannyEdgeDetector(ee.Image("y/a"), 50, 1)).max() == 0


@pytest.mark.parametrize(
    ("name", "arguments", "weights"),
    [
        # Printed in https://developers.google.com/earth-engine/apidocs/ee-kernel-octagon and ee-kernel-circle
        ("octagon", (3,), [2, 1, 0, 0, 0, 1, 2]),
        ("circle", (3,), [3, 1, 1, 0, 1, 1, 3]),
    ],
)
def test_published_kernels(bench: Bench, name: str, arguments: tuple, weights: list[int]) -> None:
    image = ee.Image(1).neighborhoodToBands(getattr(ee.Kernel, name)(*arguments))
    names = bench.value(image.bandNames())
    assert len(names) == sum(7 - 2 * cut for cut in weights)
    for row, cut in zip(range(-3, 4), weights, strict=True):
        columns = sorted(int(n.split("_")[1]) for n in names if int(n.split("_")[2]) == row)
        assert columns == list(range(-3 + cut, 4 - cut))


def test_kernels_are_normalised_by_default(bench: Bench) -> None:
    found = bench.first(ee.Image(6).convolve(ee.Kernel.square(2)))
    assert found[5, 5] == pytest.approx(6)
    assert bench.first(ee.Image(6).convolve(ee.Kernel.square(2, "pixels", False)))[5, 5] == pytest.approx(150)
