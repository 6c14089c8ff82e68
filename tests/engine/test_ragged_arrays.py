"""Array pixels whose lengths differ: what NumPy makes of each pixel's own array, one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ee
import numpy as np
import pytest

from ee_floods.engine.errors import EngineError
from ee_floods.grid import Grid
from tests.engine.memory_library import UTM, Bench, record

FILL = -999.0
rng = np.random.default_rng(11)
SERIES = rng.normal(0, 5, (6, *UTM.shape)).astype(np.float32)  # six dates
VALID = rng.random((6, *UTM.shape)) > 0.4
VALID[:, 0, :8] = False  # nothing at all there
VALID[:, 1, :] = True


@pytest.fixture
def series(bench: Bench) -> Bench:
    for date in range(6):
        bench.library.add(
            record(f"T/{date}", {"a": SERIES[date], "b": -SERIES[date]},
                   masks={"a": VALID[date].astype(np.float32)})
        )  # fmt: skip
    return bench


def kept(row: int, col: int) -> np.ndarray:
    return SERIES[VALID[:, row, col], row, col].astype(np.float64)


def expected(function: Callable[[np.ndarray], Any], length: int) -> np.ndarray:
    """What a function makes of each pixel's series, filled up to one length."""
    answer = np.full((*UTM.shape, length), FILL)
    for row, col in np.ndindex(*UTM.shape):
        found = np.atleast_1d(function(kept(row, col)))
        answer[row, col, : found.size] = found
    return answer


def filled(bench: Bench, image: ee.Image, length: int) -> np.ndarray:
    return np.asarray(bench.first(image.arrayPad([length], FILL)).filled(FILL))


def masked_series() -> ee.Image:
    """The dates of each pixel that are valid, as 1-D arrays."""
    return ee.ImageCollection("T").select("a").toArray().arrayProject([0])


def by_array_mask() -> ee.Image:
    """The same by `arrayMask`; pixels without dates have arrays of length 0."""
    values = ee.ImageCollection("T").select("b").toArray().arrayProject([0]).multiply(-1)
    flags = ee.ImageCollection("T").map(lambda image: image.select("a").mask()).toArray().arrayProject([0])
    return values.arrayMask(flags)


def test_masked_dates_are_left_out_of_the_array_of_a_pixel(series: Bench) -> None:
    np.testing.assert_allclose(filled(series, masked_series(), 6), expected(lambda v: v, 6), rtol=1e-6)
    found = series.first(masked_series().arrayLength(0))
    np.testing.assert_array_equal(found.mask, ~VALID.any(axis=0))
    np.testing.assert_array_equal(found.filled(0), VALID.sum(axis=0))


def test_array_mask_keeps_pixels_that_lose_every_position(series: Bench) -> None:
    found = series.first(by_array_mask().arrayLength(0))
    assert not np.ma.getmaskarray(found).any()
    np.testing.assert_array_equal(np.asarray(found), VALID.sum(axis=0))


