"""Lines of longitude and latitude over a projected picture, with round numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ee_floods.grid import Grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["GraticuleLine", "degree_text", "graticule", "nice_step", "round_length"]

LINES_WANTED = 4
"""Lines per axis: enough to read a place, few enough to see the flood."""

SAMPLES = 33
"""Points per line; over one Sentinel-1 scene a meridian bends by less than a pixel between them."""


@dataclass(frozen=True)
class GraticuleLine:
    """One meridian or parallel.

    Args:
        degrees: Its longitude or latitude.
        meridian: Whether it is a meridian.
        x: Coordinates in the picture's CRS, `(SAMPLES,)`.
        y: Likewise.
    """

    degrees: float
    meridian: bool
    x: NDArray[np.float64]
    y: NDArray[np.float64]


def nice_step(span: float, wanted: int = LINES_WANTED) -> float:
    """Return the step 1, 2 or 5 x 10^n that cuts a span into about `wanted` parts."""
    raw = span / wanted
    power: float = 10.0 ** math.floor(math.log10(raw))
    return min((power * f for f in (1.0, 2.0, 5.0, 10.0)), key=lambda step: abs(math.log(step / raw)))


def round_length(longest: float) -> float:
    """Return the longest length of the form 1, 2 or 5 x 10^n that is no longer than `longest`."""
    power: float = 10.0 ** math.floor(math.log10(longest))
    return max(power * f for f in (1.0, 2.0, 5.0) if power * f <= longest * (1 + 1e-9))


def degree_text(degrees: float, step: float, *, meridian: bool) -> str:
    """Return a coordinate with as many digits as the step needs: `0.76° W`."""
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    value = f"{abs(degrees):.{digits}f}°"
    if float(f"{degrees:.{digits}f}") == 0:
        return value
    return f"{value} {('E' if degrees > 0 else 'W') if meridian else ('N' if degrees > 0 else 'S')}"


def graticule(grid: Grid) -> tuple[tuple[GraticuleLine, ...], float, float]:
    """Return the lines over a north-up grid, and the steps of meridians and of parallels in degrees."""
    from pyproj import Transformer

    west, south, east, north = grid.lonlat_bounds
    to_map = Transformer.from_crs("EPSG:4326", grid.crs, always_xy=True)
    step_x, step_y = nice_step(east - west), nice_step(north - south)
    lines = []
    for longitude in _multiples(west, east, step_x):
        latitudes = np.linspace(south, north, SAMPLES)
        x, y = to_map.transform(np.full(SAMPLES, longitude), latitudes)
        lines.append(GraticuleLine(longitude, True, np.asarray(x), np.asarray(y)))
    for latitude in _multiples(south, north, step_y):
        longitudes = np.linspace(west, east, SAMPLES)
        x, y = to_map.transform(longitudes, np.full(SAMPLES, latitude))
        lines.append(GraticuleLine(latitude, False, np.asarray(x), np.asarray(y)))
    return tuple(lines), step_x, step_y


def _multiples(low: float, high: float, step: float) -> list[float]:
    first, last = math.ceil(low / step), math.floor(high / step)
    return [round(k * step, 10) for k in range(first, last + 1)]
