"""Clear and cloudy by Cloud Score+.

`cs_cdf` is the likelihood, 0..1, that a pixel is clear, from the distribution of scores at that place through
time (https://developers.google.com/earth-engine/datasets/catalog/GOOGLE_CLOUD_SCORE_PLUS_V1_S2_HARMONIZED;
Pasquarella et al., CVPR Workshops 2023, 2125-2135). It falls with cloud, cirrus and cloud shadow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ee_floods.config.pairing import MIN_CLEAR_SCORE

if TYPE_CHECKING:
    import ee
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["MIN_SCORED", "CloudCounts", "cloud_counts", "cloud_counts_graph"]

MIN_SCORED = 0.5
"""Share of observed pixels that must have a score; below it a scene has no cloud score at all.

A scene is scored whole or not at all, so any limit well inside 0..1 tells the two apart."""


@dataclass(frozen=True)
class CloudCounts:
    """Pixels of a Sentinel-2 scene over a region; counts may be fractional, as edge pixels are weighed.

    Args:
        observed: Pixels that the scene observed.
        scored: Of these, pixels with a cloud score.
        clear: Of these, pixels whose score is at least the limit.
    """

    observed: float
    scored: float
    clear: float

    @property
    def has_score(self) -> bool:
        """Whether the scene has a cloud score."""
        return self.observed > 0 and self.scored >= MIN_SCORED * self.observed

    @property
    def cloud(self) -> float:
        """Cloudy share of the scored pixels, 0..1; 1 where none is scored."""
        return 1.0 - self.clear / self.scored if self.scored > 0 else 1.0

    def __add__(self, other: CloudCounts) -> CloudCounts:
        """Return the counts of two scenes together; their overlap counts twice above and below the line."""
        return CloudCounts(
            self.observed + other.observed, self.scored + other.scored, self.clear + other.clear
        )


def cloud_counts(
    observed: NDArray[np.bool_],
    score: NDArray[np.floating],
    *,
    min_clear_score: float = MIN_CLEAR_SCORE,
) -> CloudCounts:
    """Return counts of a region.

    Args:
        observed: Whether Sentinel-2 has a pixel.
        score: `cs_cdf`, NaN where there is none; the shape of `observed`.
        min_clear_score: Score from which a pixel is clear.
    """
    import numpy as np

    scored = observed & np.isfinite(score)
    clear = scored & (np.nan_to_num(score, nan=-1.0) >= min_clear_score)
    return CloudCounts(float(observed.sum()), float(scored.sum()), float(clear.sum()))


def cloud_counts_graph(
    optical: ee.Image,
    score: ee.Image,
    region: ee.Geometry,
    scale: float,
    *,
    min_clear_score: float = MIN_CLEAR_SCORE,
) -> ee.Dictionary:
    """Return a server-side dictionary with `observed`, `scored`, `clear`: pixel counts over a region.

    Args:
        optical: One band of Sentinel-2.
        score: `cs_cdf`; fully masked where there is none, as `linkCollection` leaves it.
        region: Where to count.
        scale: Pixel size in m.
        min_clear_score: Score from which a pixel is clear.
    """
    import ee

    observed = optical.mask().gt(0).rename("observed")
    scored = observed.And(score.mask().unmask(0, False).gt(0)).rename("scored")
    clear = scored.And(score.unmask(0, False).gte(min_clear_score)).rename("clear")
    return observed.addBands(scored).addBands(clear).reduceRegion(
        reducer=ee.Reducer.sum(), geometry=region, scale=scale, bestEffort=True
    )  # fmt: skip
