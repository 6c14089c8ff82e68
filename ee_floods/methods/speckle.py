"""Simple speckle filters: the boxcar, which keeps mean power, and the median.

A boxcar of n independent pixels raises the number of looks n times (Oliver & Quegan, "Understanding Synthetic
Aperture Radar Images", 2004, chapter 6); the median keeps edges better and lowers the mean of power slightly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ee_floods.errors import InputError
from ee_floods.methods.decibel import db_to_power, db_to_power_image, power_to_db, power_to_db_image

if TYPE_CHECKING:
    import ee
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["boxcar", "boxcar_image", "median", "median_image"]


def boxcar(db: NDArray[np.floating], size: int = 7) -> NDArray[np.float64]:
    """Return backscatter in dB whose power is averaged over a square window.

    Args:
        db: `(H, W)` in dB, NaN where masked; masked pixels take no part and stay masked.
        size: Side of the window in pixels, odd.
    """
    import numpy as np
    from scipy.ndimage import uniform_filter

    _odd(size)
    power = db_to_power(db)
    valid = np.isfinite(power)
    # Outside the image counts as masked: both means are over the whole window, so their ratio is over its
    # valid pixels.
    total = uniform_filter(np.where(valid, power, 0.0), size, mode="constant")
    share = uniform_filter(valid.astype(np.float64), size, mode="constant")
    out = np.full(power.shape, np.nan)
    np.divide(total, share, out=out, where=valid)
    return power_to_db(out)


def median(db: NDArray[np.floating], size: int = 7) -> NDArray[np.float64]:
    """Return the median of a square window; arguments as in `boxcar`. A median needs no linear power."""
    import numpy as np

    _odd(size)
    values = np.asarray(db, dtype=np.float64)
    padded = np.pad(values, size // 2, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size))  # (H, W, size, size)
    valid = np.isfinite(values)
    out = np.full(values.shape, np.nan)
    if valid.any():
        out[valid] = np.nanmedian(windows[valid].reshape(-1, size * size), axis=1)
    return out


def boxcar_image(db: ee.Image, size: int = 7) -> ee.Image:
    """Return a graph of `boxcar`; the window is in pixels of the grid that is asked for."""
    import ee

    _odd(size)
    mean = db_to_power_image(db).reduceNeighborhood(
        reducer=ee.Reducer.mean(), kernel=ee.Kernel.square(size // 2, "pixels"), skipMasked=True
    )
    return power_to_db_image(mean.rename(db.bandNames()))


def median_image(db: ee.Image, size: int = 7) -> ee.Image:
    """Return a graph of `median`; the window is in pixels of the grid that is asked for."""
    import ee

    _odd(size)
    kernel = ee.Kernel.square(size // 2, "pixels")
    out = db.reduceNeighborhood(reducer=ee.Reducer.median(), kernel=kernel, skipMasked=True)
    return out.rename(db.bandNames())


def _odd(size: int) -> None:
    if size < 1 or size % 2 == 0:
        raise InputError(f"`size` must be odd and at least 1, received {size}.", remedy="Give 3, 5 or 7.")
