"""Sun-synchronous orbits: where a relative orbit's swath lies and when it is flown.

The geometry is a circular orbit over a sphere; ground tracks repeat exactly, as the real ones do to 100 m.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.world.hydrology import milliseconds
from ee_floods.engine.world.lattice import EARTH_RADIUS, lonlat_of, unit_vectors

__all__ = ["DAY_MS", "SENTINEL1", "SENTINEL2", "Mission", "Orbit", "Swath"]

DAY_MS = 86_400_000.0

HORIZON = "2031-01-01"
"""Where the archive of a mission that still flies ends; a collection of the world needs some end."""


@dataclass(frozen=True)
class Mission:
    """One satellite of a constellation.

    Args:
        name: Such as `S1A`.
        start: First day of its archive, ISO.
        end: Day after its last, ISO.
        shift_days: How much later than the reference satellite it flies the same track.
        first_absolute: Absolute orbit number of relative orbit 1 in the cycle of `reference`.
        reference: A moment within that cycle, ISO.
    """

    name: str
    start: str
    end: str
    shift_days: float
    first_absolute: int
    reference: str


@dataclass(frozen=True)
class Swath:
    """A quadrilateral of great circles: the start and end lines of a strip and its two edges.

    Args:
        corners: Unit vectors `(4, 3)`: near edge at start, far edge at start, far at end, near at end.
    """

    corners: NDArray[np.float64]

    @cached_property
    def center(self) -> NDArray[np.float64]:
        """Unit vector `(3,)` of the middle."""
        middle = self.corners.sum(axis=0)
        return np.asarray(middle / np.linalg.norm(middle))

    @cached_property
    def _planes(self) -> NDArray[np.float64]:
        planes = np.cross(self.corners, np.roll(self.corners, -1, axis=0))
        planes /= np.linalg.norm(planes, axis=1, keepdims=True)
        return np.asarray(planes * np.sign(planes @ self.center)[:, None])

    def distances(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return signed distances in m `(..., 4)` to the start line, far edge, end line and near edge.

        All four are positive inside.
        """
        return np.asarray((vectors @ self._planes.T) * EARTH_RADIUS)

    def inside(self, vectors: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether unit vectors `(..., 3)` lie in the swath."""
        return np.asarray((self.distances(vectors) >= 0).all(axis=-1) & (vectors @ self.center > 0))

    @cached_property
    def ring(self) -> list[list[float]]:
        """Closed ring of longitude and latitude; longitudes run past 180 rather than jump."""
        corners = np.vstack([self.corners, self.corners[:1]])
        points = []
        for a, b in pairwise(corners):
            # Edges of 200 km bend by up to a km against a straight line in degrees: four pieces each.
            points += [a + (b - a) * share for share in (0, 0.25, 0.5, 0.75)]
        points.append(corners[0])
        array = np.array(points)
        lon, lat = lonlat_of(array / np.linalg.norm(array, axis=1, keepdims=True))
        middle, _ = lonlat_of(self.center)
        lon = middle + (lon - middle + 180) % 360 - 180
        ring = [[round(float(x), 6), round(float(y), 6)] for x, y in zip(lon, lat, strict=True)]
        return [*ring[:-1], ring[0]]

    @property
    def polygon(self) -> dict[str, Any]:
        """GeoJSON polygon in degrees."""
        return {"type": "Polygon", "coordinates": [self.ring]}


@dataclass(frozen=True)
class Orbit:
    """The repeating tracks of a constellation.

    Args:
        tracks: Relative orbits in a cycle.
        cycle_days: Days after which tracks repeat.
        inclination: Degrees.
        node_hour: Mean local solar time of the ascending node in hours.
        epoch: Time of the ascending node of relative orbit 1 in some cycle, ISO.
        near_km: Ground distance right of the track at which the swath begins (negative: left).
        far_km: Where it ends.
        missions: Satellites, in order of name.
    """

    tracks: int
    cycle_days: float
    inclination: float
    node_hour: float
    epoch: str
    near_km: float
    far_km: float
    missions: tuple[Mission, ...]

    @property
    def period_ms(self) -> float:
        """Time of one revolution in ms."""
        return self.cycle_days * DAY_MS / self.tracks

    @cached_property
    def epoch_ms(self) -> float:
        """`epoch` in ms since 1970."""
        return milliseconds(self.epoch)

    def ground(
        self, track: NDArray[np.int64], u: NDArray[np.float64], across_km: NDArray[np.float64] | float
    ) -> NDArray[np.float64]:
        """Return unit vectors of places beside the ground track.

        Args:
            track: Relative orbit minus 1.
            u: Degrees along the orbit from the ascending node.
            across_km: Distance to the right of the track in km.
        """
        here, ahead = self._nadir(track, u), self._nadir(track, u + 0.05)
        right = np.cross(ahead - here, here)
        right /= np.linalg.norm(right, axis=-1, keepdims=True)
        angle = np.asarray(across_km)[..., None] * 1000 / EARTH_RADIUS
        return np.asarray(here * np.cos(angle) + right * np.sin(angle))

    def swath(self, track: int, start: float, end: float) -> Swath:
        """Return the swath of a track between two positions along the orbit in degrees."""
        u = np.array([start, start, end, end])
        across = np.array([self.near_km, self.far_km, self.far_km, self.near_km])
        return Swath(self.ground(np.full(4, track), u, across))

    def flown_ms(self, mission: Mission, track: int, u: float, cycle: int) -> float:
        """Return when a mission is at a position of a track in a cycle counted from the epoch."""
        revolution = track + u / 360
        return (
            self.epoch_ms
            + revolution * self.period_ms
            + (mission.shift_days + cycle * self.cycle_days) * DAY_MS
        )

    def cycles(self, mission: Mission, track: int, u: float, start_ms: float, end_ms: float) -> range:
        """Return the cycles in which a mission is at a position within [start, end) and its own archive."""
        first = self.flown_ms(mission, track, u, 0)
        length = self.cycle_days * DAY_MS
        low = max(start_ms, milliseconds(mission.start))
        high = min(end_ms, milliseconds(mission.end))
        return range(math.ceil((low - first) / length), math.ceil((high - first) / length))

    def absolute(self, mission: Mission, track: int, cycle: int) -> int:
        """Return the absolute orbit number of a track in a cycle."""
        since = milliseconds(mission.reference) - self.epoch_ms - mission.shift_days * DAY_MS
        reference = math.floor(since / (self.cycle_days * DAY_MS))
        return mission.first_absolute + track + self.tracks * (cycle - reference)

    def _nadir(self, track: NDArray[np.int64], u: NDArray[np.float64]) -> NDArray[np.float64]:
        incline = math.radians(self.inclination)
        arg = np.radians(u)
        lat = np.degrees(np.arcsin(math.sin(incline) * np.sin(arg)))
        along = np.degrees(np.arctan2(math.cos(incline) * np.sin(arg), np.cos(arg)))
        revolution = np.asarray(track) + u / 360
        # The plane keeps its angle to the sun, so longitude falls by 360 degrees a day.
        hour = (self.epoch_ms / DAY_MS % 1) * 24
        node = (self.node_hour - hour) * 15
        return unit_vectors(node + along - 360 * revolution * self.period_ms / DAY_MS, lat)


SENTINEL1 = Orbit(
    tracks=175,
    cycle_days=12.0,
    inclination=98.18,
    node_hour=18.0,
    epoch="2014-09-23T18:12:00",
    # Incidence 30.9..46 degrees from 693 km height.
    near_km=368.0,
    far_km=618.0,
    missions=(
        Mission("S1A", "2014-10-03", HORIZON, 0.0, 2523, "2014-09-30"),
        Mission("S1B", "2016-04-27", "2021-12-23T06:52:00", 6.0, 27, "2016-04-27"),
        Mission("S1C", "2025-03-26", HORIZON, 6.0, 1572, "2025-03-26"),
    ),
)
"""Sentinel-1 IW. Relative orbit = (absolute - 73) mod 175 + 1 for S1A, 27 for S1B, 172 for S1C (ESA)."""

SENTINEL2 = Orbit(
    tracks=143,
    cycle_days=10.0,
    inclination=98.62,
    node_hour=22.5,
    epoch="2015-06-25T22:30:00",
    near_km=-145.0,
    far_km=145.0,
    missions=(
        Mission("S2A", "2015-06-27", "2025-01-21", 0.0, 29, "2015-06-27"),
        Mission("S2B", "2017-03-15", HORIZON, 5.0, 100, "2017-03-15"),
        Mission("S2C", "2025-01-21", HORIZON, 0.0, 700, "2025-01-21"),
    ),
)
"""Sentinel-2 MSI, 290 km wide, descending at 10:30 local time; S2C took over from S2A in January 2025."""
