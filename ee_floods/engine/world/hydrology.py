"""Stage: the height of water above its normal level, in m, at any place and time.

Stage is a seasonal swing plus pulses: the listed events and random background events. It varies over tens
of km, while what it floods is decided by the height above drainage of each pixel.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.world.climate import Climate
from ee_floods.engine.world.config import WorldConfig
from ee_floods.engine.world.hashing import uniforms_of
from ee_floods.engine.world.lattice import EARTH_RADIUS, lonlat_of, unit_vectors

__all__ = ["Hydrology", "Pulse", "days_of", "milliseconds"]

_CELL = 2.0
"""Side in degrees of the cells that draw background events."""

_CUTOFF = 3.7
"""Radii beyond which a pulse is below 0.1 % of its height."""

_EPOCH_YEAR_DAYS = 365.25


def milliseconds(text: str) -> float:
    """Return ms since 1970 UTC of an ISO date or datetime (taken as UTC)."""
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.timestamp() * 1000


def days_of(time_ms: float) -> float:
    """Return days since 1970 UTC."""
    return time_ms / 86_400_000


@dataclass(frozen=True)
class Pulse:
    """One flood wave: a Gaussian in space, a quick rise and a slow recession in time.

    Args:
        center: Unit vector `(3,)`.
        radius: Gaussian radius in Earth radii.
        peak: Days since 1970.
        amplitude: Stage in m at centre and peak.
        rise: e-folding of the rise in days (Gaussian).
        recession: e-folding of the fall in days.
    """

    center: tuple[float, float, float]
    radius: float
    peak: float
    amplitude: float
    rise: float
    recession: float

    def height(self, days: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """Return the height in m at the centre at times in days since 1970."""
        after = np.asarray(days, dtype=np.float64) - self.peak
        rising = np.exp(-((np.minimum(after, 0) / self.rise) ** 2))
        return np.asarray(self.amplitude * rising * np.exp(-np.maximum(after, 0) / self.recession))

    def share(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the share of the height, 0..1, felt at unit vectors `(..., 3)`."""
        chord2 = ((vectors - np.array(self.center)) ** 2).sum(axis=-1)
        return np.asarray(np.exp(-0.5 * chord2 / self.radius**2))


