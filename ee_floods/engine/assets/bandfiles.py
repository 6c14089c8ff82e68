"""Rasters of created assets: one tiled GeoTIFF per band and pyramid level, masked pixels in an internal mask.

A band is one file per level because GDAL's overviews know one resampling per file, while a band has its own
pyramiding policy, and because bands of one asset may differ in type and grid.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.assets.pyramid import coarser, halve, level_count
from ee_floods.engine.records import BandRecord, Raster
from ee_floods.grid import Grid, Window

__all__ = ["BandFiles", "band_from_dict", "band_to_dict", "write_band"]

_TILE = 256  # pixels; the service's own tile size


@dataclass(frozen=True)
class BandFiles:
    """Reads the bands of one created image; a `RasterSource`.

    Args:
        folder: The asset's folder.
        bands: Its bands, in the order in which they were written.
    """

    folder: Path
    bands: tuple[BandRecord, ...]

    def read(self, bands: Sequence[str], level: int, window: Window) -> list[Raster]:
        """Return one raster per band; see `RasterSource`."""
        index = {band.name: number for number, band in enumerate(self.bands)}
        return [self._read(index[name], level, window) for name in bands]

    def _read(self, number: int, level: int, window: Window) -> Raster:
        band = self.bands[number]
        stored = min(level, level_count(band.grid.height, band.grid.width) - 1)
        if stored == level:
            return read_window(_path(self.folder, number, level), window)
        # Coarser than the coarsest level on disk: few pixels, made on the way.
        factor = 2 ** (level - stored)
        fine = Window(window.row * factor, window.col * factor, window.height * factor, window.width * factor)
        raster = read_window(_path(self.folder, number, stored), fine)
        values, valid = raster.values, raster.mask > 0
        for _ in range(level - stored):
            values, valid = halve(values, valid, band.pyramid)
        return Raster(values, valid.astype(np.float32))


def read_window(path: Path, window: Window) -> Raster:
    """Read a window, which may reach outside the file, of a single-band GeoTIFF with its mask."""
    import rasterio
    from rasterio.windows import Window as FileWindow

    with rasterio.open(path) as dataset:
        values = np.zeros((window.height, window.width), dataset.dtypes[0])
        mask = np.zeros((window.height, window.width), np.float32)
        top, left = max(window.row, 0), max(window.col, 0)
        bottom = min(window.row + window.height, dataset.height)
        right = min(window.col + window.width, dataset.width)
        if bottom > top and right > left:
            inner = FileWindow(left, top, right - left, bottom - top)
            place = (
                slice(top - window.row, bottom - window.row),
                slice(left - window.col, right - window.col),
            )
            values[place] = dataset.read(1, window=inner)
            mask[place] = dataset.read_masks(1, window=inner) > 0
    return Raster(values, mask)


def write_band(
    folder: Path, number: int, band: BandRecord, values: NDArray[np.generic], valid: NDArray[np.bool_]
) -> int:
    """Write one band with all its pyramid levels; return the bytes on disk."""
    size = 0
    for level in range(level_count(*band.grid.shape)):
        if level:
            values, valid = coarser(values, valid, band.pyramid)
        path = _path(folder, number, level)
        _write(path, band.grid.scaled(2**level), values, valid)
        size += path.stat().st_size
    return size


def _write(path: Path, grid: Grid, values: NDArray[np.generic], valid: NDArray[np.bool_]) -> None:
    import rasterio
    from affine import Affine

    profile = {
        "driver": "GTiff",
        "height": values.shape[0],
        "width": values.shape[1],
        "count": 1,
        "dtype": values.dtype,
        "crs": grid.crs,
        "transform": Affine(*grid.transform),
        "tiled": True,
        "blockxsize": _TILE,
        "blockysize": _TILE,
        "compress": "deflate",
        "zlevel": 4,
        "bigtiff": "if_safer",
    }
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "w", **profile) as dataset:
        dataset.write(np.where(valid, values, 0).astype(values.dtype), 1)
        if not valid.all():
            dataset.write_mask(valid)
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def _path(folder: Path, number: int, level: int) -> Path:
    return folder / f"band{number:04d}-level{level:02d}.tif"


def band_to_dict(band: BandRecord) -> dict[str, Any]:
    """Return a JSON-able form of a band."""
    return {
        "name": band.name,
        "dtype": band.dtype,
        "crs": band.grid.crs,
        "transform": list(band.grid.transform),
        "shape": list(band.grid.shape),
        "pyramid": band.pyramid,
        "valid_range": None if band.valid_range is None else list(band.valid_range),
    }


def band_from_dict(document: dict[str, Any]) -> BandRecord:
    """Read the form of `band_to_dict`."""
    a, b, c, d, e, f = document["transform"]
    height, width = document["shape"]
    valid = document.get("valid_range")
    return BandRecord(
        document["name"],
        document["dtype"],
        Grid(document["crs"], (a, b, c, d, e, f), (height, width)),
        document["pyramid"],
        None if valid is None else (valid[0], valid[1]),
    )
