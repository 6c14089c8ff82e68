"""Pyramid levels, compared with a plain loop over 2 x 2 blocks."""

from __future__ import annotations

import statistics
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ee_floods.engine.assets.pyramid import coarser, halve, level_count
from ee_floods.engine.errors import EngineError

TRUTH: dict[str, Callable[[list[int]], float]] = {
    "MEAN": lambda block: float(np.rint(statistics.fmean(block))),
    "MEDIAN": lambda block: float(np.rint(statistics.median(block))),
    "MODE": lambda block: float(min(statistics.multimode(block))),
    "MIN": min,
    "MAX": max,
}


@pytest.mark.parametrize("policy", sorted(TRUTH))
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_policy_reduces_the_valid_pixels_of_each_block(policy: str, data: st.DataObject) -> None:
    shape = data.draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    values = data.draw(arrays(np.int16, shape, elements=st.integers(-4, 4)))
    valid = data.draw(arrays(np.bool_, shape))
    out, out_valid = halve(values, valid, policy)
    assert out.dtype == np.int16
    assert out.shape == ((shape[0] + 1) // 2, (shape[1] + 1) // 2)
    for row, col in np.ndindex(*out.shape):
        place = (slice(2 * row, 2 * row + 2), slice(2 * col, 2 * col + 2))
        block = values[place][valid[place]].tolist()
        assert bool(out_valid[row, col]) is bool(block)
        if block:
            assert out[row, col] == TRUTH[policy](block)


def test_sample_takes_the_upper_left_pixel_with_its_mask() -> None:
    values = np.arange(9, dtype=np.uint8).reshape(3, 3)
    valid = values != 2
    out, out_valid = halve(values, valid, "SAMPLE")
    assert out.tolist() == [[0, 2], [6, 8]]
    assert out_valid.tolist() == [[True, False], [True, True]]


def test_mean_of_a_float_band_is_not_rounded() -> None:
    out, _ = halve(np.array([[1.0, 2.0]], np.float32), np.ones((1, 2), bool), "MEAN")
    assert out.tolist() == [[1.5]]


def test_strips_give_what_the_whole_gives() -> None:
    values = np.random.default_rng(0).integers(0, 9, (2051, 7)).astype(np.uint8)
    valid = values > 1
    whole, whole_valid = halve(values, valid, "MODE")
    strips, strips_valid = coarser(values, valid, "MODE")
    np.testing.assert_array_equal(strips, whole)
    np.testing.assert_array_equal(strips_valid, whole_valid)


def test_levels_end_where_one_tile_is_enough() -> None:
    assert level_count(256, 256) == 1
    assert level_count(257, 10) == 2
    assert level_count(10980, 10980) == 7


def test_unknown_policy_is_refused() -> None:
    with pytest.raises(EngineError, match="Unknown pyramiding policy 'FIRST'"):
        halve(np.zeros((2, 2)), np.ones((2, 2), bool), "FIRST")
