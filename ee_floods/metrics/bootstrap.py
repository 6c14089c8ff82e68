"""Intervals by resampling chips: they are few, and the pixels of one are not independent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ee_floods.metrics.confusion import Counts

__all__ = ["pooled_iou_interval"]


def pooled_iou_interval(
    counts: Sequence[Counts], *, draws: int = 10_000, level: float = 0.95, seed: int = 0
) -> tuple[float | None, float | None]:
    """Return the percentile bootstrap interval of the pooled water IoU, 0..1.

    Args:
        counts: One per chip; chips are drawn with replacement.
        draws: Number of resamples.
        level: Coverage of the interval.
        seed: Of the draws, so that an evaluation repeats itself.

    Returns:
        Lower and upper bound; `(None, None)` with fewer than two chips or no water anywhere.
    """
    if len(counts) < 2:
        return None, None
    table = np.array([(c.tp, c.tp + c.fp + c.fn) for c in counts], dtype=np.float64)  # (chips, 2)
    picks = np.random.default_rng(seed).integers(0, len(counts), size=(draws, len(counts)))
    sums = table[picks].sum(axis=1)  # (draws, 2)
    ious = sums[sums[:, 1] > 0]
    if not len(ious):
        return None, None
    tail = (1 - level) / 2
    low, high = np.quantile(ious[:, 0] / ious[:, 1], (tail, 1 - tail))
    return float(low), float(high)
