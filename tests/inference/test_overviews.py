"""Coarser bands against loops over blocks."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from ee_floods.inference.overviews import (
    TIE_ORDER,
    coarsened,
    mean_of_valid,
    mode_of_valid,
    overview_factors,
    sample,
)
from tests.inference.makers import UTM, product


@pytest.mark.parametrize("factor", [2, 3, 4])
@pytest.mark.parametrize("shape", [(12, 12), (7, 10), (1, 5)])
def test_mode_and_mean_are_those_of_a_loop(shape: tuple[int, int], factor: int) -> None:
    rng = np.random.default_rng(3)
    flood = rng.choice(np.array([0, 1, 3, 4, 254, 255], np.uint8), shape)
    percent = rng.choice(np.array([0, 7, 50, 100, 255], np.uint8), shape)
    mode, mean = mode_of_valid(flood, factor), mean_of_valid(percent, factor)
    order = [int(value) for value in TIE_ORDER]
    for row in range(mode.shape[0]):
        for col in range(mode.shape[1]):
            block = np.s_[row * factor : (row + 1) * factor, col * factor : (col + 1) * factor]
            counts = Counter(v for v in flood[block].ravel().tolist() if v != 255)
            best = min(counts, key=lambda v: (-counts[v], order.index(v))) if counts else 255
            assert mode[row, col] == best
            values = [v for v in percent[block].ravel().tolist() if v != 255]
            assert mean[row, col] == (round(sum(values) / len(values)) if values else 255)


def test_sample_picks_pixels_that_are_there() -> None:
    bits = np.arange(35, dtype=np.uint8).reshape(5, 7)
    assert sample(bits, 4).tolist() == [[16, 20], [30, 34]]


def test_factors_end_where_a_block_holds_the_overview() -> None:
    assert overview_factors((512, 512), 512) == ()
    assert overview_factors((513, 10), 512) == (2,)
    assert overview_factors((2049, 4000), 512) == (2, 4, 8)


def test_a_coarser_product_covers_the_same_place() -> None:
    small = coarsened(product(), 8)
    assert small.grid.shape == (5, 8)
    assert small.grid.transform[2:6:3] == UTM.transform[2:6:3]
