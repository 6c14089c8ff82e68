"""`COPERNICUS/S1_GRD`: slices of Sentinel-1 passes, found by place and time, and their pixels."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.records import BandRecord, ImageRecord, Raster
from ee_floods.engine.world.fields import Cache, Fields
from ee_floods.engine.world.hashing import stream_key
from ee_floods.engine.world.hydrology import days_of
from ee_floods.engine.world.lattice import EARTH_RADIUS, Block, lonlat_of
from ee_floods.engine.world.noise import upsample
from ee_floods.engine.world.orbits import SENTINEL1, Mission, Swath
from ee_floods.engine.world.places import Bounds, projected_bounds
from ee_floods.engine.world.radar import RadarPass
from ee_floods.engine.world.raster import read_bands
from ee_floods.grid import Grid, Window, utm_crs

__all__ = ["S1_GRD", "Sentinel1"]

S1_GRD = "COPERNICUS/S1_GRD"

_SLICES = 237
"""Slices of a revolution, 25 s or 170 km each, as IW products are."""

_LATITUDE_LIMIT = 78.0

_SNAP = 10_240.0
"""m to which a scene's grid is snapped, so that ten pyramid levels of all scenes of a zone align."""

_ANGLE_SCALE = 1280.0
"""m; the real angle band is a coarse grid of tie points, too."""

_HEIGHT = 693e3

_ID = re.compile(r"(S1[A-D])_IW_GRDH_1SDV_(\d{8}T\d{6})_\d{8}T\d{6}_(\d{6})_[0-9A-F]{6}_[0-9A-F]{4}")


@dataclass(frozen=True)
class _Slice:
    """One scene: a mission, a track, a cycle and a slice of the revolution."""

    mission: Mission
    track: int
    cycle: int
    number: int

    @property
    def start_ms(self) -> int:
        return round(SENTINEL1.flown_ms(self.mission, self.track, self.number * 360 / _SLICES, self.cycle))

    @property
    def end_ms(self) -> int:
        return self.start_ms + round(SENTINEL1.period_ms / _SLICES)

    @property
    def absolute(self) -> int:
        return SENTINEL1.absolute(self.mission, self.track, self.cycle)

    @property
    def ascending(self) -> bool:
        middle = (self.number + 0.5) * 360 / _SLICES
        return middle < 90 or middle > 270

    @property
    def pass_name(self) -> str:
        return f"{self.mission.name}-{self.absolute}"

    @property
    def index(self) -> str:
        take = stream_key("datatake", self.pass_name) & 0xFFFFFF
        unique = stream_key("slice", self.pass_name, self.number) & 0xFFFF
        times = f"{_stamp(self.start_ms)}_{_stamp(self.end_ms)}"
        return f"{self.mission.name}_IW_GRDH_1SDV_{times}_{self.absolute:06d}_{take:06X}_{unique:04X}"

    def swath(self) -> Swath:
        step = 360 / _SLICES
        return SENTINEL1.swath(self.track, self.number * step, (self.number + 1) * step)


