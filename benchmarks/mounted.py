"""Folders of GeoTIFFs as users mount them, every pixel of which NumPy can tell without the file."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.grid import Grid, Window

__all__ = [
    "COUNT", "SCENE", "SCENE_BANDS", "STACK", "STACK_BANDS", "centres_in", "series_truth", "small_scene",
    "stack_truth", "truth", "write_scene", "write_series", "write_stack",
]  # fmt: skip

SCENE = Grid("EPSG:32633", (10.0, 0.0, 499_980.0, 0.0, -10.0, 5_000_040.0), (10_980, 10_980))
"""The grid of a Sentinel-2 granule at 10 m, in tile 33T."""
SCENE_BANDS = ("B4", "B3", "B2")
STACK = Grid("EPSG:32633", (10.0, 0.0, 500_000.0, 0.0, -10.0, 5_000_000.0), (1024, 1024))
STACK_BANDS = tuple(f"b{number}" for number in range(1, 16))
COUNT = 10_000
"""Images of the mounted collection."""

_STRIP = 1024  # rows made at a time
_GAP = 200  # pixels of the upper left corner of a scene that hold no data
_DAY_MS = 86_400_000
_FIRST_MS = 1_577_836_800_000  # 2020-01-01


def _noise(seed: int, band: int, rows: NDArray[np.int64], cols: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Return 32 bits for each pixel, whatever window is asked for (a murmur3 finish of its place)."""
    mixed = rows.astype(np.uint32) * np.uint32(0x9E3779B1) + cols.astype(np.uint32) * np.uint32(0x85EBCA77)
    mixed = mixed + np.uint32((seed * 0xC2B2AE3D + band * 0x27D4EB2F) % 2**32)
    mixed ^= mixed >> np.uint32(16)
    mixed *= np.uint32(0x85EBCA6B)
    mixed ^= mixed >> np.uint32(13)
    mixed *= np.uint32(0xC2B2AE35)
    mixed ^= mixed >> np.uint32(16)
    return mixed


