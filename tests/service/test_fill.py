"""The fill as Earth Engine applies it: past the footprint, and on partly masked pixels only where unseen."""

import numpy as np
import pytest

from ee_floods.contracts.chip import FILL
from ee_floods.grid import Window
from ee_floods.service.faults import RequestTooLargeError
from ee_floods.service.fill import filled, solid
from ee_floods.service.pixels import compute_observed, compute_pixels
from tests.conftest import STORED_GRID, STORED_ID, stored_bands

BEYOND = STORED_GRID.padded(4)


@pytest.fixture
def image(engine_session):
    import ee

    return ee.Image(STORED_ID)


def test_masked_pixels_and_those_past_the_footprint_hold_the_fill(image):
    vv = compute_pixels(filled(image, ["VV"]), BEYOND, ["VV"])["VV"]
    truth = np.pad(np.nan_to_num(stored_bands()["VV"], nan=FILL), 4, constant_values=FILL)
    assert np.array_equal(vv, truth)


def test_observed_pixels_are_nan_where_masked(image):
    seen = compute_observed(image, STORED_GRID, ["VH", "VV"])
    assert list(seen) == ["VH", "VV"]
    for band, values in stored_bands().items():
        np.testing.assert_array_equal(seen[band], values)


def test_a_partial_mask_becomes_a_whole_one(image):
    import ee

    partly = image.updateMask(ee.Image.constant(0.25))
    mask = compute_pixels(solid(partly, ["VV"]).mask(), STORED_GRID, ["VV"])["VV"]
    assert np.array_equal(mask, np.isfinite(stored_bands()["VV"]).astype(np.float32))


def test_the_services_refusal_of_a_big_request_is_known_as_one(image):
    from ee_floods.service import pixels
    from ee_floods.service.retry import retry

    big = STORED_GRID.crop(Window(0, 0, 4000, 4000))
    with pytest.raises(RequestTooLargeError, match="50331648"):
        retry(lambda: pixels._request(filled(image, ["VV", "VH"]), big), doing="reading")
