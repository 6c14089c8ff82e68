"""Confusion matrices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ConfusionMatrix"]


@dataclass(frozen=True, eq=False)
class ConfusionMatrix:
    """How often each actual class was predicted as which.

    Args:
        counts: Rows are actual classes, columns predicted ones.
        order: The class of each row and column.
    """

    counts: NDArray[np.float64]
    order: tuple[int, ...]

    @classmethod
    def tallied(cls, pairs: list[tuple[int, int]], order: tuple[int, ...]) -> ConfusionMatrix:
        """Count (actual, predicted) pairs; pairs with a class outside the order are left out."""
        place = {value: position for position, value in enumerate(order)}
        counts = np.zeros((len(order), len(order)))
        for actual, predicted in pairs:
            if actual in place and predicted in place:
                counts[place[actual], place[predicted]] += 1
        return cls(counts, order)

    @property
    def producers(self) -> NDArray[np.float64]:
        """Share of each actual class that was predicted right, `(N, 1)`."""
        return _share(np.diag(self.counts), self.counts.sum(axis=1))[:, None]

    @property
    def consumers(self) -> NDArray[np.float64]:
        """Share of each predicted class that is right, `(1, N)`."""
        return _share(np.diag(self.counts), self.counts.sum(axis=0))[None, :]

    @property
    def accuracy(self) -> float:
        """Share of all that is right."""
        return float(_share(np.trace(self.counts), self.counts.sum()))

    @property
    def kappa(self) -> float:
        """Cohen's kappa."""
        total = self.counts.sum()
        chance = _share(self.counts.sum(axis=1) @ self.counts.sum(axis=0), total * total)
        return float(_share(self.accuracy - chance, 1 - chance))

    def fscore(self, beta: float) -> NDArray[np.float64]:
        """F-beta of each class."""
        precision, recall = self.consumers[0], self.producers[:, 0]
        return _share((1 + beta**2) * precision * recall, beta**2 * precision + recall)

    def to_json(self) -> list[list[float | int]]:
        """Return the rows, as the service writes a matrix."""
        return [[int(v) if float(v).is_integer() else float(v) for v in row] for row in self.counts.tolist()]


def _share(part: Any, whole: Any) -> NDArray[np.float64]:
    """`part / whole`, 0 where there is nothing to share."""
    part, whole = np.broadcast_arrays(np.asarray(part, float), np.asarray(whole, float))
    answer: NDArray[np.float64] = np.divide(part, whole, out=np.zeros(part.shape), where=whole != 0)
    return answer
