"""Projections: a coordinate reference system and the affine transform of its pixels."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyproj
from numpy.typing import NDArray
from pyproj.exceptions import CRSError, ProjError

from ee_floods.engine.errors import bad_request
from ee_floods.grid import Grid, Transform

__all__ = ["METRES_PER_DEGREE", "WGS84", "Projection", "centres", "crs_of", "reproject_points", "same_system"]

METRES_PER_DEGREE = 111319.49079327358
"""Metres of a degree at the equator of WGS84; `Projection('EPSG:4326').nominalScale()` on the service."""

_IDENTITY: Transform = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


@functools.lru_cache(maxsize=256)
def crs_of(code: str) -> pyproj.CRS:
    """Return the parsed CRS of a code or WKT.

    Raises:
        EngineError: If PROJ does not know it.
    """
    unknown = bad_request(f"The CRS of a map projection could not be parsed: '{code[:200]}'.")
    if "\0" in code:  # PROJ would read what is in front of it
        raise unknown
    try:
        return pyproj.CRS.from_user_input("OGC:CRS84" if code == "CRS:84" else code)
    except CRSError as error:
        raise unknown from error


@functools.lru_cache(maxsize=256)
def _transformer(source: str, target: str) -> pyproj.Transformer:
    try:
        return pyproj.Transformer.from_crs(crs_of(source), crs_of(target), always_xy=True)
    except ProjError as error:  # one of them is local, vertical, or of another planet
        raise bad_request(
            f"Unable to transform coordinates from '{source[:200]}' to '{target[:200]}'."
        ) from error


@functools.lru_cache(maxsize=1024)
def same_system(first: str, second: str) -> bool:
    """Whether two codes mean the same CRS."""
    return first == second or bool(crs_of(first).equals(crs_of(second), ignore_axis_order=True))


def reproject_points(
    x: NDArray[np.float64], y: NDArray[np.float64], source: str, target: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return coordinates in another CRS (x is longitude in geographic ones); infinite where undefined."""
    if same_system(source, target):
        return x, y
    shape = np.shape(x)
    new_x, new_y = _transformer(source, target).transform(np.ravel(x), np.ravel(y))
    return np.reshape(new_x, shape), np.reshape(new_y, shape)


