from __future__ import annotations

import ee
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ee_floods.grid import Grid
from tests.engine.memory_library import UTM, Bench, record

ROW = Grid(UTM.crs, UTM.transform, (1, 4))
WIDE = Grid(UTM.crs, UTM.transform, (1, 6))


@pytest.fixture
def masked(bench: Bench) -> ee.Image:
    """Values 1..4; the second pixel is masked, the third half transparent."""
    mask = {"x": np.array([[1, 0, 0.5, 1]], np.float32)}
    bench.library.add(record("m/a", {"x": np.array([[1, 2, 3, 4]], np.int16)}, masks=mask))
    return ee.Image("m/a")


def test_a_result_is_masked_where_an_input_is(bench: Bench, masked: ee.Image) -> None:
    assert bench.masks(masked.add(ee.Image(1)), ROW)[0].tolist() == [[1, 0, 0.5, 1]]
    other = ee.Image(1).updateMask(ee.Image.pixelCoordinates(masked.projection()).select("x").gt(1))
    assert bench.masks(masked.add(other), ROW)[0].tolist() == [[0, 0, 0.5, 1]]


def test_update_mask_replaces_the_mask_where_it_was_not_zero(bench: Bench, masked: ee.Image) -> None:
    assert bench.masks(masked.updateMask(0.25), ROW)[0].tolist() == [[0.25, 0, 0.25, 0.25]]
    assert bench.masks(masked.updateMask(7), ROW)[0].tolist() == [[1, 0, 1, 1]]
    assert bench.masks(masked.updateMask(masked.gt(2)), ROW)[0].tolist() == [[0, 0, 1, 1]]


def test_self_mask_and_mask(bench: Bench, masked: ee.Image) -> None:
    assert bench.masks(masked.subtract(1).selfMask(), ROW)[0].tolist() == [[0, 0, 1, 1]]
    assert bench.first(masked.mask(), ROW).tolist() == [[1, 0, 0.5, 1]]
    forced = bench.first(masked.mask(ee.Image(1)), ROW)
    assert forced.tolist() == [[1, 0, 3, 4]]


def test_unmask_widens_the_type_and_reaches_past_the_footprint_only_if_asked(bench: Bench) -> None:
    box = [[[69, 27.1], [69.000303, 27.1], [69.000303, 27.2], [69, 27.2], [69, 27.1]]]
    bench.library.add(
        record(
            "m/b",
            {"x": np.array([[1, 2, 3, 4]], np.uint8)},
            masks={"x": np.array([[1, 0, 1, 1]], np.float32)},
            footprint={"type": "Polygon", "coordinates": box, "geodesic": False},
        )
    )
    image = ee.Image("m/b")
    near = bench.first(image.unmask(-9999), WIDE)
    assert near.dtype == np.int16
    assert near.tolist() == [[1, -9999, 3, 4, None, None]]
    assert bench.first(image.unmask(-9999, False), WIDE).tolist() == [[1, -9999, 3, 4, -9999, -9999]]
    assert bench.first(image.unmask(2147483647, False), WIDE).dtype == np.int32


def test_where_keeps_the_input_where_test_or_value_is_masked(bench: Bench, masked: ee.Image) -> None:
    assert bench.first(ee.Image(9).where(masked.gt(0), masked), ROW).tolist() == [[1, 9, 3, 4]]
    assert bench.first(masked.where(masked.gte(3), -1), ROW).tolist() == [[1, None, -1, -1]]


def test_clip_takes_pixels_by_their_centre(bench: Bench, masked: ee.Image) -> None:
    box = ee.Geometry.Rectangle([500006, 2999990, 500034, 3000000], "EPSG:32642", False)
    assert bench.first(masked.unmask(0).clip(box), ROW).tolist() == [[None, 0, 3, None]]


def test_remap(bench: Bench, masked: ee.Image) -> None:
    assert bench.first(masked.remap([1, 4], [10, 40]), ROW).tolist() == [[10, None, None, 40]]
    assert bench.first(masked.remap([1, 4], [10, 40], -1), ROW).tolist() == [[10, None, -1, 40]]
    assert bench.value(masked.remap([1], [10]).bandNames()) == ["remapped"]


def test_blend_shows_the_lower_image_through_the_mask(bench: Bench, masked: ee.Image) -> None:
    found = bench.first(ee.Image(9).blend(masked), ROW)
    assert found.tolist() == [[1, 9, 6, 4]]


def test_mosaic_takes_the_last_image_on_top(bench: Bench, masked: ee.Image) -> None:
    found = bench.first(ee.ImageCollection([ee.Image(7).toInt16().rename("x"), masked]).mosaic(), ROW)
    assert found.tolist() == [[1, 7, 3, 4]]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.25, 1.0]), min_size=4, max_size=4), st.integers(0, 2))
def test_masks_combine_as_minima(client: None, mask: list[float], shift: int) -> None:
    bench = Bench()
    array = np.array([mask], np.float32)
    other = np.roll(array, shift, axis=1)
    bands = {"x": np.ones((1, 4), np.uint8)}
    bench.library.add(record("h/a", bands, masks={"x": array}))
    bench.library.add(record("h/b", bands, masks={"x": other}))
    found = bench.masks(ee.Image("h/a").multiply(ee.Image("h/b")), ROW)[0]
    np.testing.assert_array_equal(found, np.minimum(array, other))
