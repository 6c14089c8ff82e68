"""What looks at more than a pixel gives a pixel one value, whatever tile it is asked in."""

from __future__ import annotations

from collections.abc import Callable

import ee
import numpy as np
import pytest

from ee_floods.engine.algorithms import cost
from ee_floods.engine.blocks import in_blocks
from ee_floods.engine.errors import EngineError
from ee_floods.engine.limits import Limits
from ee_floods.engine.reading import Reader
from ee_floods.engine.records import Raster
from ee_floods.grid import Grid, Window
from tests.engine.memory_library import UTM, Bench, record

CROP = Window(23, 17, 20, 31)
RNG = np.random.default_rng(11)
CLASSES = RNG.integers(0, 3, UTM.shape).astype(np.uint8)
GROUND = RNG.normal(50, 9, UTM.shape).astype(np.float32)


@pytest.fixture
def area(bench: Bench) -> Bench:
    bench.library.add(record("w/a", {"c": CLASSES, "z": GROUND}))
    return bench


def classes() -> ee.Image:
    return ee.Image("w/a").select("c")


def ground() -> ee.Image:
    return ee.Image("w/a").select("z")


def labels() -> ee.Image:
    return classes().connectedComponents(ee.Kernel.plus(1), 12).select("labels")


@pytest.mark.parametrize(
    "make",
    [
        labels,
        lambda: classes().connectedPixelCount(20),
        lambda: ground().addBands(classes()).reduceConnectedComponents("mean", "c", 9),
        lambda: classes().eq(2).fastDistanceTransform(9),
        lambda: classes().eq(2).distance(ee.Kernel.euclidean(60, "meters")),
        lambda: ground().add(20).int().cumulativeCost(labels().mod(97).eq(0), 90),
        lambda: classes().glcmTexture(2).select("c_ent"),
        lambda: ee.Algorithms.HillShadow(ground(), 140, 60, 7),
        lambda: ground().displace(ee.Image([33, -12]).setDefaultProjection(UTM.crs)),
        lambda: ee.Algorithms.Image.Segmentation.SNIC(ground(), 6).select("clusters"),
        lambda: ee.Algorithms.Image.Segmentation.SNIC(ground(), 6).select("z_mean"),
        lambda: ground().focalMedian(2.5),
        lambda: ee.Algorithms.CannyEdgeDetector(ground(), 0.5, 1),
    ],
)
def test_a_crop_is_the_crop_of_a_larger_tile(area: Bench, make: Callable[[], ee.Image]) -> None:
    image = make()
    whole = area.first(image, UTM.padded(9))
    part = area.first(image, UTM.crop(CROP))
    inner = whole[9 + 23 : 9 + 43, 9 + 17 : 9 + 48]
    np.testing.assert_array_equal(np.ma.getmaskarray(part), np.ma.getmaskarray(inner))
    np.testing.assert_allclose(part.filled(0), inner.filled(0), rtol=1e-6)
    assert np.ptp(inner.compressed()) > 0


def test_blocks_lie_fixed_on_the_lattice_and_are_computed_once() -> None:
    asked: list[Grid] = []

    def place(block: Grid) -> list[Raster]:
        asked.append(block)
        column = block.transform[2] + block.transform[0] * np.arange(block.width)
        return [Raster(np.broadcast_to(column, block.shape), np.ones(block.shape, np.float32))]

    reader = Reader(Limits())
    grid = Grid("EPSG:32642", (10.0, 0.0, 500030.0, 0.0, -10.0, 2999960.0), (9, 30))
    found = in_blocks(reader, grid, "k", place, 16)[0]
    np.testing.assert_array_equal(found.values[4], 500030 + 10 * np.arange(30))
    assert {block.transform[2] % 160 for block in asked} == {0}
    assert {block.shape for block in asked} == {(16, 16)}
    assert len(set(asked)) == len(asked) == 3
    in_blocks(reader, grid.crop(Window(2, 5, 3, 20)), "k", place, 16)
    assert len(asked) == 3


def test_ground_distance_shrinks_with_latitude_in_mercator() -> None:
    north = Grid("EPSG:3857", (100.0, 0.0, 0.0, 0.0, -100.0, 8399737.89), (2, 2))  # 60 degrees north
    down, right = cost._steps(north, True)
    assert (down, right) == pytest.approx((50, 50), rel=1e-3)
    assert cost._steps(north, False) == (100, 100)


def test_too_far_a_way_is_refused(area: Bench) -> None:
    with pytest.raises(EngineError, match="maxDistance"):
        area.first(ground().cumulativeCost(classes().eq(2), 1e6))


def test_a_retiled_image_is_the_same_and_needs_a_size(area: Bench) -> None:
    np.testing.assert_array_equal(area.first(ground().retile(64)), GROUND)
    with pytest.raises(EngineError, match="tile size"):
        area.first(ground().retile(0))


def test_a_way_crosses_from_block_to_block(bench: Bench) -> None:
    # Blocks of 256 pixels of 10 m meet at 501760 m: in the middle of this image.
    middle = Grid(UTM.crs, (10.0, 0.0, 501440.0, 0.0, -10.0, 3000000.0), (8, 64))
    begins = np.zeros(middle.shape, np.uint8)
    begins[4, 27] = 1
    bench.library.add(record("w/b", {"s": begins, "one": np.ones(middle.shape, np.uint8)}, grid=middle))
    image = ee.Image("w/b")
    found = bench.first(image.select("one").cumulativeCost(image.select("s"), 200, False), middle)
    np.testing.assert_allclose(found[4, 27:48].filled(-1), 10 * np.arange(21))
    assert np.ma.getmaskarray(found)[4, 48:].all()


def test_compact_superpixels_stay_near_their_seeds(area: Bench) -> None:
    def widest(compactness: float) -> int:
        found = ee.Algorithms.Image.Segmentation.SNIC(ground(), 8, compactness).select("clusters")
        numbers = area.first(found).filled(0)
        return max(int(np.ptp(np.nonzero(numbers == k)[1])) for k in np.unique(numbers))

    assert widest(1e6) <= 12
    assert widest(0) > 16