CHAINS: dict[str, tuple[Callable[[ee.Image], ee.Image], Callable[[np.ndarray], Any], int]] = {
    "sorted": (lambda a: a.arraySort(), np.sort, 6),
    "sorted by keys": (lambda a: a.arraySort(a.abs()), lambda v: v[np.argsort(np.abs(v))], 6),
    "median": (lambda a: a.arrayReduce(ee.Reducer.median(), [0]),
               lambda v: np.median(v) if v.size else [], 1),
    "sum of nothing is 0": (lambda a: a.arrayReduce(ee.Reducer.sum(), [0]), np.sum, 1),
    "all but the last": (lambda a: a.arraySlice(0, 0, -1), lambda v: v[:-1], 6),
    "the two largest": (lambda a: a.arraySort().arraySlice(0, -2), lambda v: np.sort(v)[-2:], 2),
    "every other": (lambda a: a.arraySlice(0, 1, None, 2), lambda v: v[1::2], 6),
    "differences": (lambda a: a.arraySlice(0, 1).subtract(a.arraySlice(0, 0, -1)), np.diff, 6),
    "cumulative": (lambda a: a.arrayAccum(0), np.cumsum, 6),
    "cumulative maximum": (lambda a: a.arrayAccum(0, ee.Reducer.max()), np.maximum.accumulate, 6),
    "joined": (lambda a: a.arrayCat(a.multiply(2), 0), lambda v: np.concatenate([v, 2 * v]), 12),
    "number by array": (lambda a: ee.Image(3).subtract(a), lambda v: 3 - v, 6),
    "negatives only": (lambda a: a.arrayMask(a.lt(0)), lambda v: v[v < 0], 6),
    "limited": (lambda a: a.clamp(-2, 3), lambda v: v.clip(-2, 3), 6),
    "repeated": (lambda a: a.arrayRepeat(0, 2), lambda v: np.tile(v, 2), 12),
    "flattened": (lambda a: a.arrayRepeat(1, 2).arrayReshape(ee.Image(ee.Array([-1])), 1),
                  lambda v: np.repeat(v, 2), 12),
    "transposed twice": (lambda a: a.toArray(1).arrayTranspose().arrayProject([1]), lambda v: v, 6),
    "a column times a row": (
        lambda a: a.toArray(1).arrayTranspose().matrixMultiply(a.toArray(1)).arrayProject([0]),
        lambda v: v @ v, 1),
    "place of the largest": (lambda a: a.arrayArgmax(), lambda v: [] if not v.size else np.argmax(v), 1),
    "lengths": (lambda a: a.arrayLengths(), np.size, 1),
}  # fmt: skip


@pytest.mark.parametrize("name", CHAINS)
def test_each_pixel_is_worked_on_by_itself(name: str, series: Bench) -> None:
    change, truth, length = CHAINS[name]
    found = filled(series, change(by_array_mask()), length)
    np.testing.assert_allclose(found, expected(truth, length), rtol=1e-5, atol=1e-5)


def test_bounds_of_a_slice_may_differ_between_pixels(series: Bench) -> None:
    col = np.indices(UTM.shape)[1]
    start = ee.Image.pixelCoordinates("EPSG:32642").select("x").divide(10).subtract(50000).floor().mod(3)
    column = series.first(start.int())
    np.testing.assert_array_equal(column, col % 3)
    found = filled(series, by_array_mask().arraySlice(0, start.int(), start.int().add(2)), 2)
    truth = np.full((*UTM.shape, 2), FILL)
    for place in np.ndindex(*UTM.shape):
        part = kept(*place)[col[place] % 3 : col[place] % 3 + 2]
        truth[(*place, slice(0, part.size))] = part
    np.testing.assert_allclose(found, truth, rtol=1e-6)
    unset = filled(series, by_array_mask().arraySlice(0, start.int().updateMask(start.eq(1))), 6)
    whole = expected(lambda v: v, 6)
    np.testing.assert_allclose(unset[:, 0], whole[:, 0], rtol=1e-6)
    np.testing.assert_allclose(unset[:, 1, :5], whole[:, 1, 1:], rtol=1e-6)


def test_an_element_beyond_the_end_of_a_pixels_array_is_masked(series: Bench) -> None:
    found = series.first(by_array_mask().arrayGet([2]))
    counts = VALID.sum(axis=0)
    np.testing.assert_array_equal(np.ma.getmaskarray(found), counts < 3)
    truth = expected(lambda v: v[2] if v.size > 2 else [], 1)[..., 0]
    np.testing.assert_allclose(found.filled(FILL), truth, rtol=1e-6)


def test_flattening_arrays_of_different_lengths_fails_unless_they_are_masked(series: Bench) -> None:
    array = by_array_mask()
    with pytest.raises(EngineError, match="do not fit"):
        series.pixels(array.arrayFlatten([["p", "q", "r"]]))
    three = array.updateMask(array.arrayLength(0).eq(3)).arrayFlatten([["p", "q", "r"]])
    found = series.pixels(three)
    counts = VALID.sum(axis=0)
    for band in range(3):
        np.testing.assert_array_equal(np.ma.getmaskarray(found[band]), counts != 3)
        truth = expected(lambda v, band=band: v[band] if v.size == 3 else [], 1)[..., 0]
        np.testing.assert_allclose(found[band].filled(FILL), truth, rtol=1e-6)


