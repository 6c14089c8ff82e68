"""What silently goes wrong in Earth Engine code: each rule against NumPy, SciPy or arithmetic.

Rules that other tests hold, and where:

| rule | test |
|---|---|
| inputs are nearest neighbour unless resampled | `test_stored`: another_crs, resample_bilinear |
| the nearest finer pyramid level; 16 m picks, 20 m is a mean | `test_stored`: finer_level, 16_m |
| the asset's own pyramid policy | `assets/test_pyramid` |
| kernels in metres follow the output scale | `test_neighbourhood`: metric_kernels |
| kernels are normalised; squared distances in pixels; connected counts saturate | `test_neighbourhood` |
| an output is masked where an input is; `unmask` and the footprint; fractional masks | `test_image_masks` |
| integers widen; bands pair by name or position | `test_image_math` |
| edges are geodesic, boxes straight on request | `test_geometry` |
| `filterDate` is [start, end); `merge` prefixes; `linkCollection` without a match | `test_collections` |
| `sample` drops features with a masked band | `test_sampling` |
| nested functions that share nodes; `If` | `test_graph` |
"""

from __future__ import annotations

from typing import Any

import ee
import numpy as np
import pytest
from scipy import ndimage

from ee_floods.engine.errors import EngineError
from ee_floods.grid import Grid
from tests.engine.memory_library import UTM, Bench, record

DAY = 86_400_000
FINE = np.random.default_rng(3).normal(0, 5, (64, 64)).astype(np.float32)
COARSE = Grid(UTM.crs, (20, 0, 500000, 0, -20, 3000000), (32, 32))


@pytest.fixture
def scenes(bench: Bench) -> Bench:
    """Three images of one band, a day apart: `S/0`, `S/1`, `S/2`; pixel (0, 0) of the first is masked."""
    hole = np.ones((64, 64), np.float32)
    hole[0, 0] = 0
    for day in range(3):
        masks = {"x": hole} if day == 0 else None
        properties = {"system:index": str(day), "system:time_start": day * DAY, "day": day}
        bench.library.add(record(f"S/{day}", {"x": FINE + day}, masks=masks, properties=properties))
    return bench


def refused(bench: Bench, thing: Any) -> str:
    with pytest.raises(EngineError) as caught:
        bench.value(thing)
    return caught.value.message


def square(metres: float, left: float = 500000, top: float = 3000000) -> Any:
    return ee.Geometry.Rectangle([left, top - metres, left + metres, top], UTM.crs, False)


def test_kernel_in_pixels_means_output_pixels_unless_reproject_fixes_them(scenes: Bench) -> None:
    image, kernel = ee.Image("S/1"), ee.Kernel.square(1, "pixels")
    picks = (FINE + 1)[1::2, 1::2]  # an image of 64 pixels has no pyramid
    asked = scenes.first(image.convolve(kernel), COARSE)
    np.testing.assert_allclose(asked[1:-1, 1:-1], ndimage.uniform_filter(picks, 3)[1:-1, 1:-1], atol=1e-4)
    fixed = scenes.first(image.convolve(kernel).reproject(UTM.crs, None, 10), COARSE)
    smooth = ndimage.uniform_filter(FINE + 1, 3)[1::2, 1::2]  # the pixel whose corner is the centre
    np.testing.assert_allclose(fixed[1:-1, 1:-1], smooth[1:-1, 1:-1], atol=1e-4)


def test_reduce_resolution_takes_no_more_than_64_pixels_unless_told(scenes: Bench) -> None:
    wide = Grid(UTM.crs, (90, 0, 500000, 0, -90, 3000000), (3, 3))  # 81 pixels in one
    with pytest.raises(EngineError, match=r"[Tt]oo many"):
        scenes.first(ee.Image("S/1").reduceResolution(ee.Reducer.mean()), wide)
    enough = scenes.first(ee.Image("S/1").reduceResolution(ee.Reducer.mean(), maxPixels=81), wide)
    np.testing.assert_allclose(enough[0, 0], (FINE + 1)[:9, :9].mean(), rtol=1e-5)


@pytest.mark.parametrize("composite", ["mosaic", "median", "mean", "max"])
def test_composite_loses_the_projection_until_it_is_given_back(scenes: Bench, composite: str) -> None:
    images = ee.ImageCollection("S")
    made = getattr(images, composite)()
    lost = scenes.value(made.projection())
    assert (lost["crs"], lost["transform"]) == ("EPSG:4326", [1, 0, 0, 0, 1, 0])
    back = scenes.value(made.setDefaultProjection(images.first().projection()).projection())
    assert (back["crs"], back["transform"]) == (UTM.crs, list(UTM.transform))


