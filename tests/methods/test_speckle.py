import numpy as np
import pytest
from scipy.ndimage import generic_filter

from ee_floods.errors import InputError
from ee_floods.methods.speckle import boxcar, median


@pytest.fixture
def speckled():
    rng = np.random.default_rng(3)
    db = 10 * np.log10(0.02 * rng.gamma(4.4, 1 / 4.4, (24, 20)))
    db[5, 6:9] = np.nan
    return db


def test_boxcar_is_the_mean_of_the_valid_power_in_the_window(speckled):
    power = 10 ** (speckled / 10)
    expected = 10 * np.log10(generic_filter(power, np.nanmean, size=5, mode="constant", cval=np.nan))
    expected[np.isnan(speckled)] = np.nan
    np.testing.assert_allclose(boxcar(speckled, 5), expected, atol=1e-9)


def test_median_is_that_of_the_valid_pixels_in_the_window(speckled):
    expected = generic_filter(speckled, np.nanmedian, size=3, mode="constant", cval=np.nan)
    expected[np.isnan(speckled)] = np.nan
    np.testing.assert_allclose(median(speckled, 3), expected)


def test_boxcar_keeps_mean_power_and_raises_looks_by_the_pixels_of_its_window():
    power = 0.02 * np.random.default_rng(4).gamma(4.4, 1 / 4.4, (400, 400))
    smooth = 10 ** (boxcar(10 * np.log10(power), 5) / 10)
    inside = smooth[2:-2:5, 2:-2:5]  # windows that share no pixel
    assert inside.mean() == pytest.approx(0.02, rel=0.01)
    looks = inside.mean() ** 2 / inside.var()
    assert looks == pytest.approx(4.4 * 25, rel=0.06)


def test_an_even_window_is_refused():
    with pytest.raises(InputError, match="odd"):
        boxcar(np.zeros((4, 4)), 4)
