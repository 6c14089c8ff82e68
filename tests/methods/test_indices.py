import numpy as np
import pytest

from ee_floods.errors import InputError
from ee_floods.methods.indices import index, weak_label


@pytest.fixture
def bands():
    # water, dry grass, wet grass, cloud; reflectance x 10000
    rows = {
        "B2": [900, 700, 600, 6000],
        "B3": [800, 900, 800, 6000],
        "B4": [600, 900, 600, 6000],
        "B8": [300, 2500, 3500, 6500],
        "B11": [100, 2800, 700, 5000],
        "B12": [50, 1800, 500, 4000],
    }
    return {name: np.array([values], float) for name, values in rows.items()}


def test_indices_by_hand(bands):
    assert index("ndwi", bands)[0, 0] == pytest.approx(500 / 1100)
    assert index("mndwi", bands)[0, 0] == pytest.approx(700 / 900)
    assert index("ndvi", bands)[0, 1] == pytest.approx(1600 / 3400)
    assert index("awei_nsh", bands)[0, 0] == pytest.approx(4 * (800 - 100) - (0.25 * 300 + 2.75 * 50))
    assert index("awei_sh", bands)[0, 0] == pytest.approx(900 + 2.5 * 800 - 1.5 * 400 - 0.25 * 50)


def test_weak_label_keeps_wet_vegetation_dry_and_cloud_invalid(bands):
    score = np.array([[0.9, 0.9, 0.9, 0.1]])
    assert index("mndwi", bands)[0, 2] > 0  # the index alone would call it water
    np.testing.assert_array_equal(weak_label(bands, score), [[1, 0, 0, -1]])


def test_weak_label_is_invalid_without_a_score_or_a_band(bands):
    bands["B11"][0, 1] = np.nan
    score = np.array([[np.nan, 0.9, 0.9, 0.9]])
    np.testing.assert_array_equal(weak_label(bands, score)[0, :2], [-1, -1])


def test_black_pixels_have_no_index(bands):
    bands["B3"][0, 0] = bands["B11"][0, 0] = 0
    assert np.isnan(index("mndwi", bands)[0, 0])


def test_unknown_index_suggests_the_nearest(bands):
    with pytest.raises(InputError, match="mndwi"):
        index("mdnwi", bands)
