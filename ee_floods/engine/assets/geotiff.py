"""Reading a GeoTIFF or COG as a stored image: bands, masks, pyramid levels, the simulated mark."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ee_floods.engine.assets.pyramid import coarser
from ee_floods.engine.errors import bad_request
from ee_floods.engine.records import BandRecord, Raster
from ee_floods.grid import Grid, Window

__all__ = ["GeoTiff", "GeoTiffInfo", "inspect", "is_simulated"]

_OPEN_FILES = 64  # kept open per process; opening a COG costs about a millisecond


@dataclass(frozen=True)
class GeoTiffInfo:
    """What a file's header says.

    Args:
        grid: Its grid.
        names: Band names from the descriptions; `b1`, `b2`, ... where there is none.
        dtypes: NumPy names.
        overviews: Powers of two of the overviews that every band has, each of ceil(size / 2**k) pixels.
        simulated: Whether its tags say that it was invented.
        has_crs: Whether it is georeferenced.
        tags: Dataset tags.
    """

    grid: Grid
    names: tuple[str, ...]
    dtypes: tuple[str, ...]
    overviews: tuple[int, ...]
    simulated: bool
    has_crs: bool
    tags: Mapping[str, str]


@dataclass(frozen=True)
class GeoTiff:
    """Reads one file; a `RasterSource`.

    A level is read from the file's own overview of that factor where there is one, else made from the nearest
    finer level by the band's policy.

    Args:
        path: The file.
        bands: Names, in the file's order.
        policies: Pyramiding policy of each band.
    """

    path: Path
    bands: tuple[str, ...]
    policies: tuple[str, ...]

    def read(self, bands: Sequence[str], level: int, window: Window) -> list[Raster]:
        """Return one raster per band; see `RasterSource`."""
        info = inspect(self.path)
        stored = max((power for power in (0, *info.overviews) if power <= level), default=0)
        factor = 2 ** (level - stored)
        fine = Window(window.row * factor, window.col * factor, window.height * factor, window.width * factor)
        numbers = [self.bands.index(name) + 1 for name in bands]
        overview = info.overviews.index(stored) if stored else -1
        rasters = _read(self.path, numbers, overview, fine)
        if factor == 1:
            return rasters
        out = []
        for name, raster in zip(bands, rasters, strict=True):
            values, valid = raster.values, raster.mask > 0
            for _ in range(level - stored):
                values, valid = coarser(values, valid, self.policies[self.bands.index(name)])
            out.append(Raster(values, valid.astype(np.float32)))
        return out

    def records(self) -> tuple[BandRecord, ...]:
        """Return the band records of the file."""
        info = inspect(self.path)
        return tuple(
            BandRecord(name, dtype, info.grid, policy)
            for name, dtype, policy in zip(self.bands, info.dtypes, self.policies, strict=True)
        )


def inspect(path: Path) -> GeoTiffInfo:
    """Return what a file's header says; kept until the file changes.

    Raises:
        EngineError: If it is not a raster.
    """
    return _inspect(path, path.stat().st_mtime_ns)


@functools.lru_cache(maxsize=4096)
def _inspect(path: Path, changed: int) -> GeoTiffInfo:
    import rasterio
    from rasterio.errors import RasterioIOError

    try:
        with rasterio.open(path) as dataset:
            a, b, c, d, e, f = tuple(dataset.transform)[:6]
            epsg = dataset.crs.to_epsg() if dataset.crs else None
            crs = f"EPSG:{epsg}" if epsg else (dataset.crs.to_wkt() if dataset.crs else "EPSG:4326")
            names = tuple(
                description or f"b{number}" for number, description in enumerate(dataset.descriptions, 1)
            )
            tags = {**dataset.tags(), **{k: v for i in dataset.indexes for k, v in dataset.tags(i).items()}}
            return GeoTiffInfo(
                Grid(crs, (a, b, c, d, e, f), (dataset.height, dataset.width)),
                names,
                tuple(dataset.dtypes),
                _overviews(dataset),
                is_simulated(tags),
                dataset.crs is not None,
                tags,
            )
    except RasterioIOError as error:
        raise bad_request(f"The file '{path.name}' is not a raster that can be read.") from error


def _overviews(dataset: Any) -> tuple[int, ...]:
    """Return k for each leading overview of factor 2**k; GDAL counts them from the finest."""
    factors = dataset.overviews(1)
    powers = []
    for factor in factors:
        power = int(factor).bit_length() - 1
        if 2**power != factor or any(factor not in dataset.overviews(i) for i in dataset.indexes):
            break
        powers.append(power)
    return tuple(powers)


def is_simulated(tags: Mapping[str, Any]) -> bool:
    """Whether tags or properties carry the mark: the word SIMULATED, or `simulated` with a true value."""
    for key, value in tags.items():
        text = str(value)
        if key.lower() == "simulated" and text.lower() not in ("", "0", "false", "no", "none"):
            return True
        if "SIMULATED" in text:
            return True
    return False


@functools.lru_cache(maxsize=_OPEN_FILES)
def _open(path: Path, changed: int, overview: int) -> Any:
    import rasterio

    return rasterio.open(path) if overview < 0 else rasterio.open(path, OVERVIEW_LEVEL=overview)


def _read(path: Path, numbers: Sequence[int], overview: int, window: Window) -> list[Raster]:
    from rasterio.windows import Window as FileWindow

    dataset = _open(path, path.stat().st_mtime_ns, overview)
    top, left = max(window.row, 0), max(window.col, 0)
    bottom, right = (
        min(window.row + window.height, dataset.height),
        min(window.col + window.width, dataset.width),
    )
    shape = (window.height, window.width)
    rasters = []
    for number in numbers:
        values = np.zeros(shape, dataset.dtypes[number - 1])
        mask = np.zeros(shape, np.float32)
        if bottom > top and right > left:
            inner = FileWindow(left, top, right - left, bottom - top)
            place = (
                slice(top - window.row, bottom - window.row),
                slice(left - window.col, right - window.col),
            )
            read = dataset.read(number, window=inner)
            valid = dataset.read_masks(number, window=inner) > 0
            if np.issubdtype(read.dtype, np.floating):
                valid &= ~np.isnan(read)
                read = np.where(valid, read, 0).astype(read.dtype)
            values[place], mask[place] = read, valid
        rasters.append(Raster(values, mask))
    return rasters
