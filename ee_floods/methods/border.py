"""Border noise of Sentinel-1 GRD: dark pixels along the swath's near and far edges.

Products made before March 2018 have them (Stasolla & Neyns, Sensors 18 (2018), 3454). A pixel is noise if it
is dark **and** lies at the swath's edge: calm water inside the swath reaches -57 dB in VH and stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ee
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["BORDER_DB", "SWATH_ANGLES", "border_noise", "without_border_noise_image"]

BORDER_DB = -35.0
"""dB of VV below which a pixel at the edge is noise; a choice, 13 dB under the noise floor of -22 dB that the
Sentinel-1 product specification guarantees for IW."""

SWATH_ANGLES = (30.63993, 45.23993)
"""Degrees of incidence between which a pixel is inside the swath: the bounds of the edge mask in Mullissa et
al., "Sentinel-1 SAR backscatter analysis ready data preparation in Google Earth Engine", Remote Sensing 13
(2021), 1954, after A. Vollrath."""


def border_noise(vv: NDArray[np.floating], angle: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Return where backscatter is border noise.

    Args:
        vv: dB, any shape, NaN where masked.
        angle: Incidence angle in degrees, the shape of `vv`.
    """
    import numpy as np

    with np.errstate(invalid="ignore"):
        at_edge = (angle < SWATH_ANGLES[0]) | (angle > SWATH_ANGLES[1])
        return np.asarray((np.asarray(vv) < BORDER_DB) & at_edge)


def without_border_noise_image(scene: ee.Image) -> ee.Image:
    """Return a graph of a Sentinel-1 scene (VV in dB, angle) with border noise masked in all bands."""
    angle = scene.select("angle")
    at_edge = angle.lt(SWATH_ANGLES[0]).Or(angle.gt(SWATH_ANGLES[1]))
    noise = scene.select("VV").lt(BORDER_DB).And(at_edge)
    return scene.updateMask(noise.Not())
