"""Permanent and seasonal water from JRC water occurrence, and weak labels improved by it.

Occurrence is the share of valid observations, 0..100 %, in which a place was water from 1984 to 2021 (Pekel
et al., Nature 540 (2016), 418-422). The thresholds are those of `flood_classes`. The paper improves weak
labels by an occurrence map (Fig. 6); how is not in what can be read of it. The rule here is the cautious one:
what is nearly always water is water, wherever the weak label could tell at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ee_floods.methods.flood_classes import PERMANENT_MIN, SEASONAL_MIN

if TYPE_CHECKING:
    import ee
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "improved_label",
    "improved_label_image",
    "reference_water",
    "reference_water_image",
]


def reference_water(
    occurrence: NDArray[np.floating],
    *,
    permanent: float = PERMANENT_MIN,
    seasonal: float = SEASONAL_MIN,
) -> NDArray[np.uint8]:
    """Return 0 (land), 1 (permanent water), 2 (seasonal water) or 255 (no reference).

    Args:
        occurrence: In %, any shape, NaN where JRC has no data.
        permanent: Occurrence from which water is permanent, %.
        seasonal: Occurrence from which water is seasonal, %; at most `permanent`.
    """
    import numpy as np

    values = np.asarray(occurrence)
    out = np.where(values >= permanent, 1, np.where(values >= seasonal, 2, 0))
    return np.where(np.isnan(values), 255, out).astype(np.uint8)


def reference_water_image(
    occurrence: ee.Image,
    *,
    permanent: float = PERMANENT_MIN,
    seasonal: float = SEASONAL_MIN,
) -> ee.Image:
    """Return a graph of `reference_water`, band `reference_water`, masked where there is no reference."""
    always = occurrence.gte(permanent)
    sometimes = occurrence.gte(seasonal).And(always.Not())
    return always.add(sometimes.multiply(2)).rename("reference_water")


def improved_label(
    weak: NDArray[np.integer],
    occurrence: NDArray[np.floating],
    *,
    permanent: float = PERMANENT_MIN,
) -> NDArray[np.int8]:
    """Return a weak label in which permanent water is water; invalid pixels stay invalid.

    Args:
        weak: -1, 0 or 1.
        occurrence: In %, NaN where JRC has no data; the shape of `weak`.
        permanent: Occurrence from which a pixel is water, %.
    """
    import numpy as np

    always = np.nan_to_num(np.asarray(occurrence), nan=0.0) >= permanent
    return np.where((weak == 0) & always, 1, weak).astype(np.int8)


def improved_label_image(
    weak: ee.Image, occurrence: ee.Image, *, permanent: float = PERMANENT_MIN
) -> ee.Image:
    """Return a graph of `improved_label`; the band's name is kept."""
    return weak.where(weak.eq(0).And(occurrence.gte(permanent)), 1)
