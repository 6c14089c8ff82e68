"""Images from nothing or from an asset: constants, coordinates, areas, random numbers."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy
from numpy.typing import NDArray

from ee_floods.engine.arguments import numeric
from ee_floods.engine.coerce import coerce
from ee_floods.engine.errors import bad_request
from ee_floods.engine.records import Raster
from ee_floods.engine.registry import algorithm
from ee_floods.engine.request import Request, not_found_as
from ee_floods.engine.values.elements import element_get
from ee_floods.engine.values.image import Band, Image, constant_band, opaque
from ee_floods.engine.values.pixeltype import DOUBLE, PixelType
from ee_floods.engine.values.projection import WGS84, Projection, centres, reproject_points
from ee_floods.grid import Grid

if TYPE_CHECKING:
    from ee_floods.engine.reading import Reader


@algorithm("Image.load", request=True)
def load(request: Request, asset_id: str, version: int | None) -> Image:
    """A stored image."""
    if asset_id.startswith("gs://"):
        raise not_found_as(request.library, asset_id, "Image")
    return request.image(asset_id)


@algorithm("Image.loadGeoTIFF", request=True)
def load_geotiff(request: Request, uri: str) -> Image:
    """A GeoTIFF in one of the engine's own buckets; bands are `B0`, `B1`, ..."""
    if not uri.startswith("gs://"):
        raise bad_request(f"Invalid Cloud Storage URI: '{uri}'. It must start with 'gs://'.")
    return dataclasses.replace(request.image(uri), id=None, version=None)


@algorithm("Image.constant")
def constant(value: Any) -> Image:
    """One value everywhere; a dictionary or list makes several bands."""
    if isinstance(value, dict):
        return Image(tuple(constant_band(str(name), v) for name, v in sorted(value.items())))
    if isinstance(value, Image):
        return value
    if isinstance(value, (bool, int, float, list, tuple, np.ndarray, np.number)):
        made: Image = coerce(value, "Image", "value")
        return made
    raise bad_request("Parameter 'value' must be a number, an array, or a list or dictionary of them.")


@algorithm("Image.metadata")
def metadata(image: Image, name: str, band: str | None) -> Image:
    """A property as a constant band of doubles; masked where it is not set."""
    value = element_get(image, name)
    if value is None or isinstance(value, str):
        raise bad_request(f"Property '{name}' is missing or not a number.")
    number = numeric(getattr(value, "millis", value), f"Property '{name}'")
    return Image((constant_band(band or name, number, DOUBLE),), image.only_index(), image.footprint)


def _equal_area(grid: Grid) -> NDArray[np.float64]:
    """Square metres of each pixel: its corners in an equal-area projection of the ellipsoid."""
    a, b, c, d, e, f = grid.transform
    col, row = np.arange(grid.width + 1), np.arange(grid.height + 1)[:, None]
    x = np.broadcast_to(c + a * col + b * row, (grid.height + 1, grid.width + 1))
    y = np.broadcast_to(f + d * col + e * row, (grid.height + 1, grid.width + 1))
    x, y = reproject_points(x, y, grid.crs, "EPSG:6933")
    dx1, dy1 = x[1:, 1:] - x[:-1, :-1], y[1:, 1:] - y[:-1, :-1]
    dx2, dy2 = x[1:, :-1] - x[:-1, 1:], y[1:, :-1] - y[:-1, 1:]
    return np.asarray(np.abs(dx1 * dy2 - dx2 * dy1) / 2)


@algorithm("Image.pixelArea")
def pixel_area() -> Image:
    """Square metres of each pixel of the output grid."""

    def compute(reader: Reader, grid: Grid) -> Raster:
        area = _equal_area(grid)
        return Raster(np.nan_to_num(area, posinf=0.0), np.isfinite(area).astype(np.float32))

    return Image((Band("area", DOUBLE, WGS84, compute),))


@algorithm("Image.pixelLonLat")
def pixel_lon_lat() -> Image:
    """Longitude and latitude of pixel centres, degrees."""
    return Image((_coordinate("longitude", WGS84, 0, False), _coordinate("latitude", WGS84, 1, False)))


@algorithm("Image.pixelCoordinates")
def pixel_coordinates(projection: Projection) -> Image:
    """Column and row of pixel centres in a projection's pixels."""
    return Image((_coordinate("x", projection, 0, True), _coordinate("y", projection, 1, True)))


def _coordinate(name: str, projection: Projection, axis: int, pixels: bool) -> Band:
    def compute(reader: Reader, grid: Grid) -> Raster:
        x, y = centres(grid, projection.crs)
        found = (projection.pixels(x, y) if pixels else (x, y))[axis]
        finite = np.isfinite(found)
        if finite.all():
            return Raster(np.asarray(found), opaque(grid.shape))
        return Raster(np.where(finite, found, 0), finite.astype(np.float32))

    return Band(name, DOUBLE, projection if pixels else WGS84, compute)


@algorithm("Image.random")
def random(seed: int, distribution: str) -> Image:
    """A number per place that depends on the seed and the pixel's coordinates alone, whatever the tile."""
    if distribution not in ("uniform", "normal"):
        raise bad_request(f"Unknown distribution '{distribution}'.")

    def compute(reader: Reader, grid: Grid) -> Raster:
        x, y = centres(grid, grid.crs)
        drawn = uniform(x, y, seed)
        if distribution == "normal":
            drawn = scipy.special.ndtri(np.clip(drawn, 1e-12, 1 - 1e-12))
        return Raster(drawn, opaque(grid.shape))

    type_ = PixelType("double", 0.0, 1.0) if distribution == "uniform" else DOUBLE
    return Image((Band("random", type_, WGS84, compute),))


def uniform(x: NDArray[np.float64], y: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """Return numbers in [0, 1) hashed from coordinates (splitmix64's finaliser)."""
    scale = 2.0**20  # coordinates are told apart to a millionth of their unit
    with np.errstate(over="ignore"):
        a = np.round(np.asarray(x) * scale).astype(np.int64).astype(np.uint64)
        b = np.round(np.asarray(y) * scale).astype(np.int64).astype(np.uint64)
        start = np.uint64((seed * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) % 2**64)
        mixed = _mix(_mix(_mix(a + start) ^ b) + start)
    return (mixed >> np.uint64(11)).astype(np.float64) / 2.0**53


def _mix(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