class Hydrology:
    """Stage and rain of the world."""

    def __init__(self, config: WorldConfig, climate: Climate) -> None:
        self._config = config
        self._climate = climate
        self.listed = tuple(self._listed())
        # A closure per world, so that two worlds of one process do not share draws.
        self._cell = lru_cache(maxsize=65536)(self._draw_cell)

    def pulses(
        self, middle: NDArray[np.float64], reach: float, start_day: float, end_day: float
    ) -> list[Pulse]:
        """Return every pulse that matters within `reach` (chord, Earth radii) of `middle` in a period."""
        found = [p for p in self.listed if math.dist(p.center, middle) < reach + _CUTOFF * p.radius]
        widest = self._config.hydrology.background_radius_km[1] * 1000 / EARTH_RADIUS
        longest = 5 * self._config.hydrology.recession_days[1]
        margin = math.degrees(min(reach + _CUTOFF * widest, math.pi))
        lon, lat = (float(v) for v in lonlat_of(middle))
        rows = range(
            math.floor(max(lat - margin, -90) / _CELL), math.floor(min(lat + margin, 89.99) / _CELL) + 1
        )
        top = min(abs(lat) + margin, 89.0)
        half = min(margin / math.cos(math.radians(top)), 180.0)
        cols = range(math.floor((lon - half) / _CELL), math.floor((lon + half) / _CELL) + 1)
        first_year = math.floor((start_day - longest) / _EPOCH_YEAR_DAYS)
        last_year = math.floor(end_day / _EPOCH_YEAR_DAYS) + 1
        columns = {col % round(360 / _CELL) for col in cols}
        for row in rows:
            for col in sorted(columns):
                for year in range(first_year, last_year + 1):
                    pulse = self._cell(row, col, year)
                    if pulse and math.dist(pulse.center, middle) < reach + _CUTOFF * pulse.radius:
                        found.append(pulse)
        return [p for p in found if p.peak - 3 * p.rise < end_day and start_day < p.peak + longest]

    def stage(
        self, vectors: NDArray[np.float64], parameters: dict[str, NDArray[np.float32]], days: float
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return stage and the part of it that pulses make, in m, at unit vectors `(..., 3)`.

        Args:
            vectors: Places.
            parameters: Climate at these places.
            days: Days since 1970.
        """
        middle = vectors.reshape(-1, 3).mean(axis=0)
        middle /= np.linalg.norm(middle)
        reach = math.sqrt(float(((vectors - middle) ** 2).sum(axis=-1).max()))
        pulse = np.zeros(vectors.shape[:-1])
        for item in self.pulses(middle, reach, days, days):
            pulse += float(item.height(days)) * item.share(vectors)
        angle = 2 * math.pi * days / _EPOCH_YEAR_DAYS
        season = parameters["season_cos"] * math.cos(angle) + parameters["season_sin"] * math.sin(angle)
        return (season + pulse).astype(np.float32), pulse.astype(np.float32)

    def series(self, vector: NDArray[np.float64], days: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return stage in m at one place `(3,)` at increasing times `(T,)` in days since 1970."""
        parameters = self._climate.at(vector[None])
        angle = 2 * math.pi * days / _EPOCH_YEAR_DAYS
        stage = float(parameters["season_cos"][0]) * np.cos(angle)
        stage += float(parameters["season_sin"][0]) * np.sin(angle)
        for item in self.pulses(vector, 0.0, float(days[0]), float(days[-1])):
            stage += float(item.share(vector)) * item.height(days)
        return np.asarray(stage)

    def rain(self, vectors: NDArray[np.float64], days: float) -> NDArray[np.float64]:
        """Return how rainy it is, about 0..1, at unit vectors `(..., 3)`: the rain that feeds the pulses."""
        clouds = self._config.clouds
        middle = vectors.reshape(-1, 3).mean(axis=0)
        middle /= np.linalg.norm(middle)
        reach = math.sqrt(float(((vectors - middle) ** 2).sum(axis=-1).max()))
        total = np.zeros(vectors.shape[:-1])
        for item in self.pulses(middle, reach, days, days + 30):
            before = (days - (item.peak - clouds.rain_lead_days)) / item.rise
            strength = min(item.amplitude / 2, 1.0) * math.exp(-(before**2))
            total += strength * item.share(vectors)
        return np.minimum(total, 1.2)

    def _listed(self) -> list[Pulse]:
        pulses = []
        for event in self._config.events:
            west, south, east, north = event.box
            center = unit_vectors(np.array((west + east) / 2), np.array((south + north) / 2))
            peak = days_of(milliseconds(event.peak))
            rise = max((peak - days_of(milliseconds(event.start))) / 2, 1.0)
            recession = max((days_of(milliseconds(event.end)) - peak) / 1.5, 3.0)
            radius = event.radius_km * 1000 / EARTH_RADIUS
            x, y, z = (float(v) for v in center)
            pulses.append(Pulse((x, y, z), radius, peak, event.amplitude, rise, recession))
        return pulses

    def _draw_cell(self, row: int, col: int, year: int) -> Pulse | None:
        """The background event of a cell and a year (counted from 1970), if it has one."""
        h = self._config.hydrology
        u = uniforms_of(self._config.seed, "background", row, col, year, count=8)
        if u[0] >= h.background_probability:
            return None
        center = unit_vectors(np.array((col + u[1]) * _CELL), np.array((row + u[2]) * _CELL))
        x, y, z = (float(v) for v in center)
        parameters = self._climate.at(center[None])
        season = math.atan2(float(parameters["season_sin"][0]), float(parameters["season_cos"][0]))
        # Floods cluster about the wet season: within about two months of the day of highest stage.
        day = (season / (2 * math.pi) + 0.33 * (u[3] + u[4] - 1)) * _EPOCH_YEAR_DAYS

        def draw(limits: tuple[float, float], share: float) -> float:
            return limits[0] + (limits[1] - limits[0]) * share

        return Pulse(
            (x, y, z),
            draw(h.background_radius_km, float(u[5])) * 1000 / EARTH_RADIUS,
            year * _EPOCH_YEAR_DAYS + day,
            # Small floods are common, large ones rare.
            draw(h.background_amplitude, float(u[6]) ** 2),
            draw(h.rise_days, float(u[7])),
            draw(h.recession_days, float(u[7])),
        )
