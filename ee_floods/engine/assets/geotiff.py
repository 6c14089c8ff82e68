"""Reading a GeoTIFF or COG as a stored image: bands, masks, pyramid levels, the simulated mark."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.assets.pyramid import coarser
from ee_floods.engine.errors import bad_request
from ee_floods.engine.records import BandRecord, Raster
from ee_floods.engine.values.image import opaque
from ee_floods.grid import Grid, Window

__all__ = ["SUFFIXES", "GeoTiff", "GeoTiffInfo", "inspect", "is_simulated"]

SUFFIXES = (".tif", ".tiff")
"""How the names of GeoTIFFs end."""

_DRIVER = "GTiff"
"""The one format that is read: others (VRT above all) name further files and addresses, to be opened too."""

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

    def records(self, info: GeoTiffInfo | None = None) -> tuple[BandRecord, ...]:
        """Return the band records of the file, whose header may be known already."""
        info = inspect(self.path) if info is None else info
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


@functools.lru_cache(maxsize=1024)
def _inspect(path: Path, changed: int) -> GeoTiffInfo:
    import rasterio
    from rasterio.errors import RasterioIOError

    try:
        with rasterio.open(path, driver=_DRIVER) as dataset:
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

    options = {} if overview < 0 else {"OVERVIEW_LEVEL": overview}
    return rasterio.open(path, driver=_DRIVER, **options)


def _read(path: Path, numbers: Sequence[int], overview: int, window: Window) -> list[Raster]:
    from rasterio.windows import Window as FileWindow

    dataset = _open(path, path.stat().st_mtime_ns, overview)
    top, left = max(window.row, 0), max(window.col, 0)
    bottom, right = (
        min(window.row + window.height, dataset.height),
        min(window.col + window.width, dataset.width),
    )
    shape = (window.height, window.width)
    if bottom <= top or right <= left:
        return [Raster(np.zeros(shape, dataset.dtypes[n - 1]), np.zeros(shape, np.float32)) for n in numbers]
    inner = FileWindow(left, top, right - left, bottom - top)
    place = (slice(top - window.row, bottom - window.row), slice(left - window.col, right - window.col))
    rasters = []
    for number, read in zip(numbers, _values(dataset, numbers, inner), strict=True):
        valid = _valid(dataset, number, inner, read)
        if np.issubdtype(read.dtype, np.floating):
            finite = ~np.isnan(read)
            valid = finite if valid is None else valid & finite
            if not valid.all():
                read = np.where(valid, read, 0).astype(read.dtype)
        whole = valid is None or bool(valid.all())
        if read.shape == shape:
            mask = opaque(shape) if whole or valid is None else valid.astype(np.float32)
            rasters.append(Raster(read, mask))
            continue
        values, mask = np.zeros(shape, read.dtype), np.zeros(shape, np.float32)
        values[place], mask[place] = read, 1 if valid is None else valid
        rasters.append(Raster(values, mask))
    return rasters


def _values(dataset: Any, numbers: Sequence[int], window: Any) -> Sequence[NDArray[Any]]:
    """Return the values of bands, read together where they have one type: they often share blocks."""
    if len({dataset.dtypes[number - 1] for number in numbers}) == 1:
        found: NDArray[Any] = dataset.read(list(numbers), window=window)
        return list(found)
    return [dataset.read(number, window=window) for number in numbers]


def _valid(dataset: Any, number: int, window: Any, read: NDArray[Any]) -> NDArray[np.bool_] | None:
    """Return where a band has data, None for everywhere; read again only where its values do not say it."""
    from rasterio.enums import MaskFlags

    flags, nodata = dataset.mask_flag_enums[number - 1], dataset.nodatavals[number - 1]
    if flags == [MaskFlags.all_valid]:
        return None
    if flags == [MaskFlags.nodata] and nodata is not None:
        if np.isnan(nodata) and read.dtype.kind == "f":
            return np.asarray(~np.isnan(read))
        if read.dtype.kind in "iu" and read.dtype.itemsize < 8:  # GDAL compares floats with a tolerance
            info = np.iinfo(read.dtype)
            if not info.min <= nodata <= info.max or nodata != int(nodata):
                return None
            return np.asarray(read != read.dtype.type(int(nodata)))
    return np.asarray(dataset.read_masks(number, window=window) > 0)
