from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ee_floods.data.batches import Group, batches, group_sizes
from ee_floods.errors import InputError

SETTINGS = {"batch_size": 4, "crop": 5, "augment": True, "seed": 3}


def stack(chips: int = 6, size: int = 8) -> np.ndarray:
    """Every pixel holds its own number."""
    return np.arange(chips * size * size, dtype=np.float32).reshape(chips, size, size, 1)


def test_same_seed_same_batches_and_another_seed_others() -> None:
    x = stack()
    groups = [Group(tuple(range(6)), 1.0)]
    first, again = (list(islice(batches(x, x, groups, **SETTINGS), 5)) for _ in range(2))
    for (a, b), (c, d) in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, c)
        np.testing.assert_array_equal(b, d)
    other = next(batches(x, x, groups, **{**SETTINGS, "seed": 4}))
    assert not np.array_equal(first[0][0], other[0])


def test_bands_and_targets_stay_on_the_same_pixels() -> None:
    x = stack()
    y = np.concatenate([x * 2, x + 1], axis=-1)
    for a, b in islice(batches(x, y, [Group(tuple(range(6)), 1.0)], **SETTINGS), 20):
        assert a.shape == (4, 5, 5, 1)
        np.testing.assert_array_equal(b[..., :1], a * 2)
        np.testing.assert_array_equal(b[..., 1:], a + 1)


def test_shares_hold_in_every_batch_and_every_chip_is_seen_once_per_round() -> None:
    x = np.zeros((6, 8, 8, 1), np.float32) + np.arange(6, dtype=np.float32)[:, None, None, None]
    groups = [Group((0, 1), 0.25), Group((2, 3, 4), 0.75)]
    chips = [a[:, 0, 0, 0].astype(int).tolist() for a, _ in islice(batches(x, x, groups, **SETTINGS), 4)]
    for batch in chips:
        assert sum(chip in (0, 1) for chip in batch) == 1
    others = [chip for batch in chips for chip in batch if chip > 1]
    assert all(sorted(others[i : i + 3]) == [2, 3, 4] for i in range(0, 12, 3))
    assert 5 not in others


@given(st.integers(2, 64), st.floats(0, 1), st.integers(0, 3), st.integers(0, 3))
def test_group_sizes_fill_the_batch_and_leave_no_group_out(
    batch: int, share: float, first: int, second: int
) -> None:
    groups = [Group(tuple(range(first)), share), Group(tuple(range(second)), 1 - share)]
    live = [bool(group.chips) and group.share > 0 for group in groups]
    if not any(live):
        with pytest.raises(InputError, match="no chip"):
            group_sizes(groups, batch)
        return
    sizes = group_sizes(groups, batch)
    assert sum(sizes) == batch
    assert [size > 0 for size in sizes] == live


def test_crop_larger_than_the_chips_is_refused_with_the_largest_that_fits() -> None:
    with pytest.raises(InputError, match="at most 8"):
        batches(stack(), stack(), [Group((0,), 1.0)], batch_size=1, crop=9, augment=False, seed=0)
