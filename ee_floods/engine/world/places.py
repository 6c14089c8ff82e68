"""Where a query looks, and outlines in a projection: plain geometry in degrees and metres."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.world.lattice import unit_vectors

__all__ = ["Bounds", "projected_bounds", "transformer"]


@lru_cache(maxsize=512)
def transformer(crs: str) -> Any:
    """Return the transformer from longitude/latitude to a CRS (x first)."""
    from pyproj import Transformer

    return Transformer.from_crs("EPSG:4326", crs, always_xy=True)


def projected_bounds(crs: str, ring: Sequence[Sequence[float]]) -> tuple[float, float, float, float]:
    """Return left, bottom, right, top in `crs` of a ring in degrees."""
    lon, lat = np.array(ring).T
    x, y = transformer(crs).transform((lon + 180) % 360 - 180, lat)
    return float(np.min(x)), float(np.min(y)), float(np.max(x)), float(np.max(y))


@dataclass(frozen=True)
class Bounds:
    """A box in degrees; east may lie past 180.

    Args:
        west: Degrees.
        south: Degrees.
        east: Degrees, at least `west`.
        north: Degrees.
    """

    west: float
    south: float
    east: float
    north: float

    @classmethod
    def of(cls, bounds: tuple[float, float, float, float] | None) -> Bounds:
        """Return the box of a query; None is the whole Earth."""
        if bounds is None:
            return cls(-180.0, -90.0, 180.0, 90.0)
        west, south, east, north = (float(v) for v in bounds)
        if east < west:
            east += 360
        return cls(west, max(south, -90.0), min(east, west + 360), min(north, 90.0))

    @cached_property
    def center(self) -> NDArray[np.float64]:
        """Unit vector `(3,)` of the middle."""
        return unit_vectors(np.array((self.west + self.east) / 2), np.array((self.south + self.north) / 2))

    @cached_property
    def reach(self) -> float:
        """Chord in Earth radii from the middle that holds the box."""
        if self.east - self.west >= 180:
            return 2.0
        lon, lat = np.meshgrid(np.linspace(self.west, self.east, 9), np.linspace(self.south, self.north, 9))
        return float(np.sqrt(((unit_vectors(lon, lat) - self.center) ** 2).sum(axis=-1).max())) + 1e-9

    def meets(self, ring: Sequence[Sequence[float]]) -> bool:
        """Whether a closed ring in degrees meets the box, on whichever side of the antimeridian it lies."""
        from shapely.geometry import Polygon, box

        polygon = Polygon(ring)
        middle = (self.west + self.east) / 2
        turn = round((middle - polygon.centroid.x) / 360) * 360
        return any(
            polygon.intersects(box(self.west - shift, self.south, self.east - shift, self.north))
            for shift in (turn, turn + 360, turn - 360)
        )
