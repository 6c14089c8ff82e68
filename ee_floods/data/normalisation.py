"""The range of every band that a network may read: one table, used inside the models.

Models take bands in their own units; `BandScaling` layers clip to these ranges and map them to 0..1. The
ranges are frozen into each model (and its card), so that a change of this table leaves old files as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ee_floods.contracts.card import BandScaling
from ee_floods.contracts.chip import BANDS, S2_BANDS
from ee_floods.errors import InputError, suggest

__all__ = ["BAND_RANGES", "scaling_of"]

_S1_RANGE = (-30.0, 0.0)
"""dB, both polarisations: the range of the paper's replication (Phunjanna et al. 2026). Below it there is
only noise (the noise equivalent sigma0 of IW is specified as -22 dB), above it only corner reflectors."""

_S2_RANGE = (0.0, 4000.0)
"""Reflectance x 10000. Water, soil and vegetation stay under 0.4; what is brighter is cloud, snow or glint,
and the teacher's opinion is not used under clouds. A range up to 1.0 would squeeze the contrast between water
(0.02 in the near infrared) and land (0.2-0.4) into a third of the scale."""

BAND_RANGES: Mapping[str, tuple[float, float]] = {
    "VV": _S1_RANGE,
    "VH": _S1_RANGE,
    "VV_pre": _S1_RANGE,
    "VH_pre": _S1_RANGE,
    **dict.fromkeys(S2_BANDS, _S2_RANGE),
    "cloud_score": (0.0, 1.0),
    "occurrence": (0.0, 100.0),
    # Metres above drainage: floods reach some tens of metres at most, so nothing is learnt from more.
    "hand": (0.0, 50.0),
    # Degrees; steeper ground holds no water whatever its slope.
    "slope": (0.0, 30.0),
    # Degrees: incidence of the IW swath (Sentinel-1 product specification: 29.1 to 46.0).
    "angle": (29.0, 46.0),
}
"""`(low, high)` by band, in the band's unit."""


def scaling_of(bands: Sequence[str]) -> tuple[BandScaling, ...]:
    """Return the scaling of input bands, in order.

    Raises:
        InputError: If a band is unknown or cannot be an input (labels, class codes).
    """
    unknown = [band for band in bands if band not in BAND_RANGES]
    if unknown or not bands:
        raise InputError(
            f"`bands` {tuple(bands)!r}: {unknown[0]!r} cannot be the input of a model."
            if unknown
            else "`bands` is empty: a model needs at least one input band.",
            remedy=suggest(unknown[0], BAND_RANGES) if unknown else "Give, for example, VV and VH.",
        )
    return tuple(
        BandScaling(band=band, unit=BANDS[band].unit, low=BAND_RANGES[band][0], high=BAND_RANGES[band][1])
        for band in bands
    )