class Sentinel1:
    """Scenes of the world's Sentinel-1.

    Args:
        fields: The world.
    """

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self._passes: Cache[RadarPass] = Cache(16)

    @cached_property
    def _footprints(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], float]:
        """Track, slice, middle and common radius (chord, Earth radii) of every footprint in reach of land."""
        track, number = (a.ravel() for a in np.meshgrid(np.arange(SENTINEL1.tracks), np.arange(_SLICES)))
        u = (number + 0.5) * 360 / _SLICES
        middle = SENTINEL1.ground(track, u, (SENTINEL1.near_km + SENTINEL1.far_km) / 2)
        keep = np.abs(middle[:, 2]) < math.sin(math.radians(_LATITUDE_LIMIT))
        radius = math.hypot(SENTINEL1.far_km - SENTINEL1.near_km, 6371 * 2 * math.pi / _SLICES) / 2 * 1.12
        return track[keep], number[keep], middle[keep], radius * 1000 / EARTH_RADIUS

    def walk(self, bounds: Bounds, start_ms: float, end_ms: float) -> Iterator[_Slice]:
        """Yield slices over `bounds` that begin in [start, end), footprint after footprint."""
        tracks, numbers, middles, radius = self._footprints
        near = ((middles - bounds.center) ** 2).sum(axis=1) <= (radius + bounds.reach) ** 2
        for track, number in zip(tracks[near].tolist(), numbers[near].tolist(), strict=True):
            u = number * 360 / _SLICES
            dates = [(m, SENTINEL1.cycles(m, track, u, start_ms, end_ms)) for m in SENTINEL1.missions]
            if not any(dates_of for _, dates_of in dates):
                continue
            step = 360 / _SLICES
            if not bounds.meets(SENTINEL1.swath(track, u, u + step).ring):
                continue
            for mission, cycles in dates:
                yield from (_Slice(mission, track, cycle, number) for cycle in cycles)

    def find(self, bounds: Bounds, start_ms: float, end_ms: float, limit: int) -> list[_Slice] | None:
        """Return slices over `bounds` that begin in [start, end), in order of id; None if over `limit`."""
        found = list(islice(self.walk(bounds, start_ms, end_ms), limit + 1))
        return None if len(found) > limit else sorted(found, key=lambda s: (s.mission.name, s.start_ms))

    def records(self, slices: Iterable[_Slice]) -> Iterator[ImageRecord]:
        """Yield the records of slices."""
        for item in slices:
            yield self.record(item)

    def parse(self, index: str) -> ImageRecord | None:
        """Return the record of a `system:index`, or None if no such scene was flown."""
        match = _ID.fullmatch(index)
        if not match:
            return None
        mission = next((m for m in SENTINEL1.missions if m.name == match[1]), None)
        if mission is None:
            return None
        origin = SENTINEL1.absolute(mission, 0, 0)
        cycle, track = divmod(int(match[3]) - origin, SENTINEL1.tracks)
        try:
            moment = datetime.strptime(match[2], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
        except ValueError:
            return None
        after = moment.timestamp() * 1000 - SENTINEL1.flown_ms(mission, track, 0.0, cycle)
        guess = round(after / SENTINEL1.period_ms * _SLICES)
        for number in range(max(guess - 1, 0), min(guess + 2, _SLICES)):
            item = _Slice(mission, track, cycle, number)
            flown = SENTINEL1.cycles(mission, track, number * 360 / _SLICES, -math.inf, math.inf)
            if item.index == index and cycle in flown:
                return self.record(item)
        return None

    def record(self, item: _Slice) -> ImageRecord:
        """Return the record of a slice."""
        swath = item.swath()
        lon, lat = (float(v) for v in lonlat_of(swath.center))
        crs = utm_crs(lon, lat)
        left, bottom, right, top = projected_bounds(crs, swath.ring)
        x0, y0 = math.floor(left / _SNAP) * _SNAP, math.ceil(top / _SNAP) * _SNAP
        x1, y1 = math.ceil(right / _SNAP) * _SNAP, math.floor(bottom / _SNAP) * _SNAP

        def grid(scale: float) -> Grid:
            shape = (round((y0 - y1) / scale), round((x1 - x0) / scale))
            return Grid(crs, (scale, 0.0, x0, 0.0, -scale, y0), shape)

        fine = grid(10.0)
        bands = (
            BandRecord("VV", "float32", fine),
            BandRecord("VH", "float32", fine),
            BandRecord("angle", "float32", grid(_ANGLE_SCALE)),
        )
        index = item.index
        properties: dict[str, Any] = {
            "system:index": index,
            "system:time_start": item.start_ms,
            "system:time_end": item.end_ms,
            "instrument": "C-SAR",
            "instrumentMode": "IW",
            "transmitterReceiverPolarisation": ["VV", "VH"],
            "resolution": "H",
            "resolution_meters": 10,
            "productType": "GRD",
            "orbitProperties_pass": "ASCENDING" if item.ascending else "DESCENDING",
            "relativeOrbitNumber_start": item.track + 1,
            "relativeOrbitNumber_stop": item.track + 1,
            "orbitNumber_start": item.absolute,
            "orbitNumber_stop": item.absolute,
            "cycleNumber": item.cycle,
            "sliceNumber": item.number % 30 + 1,
            "platform_number": item.mission.name[2],
            "familyName": "SENTINEL-1",
            "simulated": True,
        }
        source = _Source(self._fields, self._radar_pass(item.pass_name), swath, days_of(item.start_ms), bands)
        return ImageRecord(f"{S1_GRD}/{index}", bands, properties, swath.polygon, True, source)

    def _radar_pass(self, name: str) -> RadarPass:
        return self._passes.get(name, lambda: RadarPass(self._fields.config, name))


class _Source:
    """Pixels of one scene."""

    def __init__(
        self,
        fields: Fields,
        radar: RadarPass,
        swath: Swath,
        days: float,
        bands: tuple[BandRecord, ...],
    ) -> None:
        self._fields = fields
        self._radar = radar
        self._swath = swath
        self._days = days
        self._bands = {band.name: band for band in bands}

    def read(self, bands: Sequence[str], level: int, window: Window) -> list[Raster]:
        """See `RasterSource.read`."""
        rasters: dict[str, Raster] = {}
        power = [self._bands[name] for name in bands if name != "angle"]
        if power:
            names = [band.name for band in power]

            def sigma0(
                block: Block, side: int, native: bool
            ) -> list[tuple[NDArray[np.float32], NDArray[np.float32] | None]]:
                mask, angle = self._geometry(block)
                if not mask.any():
                    return [(mask, mask) for _ in names]
                ground, cover = self._fields.ground(block), self._fields.cover(block)
                scene = self._fields.scene(block, self._days)
                values = self._radar.sigma0(block, ground, cover, scene, angle, native=native)
                return [(values[name], mask) for name in names]

            rasters |= zip(names, read_bands(power, 1, level, window, sigma0), strict=True)
        if "angle" in bands:

            def angles(
                block: Block, side: int, native: bool
            ) -> list[tuple[NDArray[np.float32], NDArray[np.float32] | None]]:
                mask, angle = self._geometry(block)
                return [(angle, mask)]

            rasters["angle"] = read_bands([self._bands["angle"]], 1, level, window, angles)[0]
        return [rasters[name] for name in bands]

    def _geometry(self, block: Block) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the swath's mask 0 or 1 and the incidence angle in degrees of a block."""
        start, far, end, near = upsample(
            np.moveaxis(self._swath.distances(block.vectors), -1, 0).astype(np.float32), block.step
        )
        mask = (np.minimum(np.minimum(start, end), np.minimum(far, near)) >= 0).astype(np.float32)
        share = np.clip(near / np.maximum(near + far, 1), 0, 1)
        psi = (SENTINEL1.near_km + share * (SENTINEL1.far_km - SENTINEL1.near_km)) * 1000 / EARTH_RADIUS
        # Incidence is look angle plus the angle at the Earth's centre.
        look = np.arctan2(np.sin(psi), (EARTH_RADIUS + _HEIGHT) / EARTH_RADIUS - np.cos(psi))
        return mask, np.degrees(look + psi).astype(np.float32)


def _stamp(time_ms: float) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y%m%dT%H%M%S")
