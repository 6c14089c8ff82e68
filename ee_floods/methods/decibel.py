"""Decibel and linear power of radar backscatter: dB = 10 log10(power).

Speckle is multiplicative in power, so every average is of power and never of dB: a mean of dB is biased low
(by 2.5 dB for single-look intensity; Ulaby & Dobson, "Handbook of Radar Scattering Statistics", 1989).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ee
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["db_to_power", "db_to_power_image", "power_to_db", "power_to_db_image"]


def db_to_power(db: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return linear power of backscatter in dB, any shape; NaN stays NaN."""
    import numpy as np

    return np.asarray(np.power(10.0, np.asarray(db, dtype=np.float64) / 10.0))


def power_to_db(power: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return dB of linear power, any shape; NaN where the power is not positive."""
    import numpy as np

    values = np.asarray(power, dtype=np.float64)
    out = np.full(values.shape, np.nan)
    np.log10(values, out=out, where=values > 0)
    return np.asarray(out * 10.0)


def db_to_power_image(db: ee.Image) -> ee.Image:
    """Return linear power of every band of an image in dB; names and projection are kept."""
    import ee

    # The image stands first in each step so that the result keeps its names and default projection.
    return db.toDouble().divide(10).multiply(ee.Image.constant(10).log()).exp()


def power_to_db_image(power: ee.Image) -> ee.Image:
    """Return dB of every band of an image of linear power, masked where the power is not positive."""
    return power.updateMask(power.gt(0)).log10().multiply(10)
