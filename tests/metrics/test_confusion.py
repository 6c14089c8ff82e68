from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage.metrics import contingency_table

from ee_floods.errors import InputError
from ee_floods.metrics.bootstrap import pooled_iou_interval
from ee_floods.metrics.confusion import Counts, confusion, mean_iou, pooled

SHAPE = (9, 7)


@given(
    water=hnp.arrays(np.bool_, SHAPE), label=hnp.arrays(np.int8, SHAPE, elements=st.sampled_from([-1, 0, 1]))
)
def test_counts_equal_scikit_images_contingency_table(water: np.ndarray, label: np.ndarray) -> None:
    counts = confusion(water, label)
    valid = label >= 0
    if not valid.any():
        assert counts == Counts()
        return
    # scikit-image ignores label 0, so shift: rows are truth 1, 2; columns are prediction 1, 2.
    table = np.zeros((3, 3))
    found = contingency_table(label[valid] + 1, water[valid].astype(int) + 1, normalize=False).toarray()
    table[: found.shape[0], : found.shape[1]] = found
    assert (counts.tn, counts.fp, counts.fn, counts.tp) == (
        table[1, 1],
        table[1, 2],
        table[2, 1],
        table[2, 2],
    )


def test_ratios_and_their_absence() -> None:
    counts = Counts(tp=3, fp=1, fn=2, tn=10)
    assert (counts.iou, counts.precision, counts.recall) == (0.5, 0.75, 0.6)
    assert Counts(tn=5).iou is None
    assert Counts(fp=5).recall is None


def test_pooled_sums_and_mean_leaves_out_chips_without_water() -> None:
    chips = [Counts(tp=1, fn=1), Counts(tp=3, fp=1), Counts(fp=7, tn=2)]
    assert pooled(chips) == Counts(tp=4, fp=8, fn=1, tn=2)
    assert mean_iou(chips) == pytest.approx((0.5 + 0.75) / 2)
    assert mean_iou([Counts(tn=1)]) is None


def test_shapes_that_differ_are_refused() -> None:
    with pytest.raises(InputError, match="shape"):
        confusion(np.zeros((2, 3), bool), np.zeros((3, 2), np.int8))


def test_the_interval_holds_the_pooled_value_and_narrows_with_chips() -> None:
    rng = np.random.default_rng(0)
    chips = [Counts(tp=int(rng.integers(20, 80)), fp=20, fn=20) for _ in range(200)]
    few, many = pooled_iou_interval(chips[:10]), pooled_iou_interval(chips)
    assert few[0] is not None and few[1] is not None and many[0] is not None and many[1] is not None
    value = pooled(chips).iou
    assert value is not None and many[0] < value < many[1]
    assert many[1] - many[0] < few[1] - few[0]


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    hits = 0
    truth = 0.5
    for trial in range(200):
        tp = rng.binomial(100, truth, size=40)
        low, high = pooled_iou_interval(
            [Counts(tp=int(k), fn=int(100 - k)) for k in tp], draws=400, seed=trial
        )
        assert low is not None and high is not None
        hits += low <= truth <= high
    assert 0.88 <= hits / 200 <= 0.99


def test_one_chip_has_no_interval() -> None:
    assert pooled_iou_interval([Counts(tp=1)]) == (None, None)
    assert pooled_iou_interval([Counts(tn=1)] * 3) == (None, None)
