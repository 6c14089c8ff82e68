from __future__ import annotations

import ee
import numpy as np
import pytest

from ee_floods.engine.errors import EngineError
from tests.engine.memory_library import Bench, scene


def test_bands_to_arrays_and_back(bench: Bench) -> None:
    bands = scene(bench)
    stack = np.stack([bands["VV"], bands["VH"]], axis=-1)
    array = ee.Image("C/a").toArray()
    np.testing.assert_array_equal(bench.first(array), stack)
    np.testing.assert_array_equal(bench.first(ee.Image("C/a").toArray(1)), stack[:, :, None, :])
    back = bench.pixels(array.arrayFlatten([["p", "q"]]))
    np.testing.assert_array_equal(back[1], bands["VH"])
    assert bench.value(array.arrayFlatten([["p", "q"]]).bandNames()) == ["p", "q"]
    np.testing.assert_array_equal(bench.first(array.arrayGet([1])), bands["VH"])
    np.testing.assert_array_equal(
        bench.first(array.arraySlice(0, 1, 2).arrayProject([0])), bands["VH"][..., None]
    )


def test_reductions_sorts_and_products(bench: Bench) -> None:
    bands = scene(bench)
    stack = np.stack([bands["VV"], bands["VH"]], axis=-1).astype(float)
    array = ee.Image("C/a").toArray()
    np.testing.assert_allclose(
        bench.first(array.arrayReduce(ee.Reducer.mean(), [0]).arrayGet([0])), stack.mean(axis=-1), rtol=1e-6
    )
    np.testing.assert_allclose(bench.first(array.arraySort()), np.sort(stack, axis=-1), rtol=1e-6)
    outer = array.toArray(1).matrixMultiply(array.toArray(1).arrayTranspose())
    np.testing.assert_allclose(bench.first(outer), stack[..., :, None] * stack[..., None, :], rtol=1e-5)
    np.testing.assert_array_equal(bench.first(array.arrayArgmax()), stack.argmax(axis=-1)[..., None])
    np.testing.assert_allclose(
        bench.first(array.multiply(2).arrayCat(array, 0))[..., 0], stack[..., 0] * 2, rtol=1e-6
    )
    np.testing.assert_allclose(bench.first(array.arrayAccum(0)), np.cumsum(stack, axis=-1), rtol=1e-6)
    assert bench.first(array.arrayLength(0))[0, 0] == 2


def test_collection_to_array(bench: Bench) -> None:
    first, second = scene(bench, "C/a", 0), scene(bench, "C/b", 1)
    found = bench.first(ee.ImageCollection("C").toArray())
    truth = np.stack([np.stack([b["VV"], b["VH"]], -1) for b in (first, second)], axis=2)
    np.testing.assert_array_equal(found, truth)


def test_labels_must_fit_the_array(bench: Bench) -> None:
    scene(bench)
    with pytest.raises(EngineError, match="do not fit"):
        bench.pixels(ee.Image("C/a").toArray().arrayFlatten([["a", "b", "c"]]))


def test_refined_lee_building_blocks(bench: Bench) -> None:
    """The directional statistics of a refined Lee filter: samples, the smallest ratio, its direction."""
    bands = scene(bench)
    image = ee.Image(10).pow(ee.Image("C/a").select("VV").divide(10))
    samples = image.reduceNeighborhood(ee.Reducer.mean(), ee.Kernel.square(1)).neighborhoodToBands(
        ee.Kernel.square(1)
    )
    spread = samples.toArray().arrayReduce(ee.Reducer.stdDev(), [0]).arrayGet([0])
    from scipy import ndimage

    power = 10 ** (bands["VV"].astype(float) / 10)
    means = ndimage.uniform_filter(power, 3)
    windows = np.lib.stride_tricks.sliding_window_view(means, (3, 3)).reshape(62, 62, 9)
    np.testing.assert_allclose(bench.first(spread)[2:-2, 2:-2], windows.std(axis=-1)[1:-1, 1:-1], rtol=1e-4)