def test_sum_of_a_composite_without_its_projection_is_of_one_huge_pixel(scenes: Bench) -> None:
    images = ee.ImageCollection("S").filter(ee.Filter.gte("day", 1))
    region, mosaic = square(640), images.mosaic()
    wrong = scenes.value(mosaic.reduceRegion(ee.Reducer.count(), region))["x"]
    right = mosaic.setDefaultProjection(images.first().projection())
    assert wrong <= 1
    total = scenes.value(right.reduceRegion(ee.Reducer.sum(), region))["x"]
    assert total == pytest.approx((FINE + 2).astype(float).sum(), rel=1e-5)


def test_projection_of_an_image_whose_bands_differ_fails(bench: Bench) -> None:
    bench.library.add(record("D/ten", {"b": np.ones((8, 8), np.float32)}))
    bench.library.add(record("D/twenty", {"c": np.ones((8, 8), np.float32)}, grid=COARSE))
    both = ee.Image("D/ten").addBands(ee.Image("D/twenty"))
    assert "different projections" in refused(bench, both.projection())
    assert bench.value(both.select("c").projection().nominalScale()) == pytest.approx(20)


@pytest.mark.parametrize(("image", "answer"), [
    (lambda: ee.Image(7).divide(0), 0), (lambda: ee.Image(-7.5).divide(0), 0),
    (lambda: ee.Image(7).mod(0), 0),
    (lambda: ee.Image(3).gt(2), 1), (lambda: ee.Image(3).lt(2), 0), (lambda: ee.Image(3).eq(3.0), 1),
    (lambda: ee.Image(15).unitScale(0, 10), 1.5), (lambda: ee.Image(-5).unitScale(0, 10), -0.5),
    (lambda: ee.Image(255).toByte().add(ee.Image(1).toByte()), 256),
    (lambda: ee.Image(-128).toInt8().multiply(ee.Image(-128).toInt8()), 16384),
])  # fmt: skip
def test_numbers_that_surprise(bench: Bench, image: Any, answer: float) -> None:
    assert bench.first(image())[5, 5] == answer


def test_normalized_difference_of_a_negative_input_is_masked_and_has_no_properties(bench: Bench) -> None:
    a, b = np.full((8, 8), 3, np.float32), np.full((8, 8), 1, np.float32)
    b[2, 3] = -1
    bench.library.add(record("N/a", {"a": a, "b": b}, properties={"kept": 1}))
    made = ee.Image("N/a").normalizedDifference(["a", "b"])
    found = bench.first(made, Grid(UTM.crs, UTM.transform, (8, 8)))
    assert np.argwhere(np.ma.getmaskarray(found)).tolist() == [[2, 3]]
    assert found[0, 0] == pytest.approx(0.5)
    assert bench.value(made.get("kept")) is None


@pytest.mark.parametrize(("covered", "counts"), [(0.002, False), (0.02, True)])
def test_weighted_reducers_see_pixels_from_half_a_percent_of_cover(
    bench: Bench, covered: float, counts: bool
) -> None:
    # A region of one whole pixel and a sliver of its right neighbour.
    bench.library.add(record("W/a", {"x": np.array([[0, 1000]], np.float32)}))
    region = ee.Geometry.Rectangle([500000, 2999990, 500010 + 10 * covered, 3000000], UTM.crs, False)
    found = bench.value(ee.Image("W/a").reduceRegion(ee.Reducer.mean(), region))["x"]
    assert found == pytest.approx(1000 * covered / (1 + covered) if counts else 0, rel=1e-6)


def test_weight_is_the_smaller_of_mask_and_cover(bench: Bench) -> None:
    masks = {"x": np.array([[0.25, 0.75]], np.float32)}
    bench.library.add(record("W/b", {"x": np.array([[8, 4]], np.float32)}, masks=masks))
    region = ee.Geometry.Rectangle([500000, 2999990, 500015, 3000000], UTM.crs, False)  # 1 and 0.5 of a pixel
    found = bench.value(ee.Image("W/b").reduceRegion(ee.Reducer.sum(), region))["x"]
    assert found == pytest.approx(8 * 0.25 * 1 + 4 * min(0.75, 0.5), rel=1e-6)
    whole = bench.value(ee.Image("W/b").reduceRegion(ee.Reducer.sum().unweighted(), square(20)))["x"]
    assert whole == 12


