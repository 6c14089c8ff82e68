import numpy as np
import pytest
from skimage.measure import block_reduce

from ee_floods.errors import InputError
from ee_floods.methods.coarsen import majority, mean, mean_power


def fine_grid_mean(values, factor, steps):
    """The mean by cutting every pixel into steps x steps: an independent way to weigh by area."""
    fine = np.kron(values, np.ones((steps, steps)))
    side = round(factor * steps)
    fine = fine[: fine.shape[0] // side * side, : fine.shape[1] // side * side]
    return block_reduce(fine, (side, side), np.nanmean)


def test_whole_factor_is_a_block_mean():
    values = np.random.default_rng(0).normal(size=(12, 8))
    np.testing.assert_allclose(mean(values, 4), block_reduce(values, (4, 4), np.mean))


def test_sixteen_metres_from_ten_weighs_by_area():
    values = np.random.default_rng(1).normal(size=(16, 24))
    values[3, 5] = np.nan
    result = mean(values, 1.6)
    assert result.shape == (10, 15)
    np.testing.assert_allclose(result, fine_grid_mean(values, 1.6, 5))


def test_power_and_not_db_is_averaged():
    db = np.array([[0.0, -30.0], [-30.0, -30.0]])
    assert mean_power(db, 2)[0, 0] == pytest.approx(10 * np.log10((1 + 3e-3) / 4))
    assert mean_power(db, 2)[0, 0] > db.mean() + 10


def test_a_block_without_a_valid_pixel_stays_empty():
    assert np.isnan(mean(np.full((2, 2), np.nan), 2)).all()


def test_majority_of_valid_pixels_decides_and_a_tie_is_invalid():
    label = np.array([
        [1, 1, 0, 0, 1, 0, -1, -1],
        [1, 0, 0, -1, 1, 0, -1, 1],
    ])  # fmt: skip
    np.testing.assert_array_equal(majority(label, 2), [[1, 0, -1, 1]])


def test_majority_by_area_at_sixteen_metres():
    label = np.random.default_rng(2).integers(-1, 2, (40, 40))
    water = fine_grid_mean((label == 1).astype(float), 1.6, 5)
    dry = fine_grid_mean((label == 0).astype(float), 1.6, 5)
    expected = np.where(np.isclose(water, dry), -1, np.where(water > dry, 1, 0))
    np.testing.assert_array_equal(majority(label, 1.6), expected)


def test_a_finer_grid_is_refused():
    with pytest.raises(InputError, match="at least 1"):
        mean(np.zeros((2, 2)), 0.5)
