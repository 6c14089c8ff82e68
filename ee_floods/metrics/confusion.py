"""Confusion counts of water against dry, and the ratios made of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ee_floods.errors import InputError

__all__ = ["Counts", "confusion", "mean_iou", "pooled"]


@dataclass(frozen=True)
class Counts:
    """Pixels by prediction and label: true and false positives (water) and negatives (dry)."""

    tp: int = 0
    fp: int = 0
    fn: int = 0
    tn: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn, self.tn + other.tn)

    @property
    def total(self) -> int:
        """All pixels counted."""
        return self.tp + self.fp + self.fn + self.tn

    @property
    def iou(self) -> float | None:
        """Intersection over union of water, 0..1; None where neither holds water."""
        return _ratio(self.tp, self.tp + self.fp + self.fn)

    @property
    def precision(self) -> float | None:
        """Share of predicted water that is water; None where none is predicted."""
        return _ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float | None:
        """Share of the water that is found; None where there is none."""
        return _ratio(self.tp, self.tp + self.fn)


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def confusion(water: NDArray[np.bool_], label: NDArray[np.integer]) -> Counts:
    """Return the counts of a prediction against a label.

    Args:
        water: Predicted water, `(H, W)`.
        label: -1 invalid (left out), 0 dry, 1 water, of the same shape.

    Raises:
        InputError: If the shapes differ.
    """
    if water.shape != label.shape:
        raise InputError(f"The prediction has shape {water.shape}, the label {label.shape}.")
    code = np.bincount((2 * (label[label >= 0] == 1) + water[label >= 0]).ravel(), minlength=4)
    return Counts(tn=int(code[0]), fp=int(code[1]), fn=int(code[2]), tp=int(code[3]))


def pooled(counts: Iterable[Counts]) -> Counts:
    """Return the sum of the counts of several chips."""
    return sum(counts, Counts())


def mean_iou(counts: Iterable[Counts]) -> float | None:
    """Return the mean IoU of the chips whose label holds water; None if there is none.

    A chip whose label has no water has an IoU of 0 or none, whatever the prediction, so it is left out.
    """
    values = [c.tp / (c.tp + c.fp + c.fn) for c in counts if c.tp + c.fn > 0]
    return float(np.mean(values)) if values else None
