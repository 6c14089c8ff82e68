"""Classical baselines: a fixed threshold on VH, and Otsu's threshold of each image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ee_floods.contracts.card import ModelCard
from ee_floods.methods.otsu import otsu_threshold

__all__ = ["DEFAULT_VH_THRESHOLD", "OtsuBaseline", "ThresholdBaseline"]

DEFAULT_VH_THRESHOLD = -23.6
"""dB; the fixed threshold of the published per-chip counts on Sen1Floods11's test split."""


@dataclass(frozen=True)
class ThresholdBaseline:
    """Water is where VH is below a threshold.

    Args:
        threshold_db: In dB.
    """

    threshold_db: float = DEFAULT_VH_THRESHOLD
    bands: tuple[str, ...] = ("VH",)
    threshold: float = 0.5
    window: int | None = None
    card: ModelCard | None = None

    @property
    def name(self) -> str:
        """`baseline:vh-threshold=<dB>`."""
        return f"baseline:vh-threshold={self.threshold_db:g}"

    def fitted(self, bands: Mapping[str, NDArray[np.float32]]) -> Mapping[str, float]:
        """Return the threshold in dB."""
        return {"vh_db": self.threshold_db}

    def probability(self, bands: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
        """Return 1 where VH < threshold, 0 elsewhere, NaN where VH is masked."""
        return _below(bands["VH"], self.threshold_db)


@dataclass(frozen=True)
class OtsuBaseline:
    """Water is where VH is below Otsu's threshold of the whole image."""

    name: str = "baseline:otsu"
    bands: tuple[str, ...] = ("VH",)
    threshold: float = 0.5
    window: int | None = None
    card: ModelCard | None = None

    def fitted(self, bands: Mapping[str, NDArray[np.float32]]) -> Mapping[str, float]:
        """Return Otsu's threshold of the image in dB; empty where VH holds fewer than two values."""
        vh = bands["VH"]
        finite = vh[np.isfinite(vh)]
        if finite.size == 0 or finite.min() == finite.max():
            return {}
        return {"vh_db": otsu_threshold(vh)}

    def probability(self, bands: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
        """Return 1 where VH is below its Otsu threshold, 0 elsewhere, NaN where VH is masked.

        An image that the radar did not observe, or of a single value, has no threshold: it is NaN throughout.
        """
        fitted = self.fitted(bands)
        if not fitted:
            return np.full(bands["VH"].shape, np.nan, np.float32)
        return _below(bands["VH"], fitted["vh_db"])


def _below(vh: NDArray[np.float32], threshold: float) -> NDArray[np.float32]:
    return np.where(np.isfinite(vh), (vh < threshold).astype(np.float32), np.float32(np.nan))