def truth(band: int, rows: NDArray[Any], cols: NDArray[Any], seed: int = 0) -> NDArray[np.uint16]:
    """Return the reflectances of a scene at pixels (arrays that broadcast); 0 where there are no data."""
    rows, cols = np.asarray(rows, np.int64), np.asarray(cols, np.int64)
    slow = 400 + (rows // 8 + 2 * (cols // 8)) % 2000  # fields and slopes, which compress
    values = (slow + _noise(seed, band, rows, cols) % 64 + 100 * band).astype(np.uint16)
    return np.where((rows < _GAP) & (cols < _GAP), np.uint16(0), values)


def write_scene(path: Path, grid: Grid = SCENE, seed: int = 0) -> Path:
    """Write a tiled, deflated scene with overviews, as `gdaladdo` leaves it; a file that is there is kept."""
    if path.exists():
        return path
    partial = path.with_suffix(".writing")
    with _created(partial, grid, SCENE_BANDS, "uint16", nodata=0, predictor=2) as dataset:
        for row in range(0, grid.height, _STRIP):
            window = Window(row, 0, min(_STRIP, grid.height - row), grid.width)
            rows, cols = np.ogrid[row : row + window.height, : grid.width]
            values = np.stack([truth(band, rows, cols, seed) for band in range(len(SCENE_BANDS))])
            dataset.write(values, window=_file_window(window))
    _overviews(partial, grid)
    return partial.replace(path)


def small_scene(folder: Path, number: int, side: int = 1024) -> Path:
    """Write a small scene of its own seed, for the soak."""
    return write_scene(folder / f"scene{number}.tif", Grid(SCENE.crs, SCENE.transform, (side, side)), number)


def stack_truth(band: int, window: Window) -> NDArray[np.float32]:
    """Return a band of the stack, dB-like numbers whose last bits are noise."""
    rows, cols = np.ogrid[window.row : window.row + window.height, window.col : window.col + window.width]
    noise = _noise(99, band, rows, cols).astype(np.float64) / 2**32
    return (-25 + 20 * noise + band / 7).astype(np.float32)


def write_stack(path: Path) -> Path:
    """Write fifteen bands of 32-bit floats."""
    if path.exists():
        return path
    partial = path.with_suffix(".writing")
    with _created(partial, STACK, STACK_BANDS, "float32", nodata=math.nan, predictor=3) as dataset:
        whole = Window(0, 0, *STACK.shape)
        for band in range(len(STACK_BANDS)):
            dataset.write(stack_truth(band, whole), band + 1)
    _overviews(partial, STACK)
    return partial.replace(path)


def centres_in(number: int) -> tuple[float, float, int, float]:
    """Return longitude, latitude, time (ms) and cloud share of an image of the series."""
    longitude = 10 + 20 * ((number * 7919) % COUNT) / COUNT
    latitude = 30 + 20 * ((number * 104_729) % COUNT) / COUNT
    return longitude, latitude, _FIRST_MS + (number % 1461) * _DAY_MS, float((number * 31) % 101)


def write_series(folder: Path) -> Path:
    """Write ten thousand images of 8 x 8 pixels with their properties beside them."""
    done = folder / "collection.json"
    if done.exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(COUNT):
        longitude, latitude, time_ms, cloud = centres_in(number)
        grid = Grid("EPSG:4326", (0.001, 0, longitude - 0.004, 0, -0.001, latitude + 0.004), (8, 8))
        name = f"image{number:05d}"
        with _created(folder / f"{name}.tif", grid, ("B1",), "int16", nodata=None, predictor=1) as dataset:
            dataset.write(np.full((1, 8, 8), number % 30_000, np.int16))
        properties = {"system:time_start": time_ms, "CLOUD": cloud, "NUMBER": number}
        (folder / f"{name}.json").write_text(json.dumps({"properties": properties}))
    done.write_text(json.dumps({"properties": {"images": COUNT}}))
    return folder


def series_truth(
    box: tuple[float, float, float, float], start_ms: int, end_ms: int
) -> tuple[int, float | None]:
    """Return how many images meet a box and a time, and the mean of their cloud."""
    west, south, east, north = box
    clouds = []
    for number in range(COUNT):
        x, y, time_ms, cloud = centres_in(number)
        meets = x + 0.004 >= west and x - 0.004 <= east and y + 0.004 >= south and y - 0.004 <= north
        if meets and start_ms <= time_ms < end_ms:
            clouds.append(cloud)
    return len(clouds), float(np.mean(clouds)) if clouds else None


def _created(
    path: Path, grid: Grid, names: tuple[str, ...], dtype: str, *, nodata: float | None, predictor: int
) -> Any:
    import rasterio
    from affine import Affine

    tiled = {"tiled": True, "blockxsize": 512, "blockysize": 512} if min(grid.shape) >= 512 else {}
    dataset = rasterio.open(
        path, "w", driver="GTiff", height=grid.height, width=grid.width, count=len(names), dtype=dtype,
        crs=grid.crs, transform=Affine(*grid.transform), nodata=nodata, compress="deflate", zlevel=1,
        predictor=predictor, num_threads="all_cpus", **tiled,
    )  # fmt: skip
    for number, name in enumerate(names, 1):
        dataset.set_band_description(number, name)
    return dataset


def _overviews(path: Path, grid: Grid) -> None:
    import rasterio
    from rasterio.enums import Resampling

    factors = [2**power for power in range(1, 12) if max(grid.shape) / 2 ** (power - 1) > 256]
    with (
        rasterio.Env(COMPRESS_OVERVIEW="DEFLATE", GDAL_NUM_THREADS="ALL_CPUS"),
        rasterio.open(path, "r+") as dataset,
    ):
        dataset.build_overviews(factors, Resampling.average)


def _file_window(window: Window) -> Any:
    from rasterio.windows import Window as FileWindow

    return FileWindow(window.col, window.row, window.width, window.height)
