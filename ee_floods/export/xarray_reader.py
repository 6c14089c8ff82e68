"""The same grid as an `xarray.Dataset`, read by Xee: for notebooks and for a look from outside."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ee_floods.grid import Grid
from ee_floods.service.fill import solid
from ee_floods.session import provenance

if TYPE_CHECKING:
    import ee
    import xarray

__all__ = ["open_xarray"]

_PART = "part"
"""Name of the dimension that Xee needs, for the one image of the collection that it gets."""


def open_xarray(image: ee.Image, grid: Grid, bands: Sequence[str]) -> xarray.Dataset:
    """Return an image on a grid as a lazy dataset: float32 variables `(y, x)` by band, NaN where masked.

    Its attributes say what it was computed from, and SIMULATED if any of that was.

    Args:
        image: The image.
        grid: Where to compute it; the coordinates are the pixels' centres in its CRS.
        bands: Bands, in order.
    """
    import ee
    import xarray

    # Xee lists ids beside the dimension; an image that is computed has none, and the row would be dropped.
    part = solid(image, bands).set({_PART: 0, "system:id": _PART})
    collection = ee.ImageCollection([part])
    dataset = xarray.open_dataset(
        collection,
        engine="ee",
        crs=grid.crs,
        crs_transform=grid.transform,
        shape_2d=(grid.width, grid.height),
        primary_dim_name=_PART,
        primary_dim_property=_PART,
    )
    whole = dataset.isel({_PART: 0}, drop=True)
    origin = provenance(image)
    whole.attrs["provenance"] = json.dumps(origin.to_dict())
    if origin.simulated:
        whole.attrs["title"] = origin.mark
    return whole