def test_connected_counts_depend_on_the_scale(bench: Bench) -> None:
    water = np.zeros((64, 64), np.uint8)
    water[10:18, 20:28] = 1
    bench.library.add(record("B/a", {"w": water}))
    counts = ee.Image("B/a").selfMask().connectedPixelCount(100)
    assert bench.first(counts).max() == 64
    assert bench.first(counts, COARSE).max() == 16


def test_slope_looks_at_four_neighbours(bench: Bench) -> None:
    heights = np.zeros((9, 9), np.float32)
    heights[3, 3] = 50  # a spike: felt beside, above and below it, not at the corners
    bench.library.add(record("T/a", {"h": heights}))
    found = bench.first(ee.Terrain.slope(ee.Image("T/a")), Grid(UTM.crs, UTM.transform, (9, 9)))
    assert found[4, 4] == 0 and found[3, 3] == 0
    assert found[3, 4] == pytest.approx(np.degrees(np.arctan(50 / 20)), rel=1e-4)
    assert found[4, 3] == pytest.approx(np.degrees(np.arctan(50 / 20)), rel=1e-4)


def test_reduce_names_its_bands_after_the_output(scenes: Bench) -> None:
    made = ee.ImageCollection("S").reduce(ee.Reducer.median())
    assert scenes.value(made.bandNames()) == ["x_median"]
    several = ee.Reducer.mean().combine(ee.Reducer.count(), sharedInputs=True)
    assert scenes.value(ee.ImageCollection("S").reduce(several).bandNames()) == ["x_mean", "x_count"]


def test_filter_of_a_missing_property_is_false(scenes: Bench) -> None:
    images = ee.ImageCollection("S")
    for condition in (ee.Filter.eq("absent", 0), ee.Filter.lt("absent", 9), ee.Filter.gt("absent", -9)):
        assert scenes.value(images.filter(condition).size()) == 0


def test_save_best_needs_a_measure(client: None) -> None:
    with pytest.raises(Exception, match="measureKey"):
        ee.Join.saveBest("match")


def test_linked_images_are_of_the_same_index_whatever_the_order(scenes: Bench) -> None:
    for day in (2, 0):  # none of day 1
        scenes.library.add(record(f"L/{day}", {"cs": FINE * 0 + 10 * day}, properties={
            "system:index": str(day), "system:time_start": day * DAY}))  # fmt: skip
    linked = ee.ImageCollection("S").linkCollection(ee.ImageCollection("L"), ["cs"])
    for day, value in ((0, 0), (1, None), (2, 20)):
        image = ee.Image(linked.filter(ee.Filter.eq("day", day)).first())
        assert scenes.value(image.bandNames()) == ["x", "cs"]
        cs = scenes.pixels(image)[1]
        assert np.ma.getmaskarray(cs).all() if value is None else (cs == value).all()


def test_matches_of_a_join_are_bound_per_element(scenes: Bench) -> None:
    before = ee.Filter.greaterThan(leftField="day", rightField="day")
    joined = ee.Join.saveAll("earlier").apply(ee.ImageCollection("S"), ee.ImageCollection("S"), before)

    def describe(image: Any) -> Any:
        earlier = ee.List(image.get("earlier"))
        days = earlier.map(
            lambda other: ee.Number(ee.Image(other).get("day")).multiply(10).add(image.get("day"))
        )
        total = earlier.iterate(lambda other, sum: ee.Number(sum).add(ee.Image(other).get("day")), 0)
        return ee.Feature(None, {"days": days, "total": total})

    found = scenes.value(ee.FeatureCollection(joined.map(describe)))
    assert [item["properties"] for item in found["features"]] == [
        {"days": [1], "total": 0}, {"days": [2, 12], "total": 1},
    ]  # fmt: skip


def test_masked_pixel_is_no_zero(scenes: Bench) -> None:
    # The first pixel of the first image is masked: it takes no part in the mean over time.
    mean = scenes.first(ee.ImageCollection("S").mean())
    assert mean[0, 0] == pytest.approx(FINE[0, 0] + 1.5, rel=1e-5)
    assert mean[1, 1] == pytest.approx(FINE[1, 1] + 1, rel=1e-5)


def test_median_and_percentiles_are_exact_however_many_pixels(scenes: Bench) -> None:
    reducer = ee.Reducer.median(maxRaw=16).combine(ee.Reducer.percentile([10, 90]), sharedInputs=True)
    found = scenes.value(ee.Image("S/2").reduceRegion(reducer.unweighted(), square(640)))
    truth = np.percentile(FINE + np.float32(2), [50, 10, 90])
    assert [found["x_median"], found["x_p10"], found["x_p90"]] == pytest.approx(truth.tolist(), abs=0.02)
