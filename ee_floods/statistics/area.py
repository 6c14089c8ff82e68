"""Areas by class in km², on the ellipsoid, with what was not observed kept apart from what is dry.

A pixel of a geographic grid is the strip between two parallels, whose area on the ellipsoid has a closed form
(Snyder 1987, "Map Projections: A Working Manual", USGS Professional Paper 1395, eq. 3-12). A pixel of a
projected grid is its area on the map divided by the projection's areal scale there, which in UTM runs from
0.9992 on the central meridian to 1.0020 at the zone's edge on the equator: areas on the map are 0.2 % off.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ee_floods.contracts.product import CLASSES, FloodClass
from ee_floods.errors import InputError
from ee_floods.grid import Grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ee_floods.inference.raster import FloodRaster

__all__ = ["AreaReport", "ClassArea", "area_report", "pixel_areas"]

ROWS_AT_ONCE = 256
"""Rows whose areas are held at a time: 50 MiB of float64 for a scene of 25,000 columns."""

NODES = 9
"""Nodes per side at which the area of a pixel of a projected grid is computed; between them a cubic spline.
Over a 250 km scene in UTM it is within 1e-6 of geodesic polygons (`tests/statistics/test_area.py`)."""

UNOBSERVED = (FloodClass.NOT_OBSERVABLE, FloodClass.NO_DATA)


@dataclass(frozen=True)
class ClassArea:
    """Pixels and area of one class."""

    value: FloodClass
    label: str
    pixels: int
    km2: float


@dataclass(frozen=True)
class AreaReport:
    """Areas of a product.

    Args:
        event: Name of the event.
        simulated: Whether anything behind the product is simulated.
        classes: One entry for every class, in the product's order, also those with no pixel.
    """

    event: str
    simulated: bool
    classes: tuple[ClassArea, ...]

    def km2(self, value: FloodClass) -> float:
        """Return the area of a class in km²."""
        return next(item.km2 for item in self.classes if item.value == value)

    @property
    def observed_km2(self) -> float:
        """Area where the radar could tell water from dry land, km²."""
        return math.fsum(item.km2 for item in self.classes if item.value not in UNOBSERVED)

    @property
    def not_observed_km2(self) -> float:
        """Area that is not observable or without data, km². None of it is dry."""
        return math.fsum(item.km2 for item in self.classes if item.value in UNOBSERVED)

    @property
    def total_km2(self) -> float:
        """Area of the whole grid, km²."""
        return math.fsum(item.km2 for item in self.classes)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able form: event, mark, totals in km² and the rows of `to_rows`."""
        return {
            "event": self.event,
            "simulated": self.simulated,
            "observed_km2": self.observed_km2,
            "not_observed_km2": self.not_observed_km2,
            "total_km2": self.total_km2,
            "classes": self.to_rows(),
        }

    def to_rows(self) -> list[dict[str, Any]]:
        """Return one JSON-able row per class that occurs, and one that sums up what was not observed.

        `share_of_observed` is 0..1 of the observed area, None for what was not observed.
        """
        observed = self.observed_km2
        rows: list[dict[str, Any]] = [
            {
                "class": int(item.value),
                "label": item.label,
                "pixels": item.pixels,
                "km2": item.km2,
                "share_of_observed": None
                if item.value in UNOBSERVED or not observed
                else item.km2 / observed,
            }
            for item in self.classes
            if item.pixels
        ]
        rows.append(
            {
                "class": None,
                "label": "not observed",
                "pixels": sum(item.pixels for item in self.classes if item.value in UNOBSERVED),
                "km2": self.not_observed_km2,
                "share_of_observed": None,
            }
        )
        return rows


def area_report(raster: FloodRaster) -> AreaReport:
    """Return the area of every class of a product.

    Raises:
        InputError: If the grid is geographic and rotated.
    """
    pixels = np.zeros(256, np.int64)
    km2 = np.zeros(256, np.float64)
    for start, areas in _area_rows(raster.grid):
        flood = raster.flood[start : start + areas.shape[0]].ravel()
        pixels += np.bincount(flood, minlength=256)
        weights = np.broadcast_to(areas, (areas.shape[0], raster.grid.width)).ravel()
        km2 += np.bincount(flood, weights=weights, minlength=256) / 1e6
    classes = tuple(
        ClassArea(spec.value, spec.label, int(pixels[spec.value]), float(km2[spec.value])) for spec in CLASSES
    )
    return AreaReport(raster.properties.event, raster.properties.simulated, classes)


