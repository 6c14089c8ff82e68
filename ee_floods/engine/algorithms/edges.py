"""Edges of images."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy
import skimage
from numpy.typing import NDArray

from ee_floods.engine.bands import each_band
from ee_floods.engine.errors import bad_request
from ee_floods.engine.neighbourhood import Padded, padded_band
from ee_floods.engine.reading import Reader
from ee_floods.engine.records import Raster
from ee_floods.engine.registry import algorithm
from ee_floods.engine.values.image import Band, Image
from ee_floods.engine.values.pixeltype import BOOLEAN, DOUBLE
from ee_floods.grid import Grid

# A Sobel filter of 3 x 3 pixels is eight times the gradient per pixel.
_SOBEL = 8.0


@algorithm("CannyEdgeDetector")
def canny_edges(image: Image, threshold: float, sigma: float) -> Image:
    """The gradient's magnitude per pixel on thinned edges where it exceeds the threshold, 0 elsewhere."""
    if not 0 <= sigma < math.inf:
        raise bad_request(f"'sigma' must be finite and not negative, received {sigma}.")
    pad = math.ceil(4 * sigma) + 3

    def one(band: Band) -> Band:
        def compute(reader: Reader, grid: Grid) -> Raster:
            padded = padded_band(reader, band, grid, pad)
            valid = padded.raster.mask > 0
            values = np.where(valid, padded.raster.values, 0).astype(np.float64)
            found = skimage.feature.canny(  # type: ignore[no-untyped-call]
                values, sigma=sigma, low_threshold=threshold * _SOBEL, high_threshold=threshold * _SOBEL,
                mask=None if valid.all() else valid, mode="nearest",
            )  # fmt: skip
            smooth = scipy.ndimage.gaussian_filter(values, sigma) if sigma > 0 else values
            strength = np.hypot(scipy.ndimage.sobel(smooth, 0), scipy.ndimage.sobel(smooth, 1)) / _SOBEL
            return Padded(Raster(np.where(found, strength, 0.0), padded.raster.mask), pad).inner

        return Band(band.name, DOUBLE, band.projection, compute, (band,), band.size)

    return each_band(image, one)


@algorithm("Image.zeroCrossing")
def zero_crossing(image: Image) -> Image:
    """1 where a value is positive and one of the four neighbours is not."""

    def one(band: Band) -> Band:
        def compute(reader: Reader, grid: Grid) -> Raster:
            padded = padded_band(reader, band, grid, 1)
            values: NDArray[Any] = padded.raster.values
            positive = values > 0
            least = np.minimum.reduce([
                padded.shifted(positive, r, c, slice(None)) for r, c in ((0, 1), (0, -1), (1, 0), (-1, 0))
            ])  # fmt: skip
            here = padded.shifted(positive, 0, 0, slice(None))
            return Raster(BOOLEAN.cast(here & ~least), padded.inner.mask)

        return Band(band.name, BOOLEAN, band.projection, compute, (band,), band.size)

    return each_band(image, one)