@functools.lru_cache(maxsize=24)
def centres(grid: Grid, crs: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return x and y, `(H, W)` each, of a grid's pixel centres in `crs`. Read-only: the arrays are shared."""
    a, b, c, d, e, f = grid.transform
    col, row = np.arange(grid.width) + 0.5, (np.arange(grid.height) + 0.5)[:, None]
    x, y = (
        np.broadcast_to(c + a * col + b * row, grid.shape),
        np.broadcast_to(f + d * col + e * row, grid.shape),
    )
    x, y = reproject_points(x, y, grid.crs, crs)
    for array in (x, y):
        array.setflags(write=False)
    return x, y


@dataclass(frozen=True)
class Projection:
    """A CRS and a pixel transform.

    Args:
        crs: `EPSG:n` or WKT.
        transform: Affine coefficients from pixels to CRS units, in Earth Engine's order.
    """

    crs: str
    transform: Transform = _IDENTITY

    @classmethod
    def create(cls, crs: Any, transform: Sequence[Any] | None = None) -> Projection:
        """Return a projection whose CRS is known to parse.

        Raises:
            EngineError: If it does not, or the transform is not one that can be inverted.
        """
        if not isinstance(crs, str):
            raise bad_request("The CRS of a map projection must be a string.")
        crs_of(crs)
        if transform is None:
            return cls(crs)
        try:
            a, b, c, d, e, f = (float(v) for v in transform)
        except (TypeError, ValueError, OverflowError) as error:
            raise bad_request("The transform of a projection must be a list of 6 numbers.") from error
        if not all(map(math.isfinite, (a, b, c, d, e, f))) or a * e - b * d == 0:
            raise bad_request(f"The transform of a projection must be invertible: {[a, b, c, d, e, f]}.")
        return cls(crs, (a, b, c, d, e, f))

    @classmethod
    def of_grid(cls, grid: Grid) -> Projection:
        """Return the projection of a grid."""
        return cls(grid.crs, grid.transform)

    @property
    def unit_metres(self) -> float:
        """Metres of one CRS unit at the point of true scale."""
        crs = crs_of(self.crs)
        if crs.is_geographic:
            return METRES_PER_DEGREE
        axes = crs.axis_info
        return float(axes[0].unit_conversion_factor) if axes else 1.0

    @property
    def pixel_size(self) -> float:
        """Side of a square pixel of equal area, CRS units."""
        a, b, _, d, e, _ = self.transform
        return math.sqrt(abs(a * e - b * d))

    @property
    def nominal_scale(self) -> float:
        """Metres of a pixel at the point of true scale."""
        a, _, _, d, _, _ = self.transform
        return math.hypot(a, d) * self.unit_metres

    def at_scale(self, metres: float) -> Projection:
        """Return the projection with pixels of `metres` from the same origin.

        Raises:
            EngineError: If that is no size.
        """
        _check_scale(metres)
        factor = metres / self.nominal_scale
        return self.scaled(factor, factor)

    def scaled(self, x: float, y: float) -> Projection:
        """Return the projection with pixels `x` and `y` times as large.

        Raises:
            EngineError: If they would have no size.
        """
        if not (math.isfinite(x) and math.isfinite(y)) or x == 0 or y == 0:
            raise bad_request(f"The scale factors of a projection must not be zero, received {x} and {y}.")
        a, b, c, d, e, f = self.transform
        return Projection(self.crs, (a * x, b * y, c, d * x, e * y, f))

    def translated(self, x: float, y: float) -> Projection:
        """Return the projection with its origin moved by `x` and `y` pixels."""
        a, b, c, d, e, f = self.transform
        return Projection(self.crs, (a, b, c + a * x + b * y, d, e, f + d * x + e * y))

    def north_up(self, metres: float) -> Projection:
        """Return square north-up pixels of `metres` snapped to the CRS origin, as `scale` means it.

        Raises:
            EngineError: If that is no size.
        """
        _check_scale(metres)
        size = metres / self.unit_metres
        return Projection(self.crs, (size, 0.0, 0.0, 0.0, -size, 0.0))

    def pixels(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return fractional column and row of coordinates in the CRS."""
        a, b, c, d, e, f = self.transform
        determinant = a * e - b * d
        dx, dy = x - c, y - f
        return (e * dx - b * dy) / determinant, (a * dy - d * dx) / determinant

    def aligned(self, other: Projection) -> bool:
        """Whether the pixels of both are the same lattice (origins may differ by whole pixels)."""
        if not same_system(self.crs, other.crs):
            return False
        size = max(
            abs(self.transform[0]), abs(self.transform[1]), abs(self.transform[3]), abs(self.transform[4])
        )
        if any(abs(self.transform[i] - other.transform[i]) > 1e-9 * size for i in (0, 1, 3, 4)):
            return False
        col, row = self.pixels(np.float64(other.transform[2]), np.float64(other.transform[5]))  # type: ignore[arg-type]
        return abs(float(col) - round(float(col))) < 1e-4 and abs(float(row) - round(float(row))) < 1e-4

    def covering(self, bounds: tuple[float, float, float, float]) -> Grid:
        """Return the grid of this lattice that covers `(left, bottom, right, top)` in CRS units."""
        left, bottom, right, top = bounds
        xs, ys = np.array([left, left, right, right]), np.array([bottom, top, bottom, top])
        cols, rows = self.pixels(xs, ys)
        if not (np.isfinite(cols).all() and np.isfinite(rows).all()):
            raise bad_request(f"The region {bounds} has no place in the projection {self.crs[:200]}.")
        col0, col1 = math.floor(cols.min() + 1e-7), math.ceil(cols.max() - 1e-7)
        row0, row1 = math.floor(rows.min() + 1e-7), math.ceil(rows.max() - 1e-7)
        moved = self.translated(col0, row0)
        return Grid(self.crs, moved.transform, (max(row1 - row0, 1), max(col1 - col0, 1)))

    def to_json(self) -> dict[str, Any]:
        """Return the service's description."""
        kind = (
            "crs"
            if not self.crs.lstrip().upper().startswith(("PROJCS", "GEOGCS", "PROJCRS", "GEOGCRS"))
            else "wkt"
        )
        return {"type": "Projection", kind: self.crs, "transform": list(self.transform)}


def _check_scale(metres: float) -> None:
    if not 0 < metres < math.inf:
        raise bad_request(f"Scale must be positive and finite, received {metres}.")


WGS84 = Projection("EPSG:4326")
"""The default projection of constants and composites: one degree a pixel."""
