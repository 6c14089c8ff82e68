"""Terrain: gradients of elevations over the four neighbours of each pixel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.bands import unique_names
from ee_floods.engine.neighbourhood import padded_band
from ee_floods.engine.reading import Reader
from ee_floods.engine.records import Raster
from ee_floods.engine.registry import algorithm, register
from ee_floods.engine.values.image import Band, Image
from ee_floods.engine.values.pixeltype import DOUBLE, PixelType
from ee_floods.engine.values.projection import METRES_PER_DEGREE, Projection, crs_of
from ee_floods.grid import Grid

Gradient = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float32]]


def pixel_metres(grid: Grid) -> tuple[NDArray[np.float64], float]:
    """Return the width (per row) and height of pixels in metres; in degrees, widths shrink with latitude."""
    width = float(np.hypot(grid.transform[0], grid.transform[3]))
    height = float(np.hypot(grid.transform[1], grid.transform[4]))
    if crs_of(grid.crs).is_geographic:
        latitudes = grid.transform[5] + grid.transform[4] * (np.arange(grid.height) + 0.5)
        widths = width * METRES_PER_DEGREE * np.cos(np.radians(latitudes))
        return np.maximum(widths, 1e-6)[:, None], height * METRES_PER_DEGREE
    unit = Projection(grid.crs).unit_metres
    return np.full((grid.height, 1), width * unit), height * unit


def _gradient(reader: Reader, band: Band, grid: Grid) -> Gradient:
    """Rise per metre towards east and north, masked where one of the four neighbours is."""
    padded = padded_band(reader, band, grid, 1)
    values = padded.raster.values.astype(np.float64)

    def at(row: int, col: int, array: NDArray[Any]) -> NDArray[Any]:
        return padded.shifted(array, row, col, slice(None))

    widths, height = pixel_metres(grid)
    sign_x = 1.0 if grid.transform[0] > 0 else -1.0
    sign_y = 1.0 if grid.transform[4] < 0 else -1.0
    east = sign_x * (at(0, 1, values) - at(0, -1, values)) / (2 * widths)
    north = sign_y * (at(-1, 0, values) - at(1, 0, values)) / (2 * height)
    mask = padded.inner.mask
    for row, col in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        mask = np.minimum(mask, at(row, col, padded.raster.mask))
    return east, north, mask


def _from_gradient(
    band: Band, name: str, type_: PixelType, function: Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]]
) -> Band:
    def compute(reader: Reader, grid: Grid) -> Raster:
        east, north, mask = _gradient(reader, band, grid)
        return Raster(type_.cast(function(east, north)), mask)

    return Band(name, type_, band.projection, compute, (band,), band.size)


def _slope(east: NDArray[Any], north: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(np.degrees(np.arctan(np.hypot(east, north))))


def _aspect(east: NDArray[Any], north: NDArray[Any]) -> NDArray[Any]:
    """Direction that the ground faces (downhill), degrees clockwise from north."""
    return np.asarray(np.degrees(np.arctan2(-east, -north)) % 360)


def _shade(azimuth: float, elevation: float) -> Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]]:
    """Light from an azimuth (degrees from north) and an elevation above the horizon, 0..255."""
    sun, height = np.radians(azimuth), np.radians(elevation)

    def shade(east: NDArray[Any], north: NDArray[Any]) -> NDArray[Any]:
        slope = np.arctan(np.hypot(east, north))
        facing = np.radians(_aspect(east, north))
        light = np.sin(height) * np.cos(slope) + np.cos(height) * np.sin(slope) * np.cos(sun - facing)
        return np.asarray(np.clip(light, 0, 1) * 255)

    return shade


def _elevation(image: Image) -> Band:
    """The only band, or the one that is named `elevation`."""
    return image.first() if len(image.bands) == 1 else image.band("elevation")


_FLOAT = PixelType("float")
_BYTE = PixelType("int", 0, 255)


@algorithm("Terrain.slope")
def slope(image: Image) -> Image:
    """Slope, degrees."""
    return image.with_bands([_from_gradient(_elevation(image), "slope", _FLOAT, _slope)])


@algorithm("Terrain.aspect")
def aspect(image: Image) -> Image:
    """Aspect, degrees from north."""
    return image.with_bands([_from_gradient(_elevation(image), "aspect", _FLOAT, _aspect)])


@algorithm("Terrain.hillshade")
def hillshade(image: Image, azimuth: float, elevation: float) -> Image:
    """Shaded relief, 0..255."""
    shade = _shade(azimuth, elevation)
    return image.with_bands([_from_gradient(_elevation(image), "hillshade", _BYTE, shade)])


def products(image: Image) -> Image:
    """The elevation and its slope, aspect and hillshade."""
    band = _elevation(image)
    made = (
        _from_gradient(band, "slope", _FLOAT, _slope), _from_gradient(band, "aspect", _FLOAT, _aspect),
        _from_gradient(band, "hillshade", _BYTE, _shade(270.0, 45.0)),
    )  # fmt: skip
    return image.with_bands(unique_names((*image.bands, *made)))


register("Terrain.products", products)
register("Terrain", products)


@algorithm("Image.gradient")
def gradient(image: Image) -> Image:
    """Rise per metre towards east and north, as `x` and `y`."""
    band = image.first()
    return image.with_bands([
        _from_gradient(band, "x", DOUBLE, lambda east, north: east),
        _from_gradient(band, "y", DOUBLE, lambda east, north: north),
    ])  # fmt: skip


@algorithm("Image.derivative")
def derivative(image: Image) -> Image:
    """Half the difference of the neighbours along columns and rows, per pixel, as `B_x` and `B_y`."""

    def one(band: Band, axis: int) -> Band:
        def compute(reader: Reader, grid: Grid) -> Raster:
            padded = padded_band(reader, band, grid, 1)
            step = (0, 1) if axis == 0 else (1, 0)
            values = padded.raster.values.astype(np.float64)
            after = padded.shifted(values, *step, slice(None))
            before = padded.shifted(values, -step[0], -step[1], slice(None))
            masks = [
                padded.shifted(padded.raster.mask, s * step[0], s * step[1], slice(None)) for s in (-1, 0, 1)
            ]
            return Raster((after - before) / 2, np.minimum.reduce(masks))

        return Band(f"{band.name}_{'xy'[axis]}", DOUBLE, band.projection, compute, (band,), band.size)

    return image.with_bands(one(band, axis) for band in image.bands for axis in (0, 1))