def test_a_grid_of_several_tiles_may_hold_arrays_of_different_lengths(bench: Bench) -> None:
    size = 1100
    values = np.arange(size * size, dtype=np.int32).reshape(size, size)
    bench.library.add(record("big", {"v": values}))
    image = ee.Image("big").mod(4).add(1).toInt()
    array = ee.Image("big").toArray().arrayRepeat(0, image)
    grid = Grid(UTM.crs, UTM.transform, (size, size))
    found = bench.pixels(array.arrayLength(0).addBands(array.arraySlice(0, -1).arrayGet([0])), grid)
    np.testing.assert_array_equal(np.asarray(found[0]), values % 4 + 1)
    np.testing.assert_array_equal(np.asarray(found[1]), values)
    raster = bench.evaluator.image(bench.encode(array)).read(grid)[0]
    np.testing.assert_array_equal(raster.values["lengths"][..., 0], values % 4 + 1)
    np.testing.assert_array_equal(raster.values["cells"][..., 0], values)
    dense = bench.first(ee.Image("big").addBands(ee.Image("big").add(1)).toArray(), grid)
    np.testing.assert_array_equal(dense, np.stack([values, values + 1], axis=-1))


def test_samples_and_lists_of_a_region_hold_each_pixels_own_array(series: Bench) -> None:
    region = ee.Geometry.Rectangle([500000, 2999970, 500090, 3000000], "EPSG:32642", False)
    asked = {"scale": 10, "crs": "EPSG:32642"}
    found = series.value(by_array_mask().reduceRegion(ee.Reducer.toList(), region, **asked))
    truth = [kept(row, col) for row in range(3) for col in range(9)]
    assert [len(pixel) for pixel in found["array"]] == [pixel.size for pixel in truth]
    np.testing.assert_allclose(np.concatenate(found["array"]), np.concatenate(truth), rtol=1e-6)
    features = series.value(masked_series().sample(region, 10))["features"]
    sampled = [f["properties"]["array"] for f in features]
    assert sorted(map(len, sampled)) == sorted(pixel.size for pixel in truth if pixel.size)


def test_where_and_mosaic_take_each_pixels_own_array(series: Bench) -> None:
    few = by_array_mask()
    flags = few.arrayLength(0).lt(3)
    replaced = few.where(flags, ee.Image(ee.Array([1.0, 2.0])))
    truth = expected(lambda v: v if v.size >= 3 else np.array([1.0, 2.0]), 6)
    np.testing.assert_allclose(filled(series, replaced, 6), truth, rtol=1e-6)
    below = ee.Image(ee.Array([1.0, 2.0]))
    stacked = ee.ImageCollection([below.rename("a"), few.updateMask(flags.Not()).rename("a")]).mosaic()
    np.testing.assert_allclose(filled(series, stacked, 6), truth, rtol=1e-6)


def test_per_band_arrays_mask_or_drop_masked_images(series: Bench) -> None:
    whole = series.pixels(ee.ImageCollection("T").toArrayPerBand(0))
    np.testing.assert_array_equal(np.ma.getmaskarray(whole[0])[..., 0], ~VALID.all(axis=0))
    np.testing.assert_array_equal(whole[1], -np.moveaxis(SERIES, 0, -1))
    dropped = ee.ImageCollection("T").toArrayPerBand(0, True)
    np.testing.assert_allclose(filled(series, dropped.select("a"), 6), expected(lambda v: v, 6), rtol=1e-6)
    assert series.value(dropped.bandNames()) == ["a", "b"]


def test_a_collection_of_arrays_is_reduced_element_by_element_and_stays_an_array(series: Bench) -> None:
    images = ee.ImageCollection("T").select("b").map(lambda image: image.toArray().addBands(image).select(0))
    doubled = images.map(lambda image: image.arrayCat(image.multiply(2), 0))
    mean = doubled.reduce(ee.Reducer.mean())
    np.testing.assert_allclose(
        series.first(mean.arrayGet([1])), -2 * SERIES.mean(axis=0, dtype=float), rtol=1e-4, atol=1e-5
    )
    assert series.value(mean.bandNames()) == ["array_mean"]
    assert series.value(mean)["bands"][0]["data_type"]["dimensions"] == 1
