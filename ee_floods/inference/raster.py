"""The flood product in memory: three bands on a grid, and what they say about themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ee_floods.contracts.product import BAND_NAMES, Exclusion, FloodClass, ProductProperties
from ee_floods.errors import GridMismatchError, InputError
from ee_floods.grid import Grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["NO_DATA", "RADAR_BITS", "FloodRaster"]

NO_DATA = int(FloodClass.NO_DATA)
"""255, in the bands `flood` and `water_probability`."""

RADAR_BITS = Exclusion.SHADOW_OR_LAYOVER | Exclusion.INCIDENCE_OUT_OF_RANGE
"""Exclusions that speak of the radar's look. Without radar (`NO_RADAR`) there is no look, so these are 0
there, and `exclusion` can never be 255: a GeoTIFF has one nodata value for all its bands, which is 255."""


@dataclass(frozen=True)
class FloodRaster:
    """A flood product.

    Args:
        grid: The grid of every band.
        flood: uint8 `(H, W)` of `FloodClass`.
        water_probability: uint8 `(H, W)` in %, 255 where there is none.
        exclusion: uint8 `(H, W)`, bits of `Exclusion`.
        properties: What the product says about itself.

    Raises:
        GridMismatchError: If a band does not have the grid's shape.
        InputError: If a band is not uint8 or holds a value that it cannot.
    """

    grid: Grid
    flood: NDArray[np.uint8]
    water_probability: NDArray[np.uint8]
    exclusion: NDArray[np.uint8]
    properties: ProductProperties

    def __post_init__(self) -> None:
        for name, band in self.bands.items():
            if band.shape != self.grid.shape:
                raise GridMismatchError(f"`{name}` is {band.shape}, its grid {self.grid.shape}.")
            if band.dtype != np.uint8:
                raise InputError(f"`{name}` must be uint8, received {band.dtype}.")
        known = np.array([int(value) for value in FloodClass])
        _refuse("flood", np.setdiff1d(np.unique(self.flood), known), "the values of `FloodClass`")
        values = np.unique(self.water_probability)
        _refuse("water_probability", values[(values > 100) & (values != NO_DATA)], "0..100 % and 255")
        if bool((self.exclusion == NO_DATA).any()):
            raise InputError(
                "`exclusion` holds 255, which is the file's nodata value.",
                remedy="Clear `RADAR_BITS` where NO_RADAR is set: without radar they say nothing.",
            )

    @property
    def bands(self) -> dict[str, NDArray[np.uint8]]:
        """The three bands by name, in the product's order."""
        return dict(zip(BAND_NAMES, (self.flood, self.water_probability, self.exclusion), strict=True))


def _refuse(name: str, wrong: NDArray[np.generic], allowed: str) -> None:
    if wrong.size:
        shown = ", ".join(str(value) for value in wrong[:5].tolist())
        raise InputError(f"`{name}` holds {shown}; allowed are {allowed}.")
