import numpy as np
import pytest

from ee_floods.methods.clouds import CloudCounts, cloud_counts


def test_counts_of_an_array():
    observed = np.array([True, True, True, False])
    counts = cloud_counts(observed, np.array([0.9, 0.2, np.nan, 0.9]), min_clear_score=0.6)
    assert counts == CloudCounts(3, 2, 1)
    assert counts.cloud == 0.5


def test_a_scene_without_a_score_is_told_from_a_cloudy_one():
    assert not CloudCounts(1000, 0, 0).has_score
    assert CloudCounts(1000, 1000, 0).has_score
    assert CloudCounts(1000, 1000, 0).cloud == 1
    assert not CloudCounts(0, 0, 0).has_score


def test_tiles_of_a_pass_add_up():
    whole = CloudCounts(100, 100, 90) + CloudCounts(300, 300, 150)
    assert whole.cloud == pytest.approx(160 / 400)
