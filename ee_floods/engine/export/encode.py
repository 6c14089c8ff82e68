"""Pixels as bytes: NumPy files, GeoTIFFs and pictures, masked pixels as the service writes them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.array_pixels import is_packed
from ee_floods.engine.errors import bad_request
from ee_floods.engine.records import Raster
from ee_floods.grid import Grid

__all__ = ["GEOTIFF_TYPES", "NODATA", "geotiff", "npy", "picture", "zipped"]

NODATA: dict[str, float] = {
    "uint8": 0,
    "uint16": 0,
    "uint32": 0,
    "int8": -(2**7),
    "int16": -(2**15),
    "int32": -(2**31),
    "float32": float("-inf"),
    "float64": float("-inf"),
}
"""What downloaded GeoTIFFs hold where they are masked (geedim 2.0 records the service's values)."""

GEOTIFF_TYPES = {
    "uint8": "Byte",
    "int8": "Int8",
    "uint16": "UInt16",
    "int16": "Int16",
    "uint32": "UInt32",
    "int32": "Int32",
    "float32": "Float32",
    "float64": "Float64",
}
"""GDAL's names, which the service uses in messages; 64-bit integers are written as Float64."""


def npy(names: Sequence[str], rasters: Sequence[Raster]) -> bytes:
    """Return a structured array `(H, W)` with one field per band; masked pixels are 0.

    The field of a band with array pixels has their shape, which must be the same everywhere.
    """
    dtype = np.dtype(
        [(name, cell.dtype, cell.shape[2:]) for name, cell in zip(names, _cells(names, rasters), strict=True)]
    )
    out = np.zeros(rasters[0].values.shape[:2], dtype)
    for name, raster, cell in zip(names, rasters, _cells(names, rasters), strict=True):
        valid = raster.mask > 0
        out[name][valid] = cell[valid]
    stream = io.BytesIO()
    np.save(stream, out)
    return stream.getvalue()


def geotiff(grid: Grid, names: Sequence[str], rasters: Sequence[Raster], tags: Mapping[str, str]) -> bytes:
    """Return a GeoTIFF of all bands in one type, `NODATA` where they are masked."""
    from affine import Affine
    from rasterio.io import MemoryFile

    _check_scalar(names, rasters)
    common = np.result_type(*(raster.values.dtype for raster in rasters))
    dtype = np.dtype(np.float64) if common.name not in GEOTIFF_TYPES else common
    nodata = NODATA[dtype.name]
    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff",
            height=grid.height,
            width=grid.width,
            count=len(rasters),
            dtype=dtype,
            crs=grid.crs,
            transform=Affine(*grid.transform),
            nodata=nodata,
            compress="deflate",
            tiled=grid.width >= 256 and grid.height >= 256,
            blockxsize=256,
            blockysize=256,
        ) as dataset:
            for number, (name, raster) in enumerate(zip(names, rasters, strict=True), 1):
                filled = np.where(raster.mask > 0, raster.values, np.array(nodata, dtype))
                dataset.write(filled.astype(dtype), number)
                dataset.set_band_description(number, name)
            dataset.update_tags(**tags)
        return bytes(memory.read())


def _cells(names: Sequence[str], rasters: Sequence[Raster]) -> list[NDArray[Any]]:
    """Return the values of each band; of array pixels only if they share one shape."""
    for name, raster in zip(names, rasters, strict=True):
        if is_packed(raster.values):
            raise bad_request(
                f"Band '{name}': array pixels must have the same shape everywhere to be encoded."
            )
    return [raster.values for raster in rasters]


def _check_scalar(names: Sequence[str], rasters: Sequence[Raster]) -> None:
    for name, raster in zip(names, rasters, strict=True):
        if raster.values.ndim > 2 or is_packed(raster.values):
            raise bad_request(f"Band '{name}' has array pixels, which only NPY can hold.")


def zipped(files: Iterable[tuple[str, bytes]]) -> bytes:
    """Return a ZIP file of named files, which are compressed already."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, payload in files:
            archive.writestr(name, payload)
    return stream.getvalue()


def picture(rasters: Sequence[Raster], file_format: str) -> tuple[bytes, str]:
    """Return a picture and its MIME type.

    Args:
        rasters: One (grey) or three (red, green, blue) bands of bytes.
        file_format: PNG, JPEG, or AUTO_JPEG_PNG: JPEG if no pixel is masked.
    """
    if len(rasters) not in (1, 3):
        raise bad_request(
            f"Must have 1 or 3 bands to encode as a picture; the image has {len(rasters)} bands."
        )
    # Fractional masks are alpha; a band that is masked hides the pixel.
    mask = np.minimum.reduce([np.clip(raster.mask, 0, 1) for raster in rasters])
    alpha = np.rint(mask * 255).astype(np.uint8)
    layers = [np.where(alpha > 0, raster.values, 0).astype(np.uint8) for raster in rasters]
    opaque = bool((alpha == 255).all())
    if file_format == "JPEG" or (file_format == "AUTO_JPEG_PNG" and opaque):
        return _encode(np.stack(layers), "JPEG"), "image/jpeg"
    return _encode(np.stack([*layers, alpha]), "PNG"), "image/png"


def _encode(layers: NDArray[np.uint8], driver: str) -> bytes:
    import warnings

    from rasterio.errors import NotGeoreferencedWarning
    from rasterio.io import MemoryFile

    count, height, width = layers.shape
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # a picture has no place
        with MemoryFile() as memory:
            with memory.open(
                driver=driver, height=height, width=width, count=count, dtype="uint8"
            ) as dataset:
                dataset.write(layers)
            return bytes(memory.read())