def pixel_areas(grid: Grid) -> NDArray[np.float64]:
    """Return the area of every pixel in m², float64 `(H, W)`.

    Raises:
        InputError: If the grid is geographic and rotated.
    """
    rows = [np.broadcast_to(areas, (areas.shape[0], grid.width)) for _, areas in _area_rows(grid)]
    return np.concatenate(rows)


def _area_rows(grid: Grid) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Yield first row and areas in m² of blocks of rows, `(h, W)`, or `(h, 1)` where columns are alike."""
    from pyproj import CRS

    crs = CRS.from_user_input(grid.crs)
    if crs.is_geographic:
        yield from _geographic_rows(grid, crs)
    else:
        yield from _projected_rows(grid, crs)


def _geographic_rows(grid: Grid, crs: Any) -> Iterator[tuple[int, NDArray[np.float64]]]:
    a, b, _, d, e, f = grid.transform
    if b or d:
        raise InputError(
            "Areas of a rotated geographic grid are not computed.",
            remedy="Warp the raster to a north-up grid or to UTM first.",
        )
    ellipsoid = crs.get_geod()
    radian = crs.axis_info[0].unit_conversion_factor
    edges = np.radians(90) * np.clip((f + e * np.arange(grid.height + 1)) * radian / np.radians(90), -1, 1)
    q = _authalic(np.sin(edges), math.sqrt(ellipsoid.es))
    # Snyder's q spans 2 over a hemisphere of the sphere: area = a² dlon (1 - e²)/2 dq.
    areas = ellipsoid.a**2 * abs(a) * radian * np.abs(np.diff(q)) / 2
    for start in range(0, grid.height, ROWS_AT_ONCE):
        yield start, areas[start : start + ROWS_AT_ONCE, np.newaxis]


def _authalic(sine: NDArray[np.float64], eccentricity: float) -> NDArray[np.float64]:
    """Snyder's q (eq. 3-12) of the sine of a latitude: proportional to the area from the equator to there."""
    if eccentricity == 0:
        return 2 * sine
    e = eccentricity
    part = sine / (1 - (e * sine) ** 2) + np.arctanh(e * sine) / e
    return np.asarray((1 - e**2) * part)


def _projected_rows(grid: Grid, crs: Any) -> Iterator[tuple[int, NDArray[np.float64]]]:
    from scipy.interpolate import RectBivariateSpline

    rows = np.linspace(0, grid.height, NODES)
    cols = np.linspace(0, grid.width, NODES)
    surface = RectBivariateSpline(rows, cols, _area_at(grid, crs, rows, cols))
    centres = np.arange(grid.width) + 0.5
    for start in range(0, grid.height, ROWS_AT_ONCE):
        stop = min(start + ROWS_AT_ONCE, grid.height)
        yield start, surface(np.arange(start, stop) + 0.5, centres)


def _area_at(
    grid: Grid, crs: Any, rows: NDArray[np.float64], cols: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Area in m² of a pixel at fractional positions, `(len(rows), len(cols))`.

    The area element of the ellipsoid, M N cos(lat) dlat dlon, with the derivatives of longitude and latitude
    by column and row taken by central differences. PROJ's own scale factors are not used, because for Web
    Mercator they are those of a sphere, 0.2 % off.
    """
    from pyproj import Proj

    a, b, c, d, e, f = grid.transform
    projection = Proj(crs)
    ellipsoid = crs.get_geod()
    # Degrees by difference over 100 m or more keep 9 digits; a pixel may be far smaller.
    step = max(0.5, 50.0 / (grid.scale * crs.axis_info[0].unit_conversion_factor))

    def lonlat(col: NDArray[np.float64], row: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.radians(projection(c + a * col + b * row, f + d * col + e * row, inverse=True))

    col, row = np.meshgrid(cols, rows)
    _, lat = lonlat(col, row)
    by_col = _turn(lonlat(col + step, row) - lonlat(col - step, row)) / (2 * step)  # (2, rows, cols)
    by_row = _turn(lonlat(col, row + step) - lonlat(col, row - step)) / (2 * step)
    w = 1 - ellipsoid.es * np.sin(lat) ** 2
    element = ellipsoid.a**2 * (1 - ellipsoid.es) / w**2 * np.cos(lat)
    return np.asarray(element * np.abs(by_col[0] * by_row[1] - by_col[1] * by_row[0]))


def _turn(difference: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take differences of longitude across the date line the short way round, radians."""
    return np.asarray((difference + np.pi) % (2 * np.pi) - np.pi)
