import numpy as np
import pytest
from skimage.filters import threshold_otsu

from ee_floods.errors import InputError
from ee_floods.methods.otsu import BIN_COUNT, BIN_RANGE_DB, histogram, otsu_threshold, threshold_of_histogram


@pytest.fixture
def backscatter():
    rng = np.random.default_rng(7)
    return np.concatenate([rng.normal(-24, 1.5, 3000), rng.normal(-15, 2, 9000)])


def test_threshold_of_an_array_is_scikit_images(backscatter):
    with_gap = np.append(backscatter, np.nan)
    assert otsu_threshold(with_gap) == threshold_otsu(backscatter)


def test_threshold_of_the_histogram_splits_as_scikit_image_does(backscatter):
    counts, edges = np.histogram(backscatter, bins=BIN_COUNT, range=BIN_RANGE_DB)
    filled = np.flatnonzero(counts)
    part = slice(filled[0], filled[-1] + 1)
    centre = threshold_otsu(hist=(counts[part], (edges[:-1] + edges[1:])[part] / 2))
    # scikit-image names the centre of the darker class's last bin, this package its upper edge.
    assert threshold_of_histogram(histogram(backscatter)) == pytest.approx(centre + 0.05)


def test_threshold_of_the_histogram_is_the_split_of_least_variance_within(backscatter):
    values = np.round(backscatter, 1) + 0.05
    found = threshold_of_histogram(histogram(values))

    def within(split):
        low, high = values[values < split], values[values >= split]
        return low.size * low.var() + high.size * high.var()

    splits = np.arange(-28, -10, 0.1)
    assert within(found) <= min(within(s) for s in splits) * (1 + 1e-9)


def test_values_outside_the_bins_and_nan_are_left_out():
    counts = histogram(np.array([-50.0, -50.1, 10.0, 9.99, np.nan]))
    assert counts.sum() == 2
    assert counts[0] == counts[-1] == 1


def test_one_filled_bin_has_no_threshold():
    with pytest.raises(InputError, match="two filled bins"):
        threshold_of_histogram(histogram(np.full(10, -20.0)))
