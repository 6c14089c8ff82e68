"""One band of any raster file brought onto a grid: reference water, terrain."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.warp import reproject

from ee_floods.errors import CorruptFileError, InputError
from ee_floods.grid import Grid

__all__ = ["read_layer"]


def read_layer(
    path: Path, grid: Grid, *, resampling: Literal["nearest", "bilinear"] = "nearest"
) -> NDArray[np.float32]:
    """Return the first band of a raster on a grid.

    Args:
        path: A raster with a CRS.
        grid: Where the values are wanted.
        resampling: `nearest` for shares and codes, `bilinear` for heights.

    Returns:
        float32 `(H, W)`, NaN where the file has nodata or does not reach.

    Raises:
        InputError: If there is no file, it has no CRS, or it does not touch the grid.
        CorruptFileError: If it cannot be read.
    """
    if not path.is_file():
        raise InputError(f"There is no file {path}.", remedy="Give the path of a raster.")
    out = np.full(grid.shape, np.nan, np.float32)
    try:
        with rasterio.open(path) as source:
            if source.crs is None:
                raise InputError(f"{path} has no CRS.", remedy="Assign one with `rio edit-info --crs`.")
            reproject(
                rasterio.band(source, 1),
                out,
                src_nodata=source.nodata,
                dst_crs=grid.crs,
                dst_transform=Affine(*grid.transform),
                dst_nodata=np.nan,
                resampling=Resampling[resampling],
            )
    except RasterioError as error:
        raise CorruptFileError(f"{path} cannot be read ({error}).", remedy="Copy it again.") from error
    if not np.isfinite(out).any():
        raise InputError(f"{path} does not reach the scene.", remedy="Give a layer that covers it.")
    return out
