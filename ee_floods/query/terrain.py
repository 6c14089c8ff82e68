"""Terrain: height above nearest drainage, height, slope, land cover."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ee_floods.catalog.datasets import DATASETS
from ee_floods.methods.slope import slope_image

if TYPE_CHECKING:
    import ee

__all__ = ["hand_image", "height_image", "terrain_slope_image", "worldcover_image"]


def hand_image() -> ee.Image:
    """Return a graph with the float band `hand`: height above nearest drainage in m, of 90 m pixels."""
    import ee

    hand: ee.Image = ee.Image(DATASETS["merit_hydro"].id).select(["hnd"], ["hand"]).toFloat()
    return hand


def height_image(dataset: str = "glo30") -> ee.Image:
    """Return a graph with the float band `height` in m above EGM2008, in the projection of its tiles.

    Heights are interpolated between the 30 m pixels: a slope asked for at 10 m would else be that of steps.

    Args:
        dataset: `glo30` or, for projects that still use the older release, `glo30_2021`.
    """
    return _mosaic(DATASETS[dataset].id, "DEM", "height", smooth=True).toFloat()


def terrain_slope_image(dataset: str = "glo30") -> ee.Image:
    """Return a graph with the float band `slope` in degrees; arguments as in `height_image`."""
    return slope_image(height_image(dataset)).toFloat()


def worldcover_image() -> ee.Image:
    """Return a graph with the band `worldcover`: ESA's code of the land cover in 2021."""
    return _mosaic(DATASETS["worldcover"].id, "Map", "worldcover")


def _mosaic(collection: str, band: str, name: str, *, smooth: bool = False) -> ee.Image:
    import ee

    tiles = ee.ImageCollection(collection).select([band], [name])
    projection = tiles.first().projection()
    if smooth:
        # Before the mosaic, while each tile still has its own pixels to interpolate between.
        tiles = tiles.map(lambda tile: tile.resample("bilinear"))
    # A mosaic has lost its projection (1 degree): slope and sums would be of that grid.
    whole: ee.Image = tiles.mosaic().setDefaultProjection(projection)
    return whole
