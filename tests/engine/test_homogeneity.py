"""Composites of images of different kinds, which the service refuses in the words of its users' reports.

Bands: https://github.com/leftfield-geospatial/geedim/issues/16; types:
https://github.com/gee-community/geemap/issues/1058.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ee
import numpy as np
import pytest

from ee_floods.engine.errors import EngineError
from ee_floods.grid import Grid
from tests.engine.memory_library import UTM, Bench, record

BANDS = (
    "Expected a homogeneous image collection, but an image with incompatible bands was encountered:\n"
    "First image type: 2 bands ([VV, VH]).\nCurrent image type: 1 bands ([VV])."
)
TYPES = (
    "Expected a homogeneous image collection, but an image with an incompatible band was encountered. "
    "Mismatched type for band 'VV':\nExpected type: Short.\nActual type: Float.\nImage ID: 1\n"
    "This band might require an explicit cast."
)
WAYS: list[Callable[[Any], Any]] = [
    lambda images: images.median(),
    lambda images: images.mosaic(),
    lambda images: images.reduce(ee.Reducer.percentile([5, 95])),
]


@pytest.fixture
def scenes(bench: Bench) -> Bench:
    ones = np.ones(UTM.shape)
    west = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]}
    elsewhere = Grid(UTM.crs, (10.0, 0.0, 500000.0, 0.0, -10.0, 100000.0), UTM.shape)
    for name, bands, place in (
        ("both", {"VV": ones.astype(np.float32), "VH": ones.astype(np.float32)}, {}),
        ("one", {"VV": 3 * ones.astype(np.float32)}, {}),
        ("far", {"VV": 5 * ones.astype(np.float32)}, {"grid": elsewhere, "footprint": west}),
        ("whole", {"VV": 7 * ones.astype(np.int16)}, {}),
    ):
        bench.library.add(record(f"S/{name}", bands, **place))
    return bench


def of(*names: str) -> Any:
    return ee.ImageCollection([ee.Image(f"S/{name}") for name in names])


@pytest.mark.parametrize("way", WAYS)
def test_images_of_other_bands_are_refused(scenes: Bench, way: Callable[[Any], Any]) -> None:
    with pytest.raises(EngineError) as caught:
        scenes.pixels(way(of("both", "one")))
    assert caught.value.message.startswith(BANDS)


@pytest.mark.parametrize("way", WAYS)
def test_whole_and_real_numbers_do_not_mix(scenes: Bench, way: Callable[[Any], Any]) -> None:
    with pytest.raises(EngineError) as caught:
        scenes.pixels(way(of("whole", "one")))
    assert caught.value.message == TYPES


def test_bands_in_another_order_are_refused(scenes: Bench) -> None:
    turned = ee.Image("S/both").select(["VH", "VV"])
    with pytest.raises(EngineError, match="incompatible bands"):
        scenes.pixels(ee.ImageCollection([ee.Image("S/both"), turned]).max())


def test_a_selection_and_a_cast_make_them_alike(scenes: Bench) -> None:
    alike = of("whole", "both", "one").select("VV").map(lambda image: image.toFloat())
    np.testing.assert_array_equal(scenes.first(alike.mean()), np.full(UTM.shape, 11 / 3))


def test_an_image_that_lies_elsewhere_is_not_met(scenes: Bench) -> None:
    np.testing.assert_array_equal(scenes.first(of("both", "far").median()), np.ones(UTM.shape))


def test_the_bands_can_be_named_before_pixels_are_asked_for(scenes: Bench) -> None:
    assert scenes.value(of("both", "one").median().bandNames()) == ["VV", "VH"]


@pytest.mark.parametrize(("left", "right"), [(0, 1), (2, 0)])
def test_a_composite_of_nothing_fails_in_arithmetic(bench: Bench, left: int, right: int) -> None:
    """What users meet when no scene is in the dates: https://github.com/r-spatial/rgee/issues/167."""
    empty = ee.ImageCollection([]).median()
    images = [ee.Image.constant([1] * count) if count else empty for count in (left, right)]
    with pytest.raises(EngineError) as caught:
        bench.value(images[0].subtract(images[1]))
    assert caught.value.message == (
        "Image.subtract: If one image has no bands, the other must also have no bands. "
        f"Got {left} and {right}."
    )


def test_images_of_two_and_three_bands_have_no_sum(bench: Bench) -> None:
    with pytest.raises(EngineError, match=r"^Image.add: .*same number of bands or only 1 band. Got 2 and 3."):
        bench.value(ee.Image.constant([1, 2]).add(ee.Image.constant([1, 2, 3]).rename("a", "b", "c")))
