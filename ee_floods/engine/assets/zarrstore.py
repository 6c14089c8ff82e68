"""Reading a Zarr store as a stored image, or, where it has a time axis, as a collection of them.

A store is a folder `NAME.zarr` of variables with the axes y and x (or latitude and longitude), and perhaps
`band` and `time`. Each variable is a band, in order of name; with an axis `band`, each of its labels is one.
Chunks are read when pixels are asked for.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.assets.geotiff import GeoTiffInfo, is_simulated
from ee_floods.engine.assets.pyramid import coarser
from ee_floods.engine.errors import bad_request
from ee_floods.engine.records import BandRecord, Raster
from ee_floods.grid import Grid, Transform, Window

__all__ = ["SUFFIX", "ZarrImage", "inspect_store", "is_store", "steps"]

SUFFIX = ".zarr"
_METADATA = ("zarr.json", ".zmetadata", ".zgroup")  # of format 3, and of format 2 with and without a summary
_Y, _X = ("y", "lat", "latitude"), ("x", "lon", "longitude")
_CRS_NAMES = ("spatial_ref", "crs")
_CRS_ATTRIBUTES = ("crs_wkt", "spatial_ref", "crs")
_EVEN = 1e-3  # of a pixel: how far a coordinate may be off the regular grid


@dataclass(frozen=True)
class ZarrImage:
    """Reads one image of a store; a `RasterSource`.

    Args:
        path: The store.
        bands: Names, in the store's order.
        policies: Pyramiding policy of each band.
        step: Position on the time axis; None where there is none.
    """

    path: Path
    bands: tuple[str, ...]
    policies: tuple[str, ...]
    step: int | None = None

    def read(self, bands: Sequence[str], level: int, window: Window) -> list[Raster]:
        """Return one raster per band; see `RasterSource`."""
        factor = 2**level
        fine = Window(window.row * factor, window.col * factor, window.height * factor, window.width * factor)
        out = []
        for name in bands:
            place = self.bands.index(name)
            values, valid = self._values(place, fine)
            for _ in range(level):
                values, valid = coarser(values, valid, self.policies[place])
            out.append(Raster(values, valid.astype(np.float32)))
        return out

    def records(self, info: GeoTiffInfo) -> tuple[BandRecord, ...]:
        """Return the band records of the store."""
        return tuple(
            BandRecord(name, dtype, info.grid, policy)
            for name, dtype, policy in zip(self.bands, info.dtypes, self.policies, strict=True)
        )

    def _values(self, place: int, window: Window) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        array = _planes(_open(self.path, _stamp(self.path)))[place][1]
        y, x = _axes(array)
        height, width = array.sizes[y], array.sizes[x]
        top, left = max(window.row, 0), max(window.col, 0)
        bottom, right = min(window.row + window.height, height), min(window.col + window.width, width)
        kind = _dtype(array)
        values = np.zeros((window.height, window.width), kind)
        valid = np.zeros(values.shape, bool)
        if bottom <= top or right <= left:
            return values, valid
        cut: dict[str, Any] = {y: slice(top, bottom), x: slice(left, right)}
        if self.step is not None and "time" in array.dims:
            cut["time"] = self.step
        read = array.isel(cut).transpose(y, x).values
        shown = np.ones(read.shape, bool) if read.dtype.kind != "f" else ~np.isnan(read)
        for key in ("_FillValue", "missing_value"):
            if key in array.attrs:
                shown &= ~np.isin(read, array.attrs[key])
        if _is_packed(array):
            read = read * float(array.attrs.get("scale_factor", 1)) + float(array.attrs.get("add_offset", 0))
        inner = slice(top - window.row, bottom - window.row), slice(left - window.col, right - window.col)
        values[inner] = np.where(shown, read, 0).astype(kind)
        valid[inner] = shown
        return values, valid


def is_store(path: Path) -> bool:
    """Whether a path is a Zarr store."""
    return path.suffix == SUFFIX and any((path / name).is_file() for name in _METADATA)


def inspect_store(path: Path) -> GeoTiffInfo:
    """Return what a store says of the grid and the bands of its images; kept until it changes.

    Raises:
        EngineError: If it holds no raster, or not on one regular grid with a CRS.
    """
    return _inspect(path, _stamp(path))


def steps(path: Path) -> list[tuple[str, int]]:
    """Return name and time (ms since 1970) of each image of a store; empty where it has no axis `time`."""
    data = _open(path, _stamp(path))
    if not any("time" in array.dims for _, array in _planes(data)):
        return []
    if data["time"].dtype.kind != "M":
        raise _unreadable(path, "its axis 'time' holds no times")
    times = data["time"].values.astype("datetime64[ms]")
    whole_days = bool((times == times.astype("datetime64[D]")).all())
    texts = np.datetime_as_string(times, unit="D" if whole_days else "s")
    names = [str(text).replace("-", "").replace(":", "") for text in texts]
    if len(set(names)) != len(names):
        raise _unreadable(path, "two of its times are the same")
    return list(zip(names, times.astype(np.int64).tolist(), strict=True))


@functools.lru_cache(maxsize=256)
def _inspect(path: Path, changed: int) -> GeoTiffInfo:
    data = _open(path, changed)
    planes = _planes(data)
    if not planes:
        raise _unreadable(path, "no variable of it has the axes y and x")
    axes = {(*_axes(array), *(array.sizes[name] for name in _axes(array))) for _, array in planes}
    if len(axes) > 1:
        raise _unreadable(path, "its variables are not on one grid")
    ((y, x, height, width),) = axes
    crs, transform = _georeference(path, data, y, x)
    tags = {str(key): str(value) for key, value in data.attrs.items()}
    names = tuple(name for name, _ in planes)
    dtypes = tuple(np.dtype(_dtype(array)).name for _, array in planes)
    return GeoTiffInfo(
        Grid(crs, transform, (height, width)), names, dtypes, (), is_simulated(tags), True, tags
    )


@functools.lru_cache(maxsize=64)
def _open(path: Path, changed: int) -> Any:
    import xarray

    try:
        return xarray.open_zarr(
            path, consolidated=False, chunks=None, mask_and_scale=False, decode_coords=False
        )
    except (ValueError, KeyError, OSError) as error:
        raise _unreadable(path, str(error)) from error


def _stamp(path: Path) -> int:
    return max((path / name).stat().st_mtime_ns for name in _METADATA if (path / name).is_file())


def _axes(array: Any) -> tuple[str, str]:
    y = next((str(name) for name in array.dims if name in _Y), "")
    return y, next((str(name) for name in array.dims if name in _X), "")


def _planes(data: Any) -> list[tuple[str, Any]]:
    """Return the bands of a store: name and array of y, x and perhaps time.

    They are in order of name: folders, which stores are made of, keep no order.
    """
    arrays = {
        str(name): array
        for name, array in sorted(data.data_vars.items())
        if all(_axes(array)) and set(array.dims) <= {*_Y, *_X, "band", "time"}
    }
    out: list[tuple[str, Any]] = []
    for name, array in arrays.items():
        if "band" not in array.dims:
            out.append((name, array))
            continue
        labels = array["band"].values
        texts = [str(label) if labels.dtype.kind in "UOT" else f"b{label}" for label in labels]
        prefix = "" if len(arrays) == 1 else f"{name}_"
        out += [(f"{prefix}{text}", array.isel(band=place)) for place, text in enumerate(texts)]
    return out


def _is_packed(array: Any) -> bool:
    return "scale_factor" in array.attrs or "add_offset" in array.attrs


def _dtype(array: Any) -> Any:
    """Return the type of a band: the stored one, or a float for numbers packed with a scale."""
    if _is_packed(array):
        return np.float32 if array.dtype.itemsize <= 2 else np.float64
    return np.uint8 if array.dtype.kind == "b" else array.dtype.newbyteorder("=")


def _georeference(path: Path, data: Any, y: str, x: str) -> tuple[str, Transform]:
    holders = [data[name].attrs for name in _CRS_NAMES if name in data.variables]
    texts = [attrs[key] for attrs in (*holders, data.attrs) for key in _CRS_ATTRIBUTES if attrs.get(key)]
    if not texts and y not in ("lat", "latitude"):
        raise _unreadable(path, "it names no CRS (a variable 'spatial_ref' with 'crs_wkt')")
    crs = _crs(str(texts[0])) if texts else "EPSG:4326"
    written = next((attrs["GeoTransform"] for attrs in holders if attrs.get("GeoTransform")), None)
    if written is not None:
        c, a, b, f, d, e = (float(part) for part in str(written).split())
        return crs, (a, b, c, d, e, f)
    if y not in data.coords or x not in data.coords:
        raise _unreadable(path, "it has neither coordinates nor a 'GeoTransform'")
    (left, width), (top, height) = _regular(path, data[x].values), _regular(path, data[y].values)
    return crs, (width, 0.0, left, 0.0, height, top)


def _regular(path: Path, centres: NDArray[Any]) -> tuple[float, float]:
    """Return the edge before the first of evenly spaced pixel centres, and the step between them."""
    centres = centres.astype(np.float64)
    if centres.size < 2:
        raise _unreadable(path, "one coordinate says no pixel size")
    step = float((centres[-1] - centres[0]) / (centres.size - 1))
    even = centres[0] + step * np.arange(centres.size)
    if step == 0 or np.abs(centres - even).max() > _EVEN * abs(step):
        raise _unreadable(path, "its coordinates are not evenly spaced")
    return float(centres[0]) - step / 2, step


def _crs(text: str) -> str:
    import rasterio
    from rasterio.errors import CRSError

    try:
        crs = rasterio.CRS.from_user_input(text)
    except CRSError as error:
        raise bad_request(f"The CRS '{text[:80]}' is not known.") from error
    epsg = crs.to_epsg()
    return f"EPSG:{epsg}" if epsg else str(crs.to_wkt())


def _unreadable(path: Path, reason: str) -> Exception:
    return bad_request(f"The Zarr store '{path.name}' cannot be read: {reason}.")
