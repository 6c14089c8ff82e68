"""Tiles to ask for, and what NumPy and PROJ say that they show."""

from __future__ import annotations

import math
import random
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import mounted

__all__ = ["HIGH", "LOW", "Place", "check_export", "check_tile", "neighbours", "picture", "scattered"]

LOW, HIGH = 300.0, 3000.0
"""Reflectances x 10000 shown as black and white."""
_EARTH_M = 6378137.0  # radius of the sphere of EPSG:3857
_EDGE = 1e-3  # share of a pixel: centres nearer than this to an edge may fall on either side

Place = tuple[int, int, int]
"""Zoom, column and row of a tile."""


def scattered(box: tuple[float, ...], zooms: Sequence[int], count: int, seed: int = 1) -> list[Place]:
    """Return different tiles inside a box in degrees, zoom, column, row."""
    west, south, east, north = box
    draw = random.Random(seed)
    found: dict[Place, None] = {}
    while len(found) < count:
        zoom = zooms[len(found) % len(zooms)]
        longitude, latitude = draw.uniform(west, east), draw.uniform(south, north)
        y = math.asinh(math.tan(math.radians(latitude))) / math.pi
        found[zoom, int((longitude + 180) / 360 * 2**zoom), int((1 - y) / 2 * 2**zoom)] = None
    return list(found)


def neighbours(longitude: float, latitude: float) -> list[Place]:
    """Return the tiles of zoom 14 that a map eight tiles wide asks for while it moves south."""
    zoom = 14
    y = math.asinh(math.tan(math.radians(latitude))) / math.pi
    col, row = int((longitude + 180) / 360 * 2**zoom), int((1 - y) / 2 * 2**zoom)
    return [(zoom, col + right, row + down) for down in range(9) for right in range(8)]


def check_tile(payload: bytes, place: Place) -> None:
    """Compare a picture with the formula, at pixel centres that PROJ itself projects."""
    import pyproj

    zoom, x, y = place
    side = 2 * math.pi * _EARTH_M / 2**zoom
    steps = (np.arange(256) + 0.5) / 256
    xs, ys = np.meshgrid((x + steps) * side - math.pi * _EARTH_M, math.pi * _EARTH_M - (y + steps) * side)
    east, north = pyproj.Transformer.from_crs("EPSG:3857", mounted.SCENE.crs, always_xy=True).transform(
        xs, ys
    )
    a, _, c, _, e, f = mounted.SCENE.transform
    cols, rows = (east - c) / a, (north - f) / e
    sure = np.minimum(np.abs(cols - np.rint(cols)), np.abs(rows - np.rint(rows))) > _EDGE
    shown = picture(payload)
    for band in range(3):
        values = mounted.truth(band, np.floor(rows), np.floor(cols)).astype(float)
        wanted = np.where(values > 0, np.round(np.clip((values - LOW) / (HIGH - LOW), 0, 1) * 255), 0)
        wrong = (shown[band] != wanted) & sure
        if wrong.any() or sure.mean() < 0.99:
            raise SystemExit(f"Tile {place}: {wrong.sum()} pixels of band {band} differ from NumPy.")


def picture(payload: bytes) -> NDArray[np.uint8]:
    """Return the bands of a PNG or JPEG."""
    from rasterio.errors import NotGeoreferencedWarning
    from rasterio.io import MemoryFile

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # a picture has no place
        with MemoryFile(payload) as memory, memory.open() as dataset:
            found: NDArray[np.uint8] = dataset.read()
    return found


def check_export(path: Path) -> None:
    """Compare every pixel of the exported granule's first two bands."""
    import rasterio
    from rasterio.windows import Window as FileWindow

    with rasterio.open(path) as dataset:
        if (dataset.height, dataset.width) != mounted.SCENE.shape:
            raise SystemExit(f"The export has {dataset.height} x {dataset.width} pixels.")
        for row in range(0, dataset.height, 1024):
            height = min(1024, dataset.height - row)
            rows, cols = np.ogrid[row : row + height, : dataset.width]
            for band in range(2):
                found = dataset.read(band + 1, window=FileWindow(0, row, dataset.width, height))
                if not np.array_equal(found, mounted.truth(band, rows, cols)):
                    raise SystemExit(f"The export differs from NumPy in rows {row} to {row + height}.")
