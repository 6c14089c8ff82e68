"""An asset read back and compared with the file it was made from, grid and pixels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ee_floods.contracts.product import NODATA
from ee_floods.errors import TaskFailedError
from ee_floods.grid import Grid
from ee_floods.service.assets import get
from ee_floods.service.pixels import compute_pixels

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["check_readback", "stored_grid"]

_MASKED = -1
"""Stands for a masked pixel of a band that has no "no data" value: there must be none."""


def check_readback(asset_id: str, grid: Grid, bands: Mapping[str, NDArray[np.uint8]]) -> None:
    """Raise unless an asset has exactly a file's grid and pixels.

    Args:
        asset_id: The asset.
        grid: The file's grid.
        bands: The file's bands `(H, W)` by name; "no data" as in `contracts.product.NODATA`.

    Raises:
        TaskFailedError: If the grid, the bands or a pixel differ.
    """
    import ee

    asset = get(asset_id)
    if asset is None:
        raise TaskFailedError(f"The import of {asset_id} ended, and the asset is not there.")
    names = [str(band.get("id")) for band in asset.get("bands", ())]
    if names != list(bands):
        raise _differs(asset_id, f"its bands are {names}, and the file's {list(bands)}")
    for name, band in zip(names, asset["bands"], strict=True):
        there = stored_grid(band)
        if not there.same_as(grid):
            raise _differs(asset_id, f"band {name!r} is on {there}, and the file on {grid}")
    image = ee.Image(asset_id)
    whole = ee.Image.cat(
        [image.select(name).toInt16().unmask(_fill(name), sameFootprint=False) for name in bands]
    )
    for name, values in compute_pixels(whole, grid, list(bands)).items():
        count = int(np.count_nonzero(values != bands[name]))
        if count:
            raise _differs(asset_id, f"{count} of {values.size} pixels of {name!r} differ")


def stored_grid(band: Mapping[str, Any]) -> Grid:
    """Return the grid of a band as the service describes it (REST `ImageBand`)."""
    pixels: Mapping[str, Any] = band.get("grid", {})
    affine: Mapping[str, Any] = pixels.get("affineTransform", {})
    a, b, c, d, e, f = (
        float(affine.get(name, 0.0))
        for name in ("scaleX", "shearX", "translateX", "shearY", "scaleY", "translateY")
    )
    size: Mapping[str, Any] = pixels.get("dimensions", {})
    crs = str(pixels.get("crsCode") or pixels.get("crsWkt") or "")
    return Grid(crs, (a, b, c, d, e, f), (int(size.get("height", 0)), int(size.get("width", 0))))


def _fill(band: str) -> int:
    value = NODATA[band]
    return _MASKED if value is None else value


def _differs(asset_id: str, how: str) -> TaskFailedError:
    return TaskFailedError(
        f"{asset_id} does not read back as the file: {how}.",
        remedy="Remove the asset and publish again; report it if it stays.",
    )
