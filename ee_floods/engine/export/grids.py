"""Which pixels an answer or an export has: the grid a client asks for, or that of the image itself."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ee_floods.engine.errors import bad_request
from ee_floods.engine.evaluator import BandInfo, EvaluatedImage
from ee_floods.engine.limits import Limits
from ee_floods.engine.values.projection import Projection, crs_of
from ee_floods.grid import Grid

__all__ = ["check_request", "default_grid", "requested_grid"]

# A region is given in degrees or computed in floating point, and the outline of a stored image, a polygon
# in degrees, bulges by 26 mm on an edge of 10 km: an edge within a hundredth of a pixel of a pixel's edge
# lies on it. A larger tolerance would drop slivers that the service keeps.
_EDGE_TOLERANCE = 1e-2


def default_grid(image: EvaluatedImage, *, crs: str | None = None, transform: Any = None) -> Grid:
    """Return the pixels of an image's projection that cover its footprint.

    The client folds `region`, `scale`, `crs`, `crsTransform` and `dimensions` of an export into the
    expression, so that the image's own projection and footprint are what is to be exported.

    Args:
        image: The evaluated image.
        crs: Another CRS than the image's.
        transform: Another transform than the image's.

    Raises:
        EngineError: If the image has no end.
    """
    if not image.bands:
        raise bad_request("Image has no bands.")
    own_crs, own_transform = image.projection
    projection = Projection(crs or own_crs, tuple(transform or own_transform))
    bounds = image.bounds(projection.crs)
    if bounds is None:
        raise bad_request("Unable to export unbounded image.")
    left, bottom, right, top = bounds
    xs = np.array([left, left, right, right], np.float64)
    ys = np.array([bottom, top, bottom, top], np.float64)
    cols, rows = projection.pixels(xs, ys)
    if not np.isfinite([*cols, *rows]).all():
        raise bad_request("Unable to export unbounded image.")
    col0, col1 = _inward(cols.min(), cols.max())
    row0, row1 = _inward(rows.min(), rows.max())
    moved = projection.translated(col0, row0)
    return Grid(projection.crs, moved.transform, (row1 - row0, col1 - col0))


def requested_grid(grid: Mapping[str, Any] | None, image: EvaluatedImage) -> Grid:
    """Return the grid of a `PixelGrid`; what it leaves out is the image's own.

    Raises:
        EngineError: If the grid is not one.
    """
    if not grid:
        return default_grid(image)
    crs = grid.get("crsCode") or grid.get("crsWkt") or image.projection[0]
    crs_of(str(crs))
    affine = grid.get("affineTransform")
    transform = None
    if affine is not None:
        names = ("scaleX", "shearX", "translateX", "shearY", "scaleY", "translateY")
        transform = tuple(float(affine.get(name) or 0.0) for name in names)
        if transform[0] * transform[4] - transform[1] * transform[3] == 0:
            raise bad_request("Pixel grid: the affine transform must be invertible.")
    dimensions = grid.get("dimensions")
    if not dimensions:
        return default_grid(image, crs=str(crs), transform=transform)
    width, height = int(dimensions.get("width") or 0), int(dimensions.get("height") or 0)
    if width < 1 or height < 1:
        raise bad_request(f"Pixel grid dimensions ({width}x{height}) must be positive.")
    a, b, c, d, e, f = transform or image.projection[1]
    return Grid(str(crs), (a, b, c, d, e, f), (height, width))


def check_request(grid: Grid, bands: tuple[BandInfo, ...], limits: Limits) -> None:
    """Raise if an interactive request is larger than the service answers.

    Each pixel counts its bytes and one byte of mask in every band.

    Raises:
        EngineError: In the service's words.
    """
    if max(grid.shape) > limits.dimension:
        raise bad_request(
            f"Pixel grid dimensions ({grid.width}x{grid.height}) must be less than or equal to "
            f"{limits.dimension}."
        )
    if len(bands) > limits.bands:
        raise bad_request(f"The number of bands ({len(bands)}) must be less than or equal to {limits.bands}.")
    per_pixel = sum(np.dtype(band.dtype).itemsize + 1 for band in bands)
    size = grid.height * grid.width * per_pixel
    if size > limits.request_bytes:
        raise bad_request(
            f"Total request size ({size} bytes) must be less than or equal to {limits.request_bytes} bytes."
        )


def _inward(low: float, high: float) -> tuple[int, int]:
    """Return first and last-but-one pixel of an interval; at least one pixel."""
    first = math.floor(low + _EDGE_TOLERANCE)
    last = math.ceil(high - _EDGE_TOLERANCE)
    return first, max(last, first + 1)
