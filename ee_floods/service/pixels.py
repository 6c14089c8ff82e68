"""Pixels read directly: one grid cut into requests that the service answers, and put together again."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from ee_floods.contracts.chip import observed
from ee_floods.errors import InputError
from ee_floods.grid import Grid, Window
from ee_floods.service.faults import RequestTooLargeError
from ee_floods.service.fill import filled
from ee_floods.service.retry import PATIENT, Backoff, retry

if TYPE_CHECKING:
    import ee
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["REQUEST_BYTES", "assemble", "compute_observed", "compute_pixels", "request_windows"]

REQUEST_BYTES = 48 * 2**20
"""Limit of one computePixels request (https://developers.google.com/earth-engine/guides/usage)."""
BYTES_PER_VALUE = 5
"""What the service counts for a float32 value: four bytes and one of mask (google/Xee pull request 211)."""
MAX_SIDE = 32_768
"""Pixels along a side of one request (the service's "Pixel grid dimensions")."""
MAX_BANDS = 1_024
"""Bands of one request."""
SMALLEST_SIDE = 64
"""Below this a request is not split further: a graph too heavy for 64 x 64 pixels needs a batch export."""
CONCURRENCY = 8
"""Requests in flight; a project has 40, which other processes and map tiles share."""

Read = Callable[[Grid], "NDArray[np.void]"]
_log = logging.getLogger(__name__)


def compute_pixels(
    image: ee.Image,
    grid: Grid,
    bands: Sequence[str],
    *,
    concurrency: int = CONCURRENCY,
    backoff: Backoff = PATIENT,
) -> dict[str, NDArray[np.float32]]:
    """Return the pixels of an image on a grid, as float32 arrays `(H, W)` by band.

    A masked pixel arrives as 0, so unmask the image with a fill first.

    Args:
        image: The image; it is cast to float, because mixed types differ in the last bit.
        grid: Where to compute it.
        bands: Bands to read, in order.
        concurrency: Requests in flight.
        backoff: How to try again what may pass.

    Raises:
        RequestTooLargeError: If even the smallest request is too much for the service.
        ServiceError: If the service refuses.
    """
    selected = image.select(list(bands)).toFloat()

    def read(part: Grid) -> NDArray[np.void]:
        return retry(
            lambda: _request(selected, part),
            doing=f"reading {part.width} x {part.height} pixels",
            backoff=backoff,
        )

    return assemble(read, grid, bands, concurrency=concurrency)


def compute_observed(
    image: ee.Image, grid: Grid, bands: Sequence[str], *, concurrency: int = CONCURRENCY
) -> dict[str, NDArray[np.float32]]:
    """Return the pixels of an image as float32 arrays `(H, W)` by band, NaN where it is masked.

    See `compute_pixels`; the image is unmasked with the contracts' fill, past its footprint too.
    """
    arrays = compute_pixels(filled(image, bands), grid, bands, concurrency=concurrency)
    return {band: observed(values) for band, values in arrays.items()}


def request_windows(shape: tuple[int, int], bands: int, *, limit: int = REQUEST_BYTES) -> list[Window]:
    """Return windows that cover a grid without overlap, each small enough for one request.

    Args:
        shape: `(height, width)` of the grid in pixels.
        bands: Bands in one request.
        limit: Bytes of one request.

    Raises:
        InputError: If there are no bands, or more than one request may have.
    """
    if not 1 <= bands <= MAX_BANDS:
        raise InputError(f"`bands` must be between 1 and {MAX_BANDS}, received {bands}.")
    height, width = shape
    pixels = max(1, limit // (bands * BYTES_PER_VALUE))
    side = max(1, math.isqrt(pixels))
    columns = min(width, MAX_SIDE, max(side, pixels // min(height, side)))
    rows = min(height, MAX_SIDE, max(1, pixels // columns))
    return [
        Window(row, col, min(rows, height - row), min(columns, width - col))
        for row in range(0, height, rows)
        for col in range(0, width, columns)
    ]


def assemble(
    read: Read, grid: Grid, bands: Sequence[str], *, concurrency: int, limit: int = REQUEST_BYTES
) -> dict[str, NDArray[np.float32]]:
    """Return arrays `(H, W)` by band, read in windows; a window that is too much is read in quarters.

    Args:
        read: Returns a structured array `(h, w)` with one field per band for a part of the grid.
        grid: The whole grid.
        bands: Bands, in order.
        concurrency: Windows read at once.
        limit: Bytes of one request.
    """
    import numpy as np

    arrays = {band: np.empty(grid.shape, np.float32) for band in bands}
    windows = request_windows(grid.shape, len(bands), limit=limit)
    with ThreadPoolExecutor(max_workers=max(1, min(concurrency, len(windows)))) as pool:
        for parts in pool.map(lambda window: list(_read_or_split(read, grid, window)), windows):
            for window, block in parts:
                for band in bands:
                    arrays[band][window.slices] = block[band]
    return arrays


def _read_or_split(read: Read, grid: Grid, window: Window) -> Iterator[tuple[Window, NDArray[np.void]]]:
    try:
        yield window, read(grid.crop(window))
        return
    except RequestTooLargeError as error:
        if max(window.height, window.width) <= SMALLEST_SIDE:
            raise
        _log.info("%s Reading %d x %d pixels in quarters.", error.message, window.width, window.height)
    for part in _quarters(window):
        yield from _read_or_split(read, grid, part)


def _quarters(window: Window) -> Iterator[Window]:
    rows = [(window.row, window.height)]
    if window.height > SMALLEST_SIDE:
        top = window.height // 2
        rows = [(window.row, top), (window.row + top, window.height - top)]
    columns = [(window.col, window.width)]
    if window.width > SMALLEST_SIDE:
        left = window.width // 2
        columns = [(window.col, left), (window.col + left, window.width - left)]
    for row, height in rows:
        for col, width in columns:
            yield Window(row, col, height, width)


def _request(image: ee.Image, grid: Grid) -> Any:
    import ee

    return ee.data.computePixels(
        {"expression": image, "fileFormat": "NUMPY_NDARRAY", "grid": grid.pixel_grid}
    )
