"""`COPERNICUS/S2_HARMONIZED` and its Cloud Score+: tiles of Sentinel-2 passes and their pixels."""

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
from ee_floods.engine.world.hydrology import days_of, milliseconds
from ee_floods.engine.world.lattice import BLOCK, EARTH_RADIUS, Block
from ee_floods.engine.world.noise import upsample
from ee_floods.engine.world.optical import OpticalPass
from ee_floods.engine.world.orbits import DAY_MS, SENTINEL2, Mission, Swath
from ee_floods.engine.world.places import Bounds
from ee_floods.engine.world.raster import read_bands, reduce_blocks
from ee_floods.engine.world.tiles import Tile, tile_named, tiles_over
from ee_floods.grid import Window

__all__ = ["CLOUD_SCORE", "S2_L1C", "Sentinel2", "TileScene"]

S2_L1C = "COPERNICUS/S2_HARMONIZED"
CLOUD_SCORE = "GOOGLE/CLOUD_SCORE_PLUS/V1/S2_HARMONIZED"

_BAND_SIDE = {
    "B1": 6, "B2": 1, "B3": 1, "B4": 1, "B5": 2, "B6": 2, "B7": 2, "B8": 1, "B8A": 2, "B9": 6, "B10": 6,
    "B11": 2, "B12": 2, "QA60": 6,
}  # fmt: skip
"""Pixels of 10 m along the side of a pixel of each band."""

_QA60_GAP = (milliseconds("2022-01-25"), milliseconds("2024-02-28"))
"""QA60 is masked between these dates, as in the real collection."""

_TILE_REACH_KM = 80.0
"""Half the diagonal of a tile."""

_FARTHEST = (SENTINEL2.far_km + _TILE_REACH_KM) * 1000 / EARTH_RADIUS  # chord from a nadir to a tile's middle
_BRIEF_MS = 2 * 3_600_000  # a listing of less time looks first where the satellites were
_ABEAM_MS = 30_000  # over half the time between two nadirs

_INDEX = re.compile(r"(\d{8}T\d{6})_(\d{8}T\d{6})_T(\d{2}[A-Z]{3})")

_MS_PER_SECOND = 1000


@dataclass(frozen=True)
class TileScene:
    """One tile seen in one pass."""

    tile: Tile
    mission: Mission
    track: int
    cycle: int
    u: float

    @property
    def time_ms(self) -> int:
        """When the tile's middle was abeam, ms since 1970."""
        return round(SENTINEL2.flown_ms(self.mission, self.track, self.u, self.cycle))

    @property
    def pass_name(self) -> str:
        """Mission and absolute orbit."""
        return f"{self.mission.name}-{SENTINEL2.absolute(self.mission, self.track, self.cycle)}"

    @property
    def index(self) -> str:
        """The `system:index`."""
        return f"{_stamp(self.time_ms)}_{_stamp(self.time_ms + 2 * _MS_PER_SECOND)}_T{self.tile.name}"

    def swath(self) -> Swath:
        """The strip of the pass about the tile."""
        return SENTINEL2.swath(self.track, self.u - 2, self.u + 2)


class Sentinel2:
    """Tiles of the world's Sentinel-2.

    Args:
        fields: The world.
    """

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self._passes: Cache[OpticalPass] = Cache(16)
        self._crossings: Cache[list[tuple[int, float]]] = Cache(4096)

    @cached_property
    def _nadirs(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Descending positions along the orbit in degrees `(U,)` and nadirs of every track `(143, U, 3)`."""
        u = np.arange(90.0, 270.0, 0.5)
        tracks = np.arange(SENTINEL2.tracks)[:, None]
        return u, SENTINEL2.ground(tracks, np.broadcast_to(u, (SENTINEL2.tracks, len(u))), 0.0)

    def crossings(self, tile: Tile) -> list[tuple[int, float]]:
        """Return the tracks whose swath sees part of a tile, each with its position abeam in degrees."""

        def make() -> list[tuple[int, float]]:
            u, nadirs = self._nadirs
            chords = ((nadirs - tile.center) ** 2).sum(axis=-1)
            nearest = chords.argmin(axis=1)
            limit = _FARTHEST
            found = []
            for track in np.flatnonzero(chords.min(axis=1) < limit**2).tolist():
                k = int(nearest[track])
                # A parabola through three samples finds the position abeam to a few metres.
                a, b, c = (float(chords[track, min(max(k + d, 0), len(u) - 1)]) for d in (-1, 0, 1))
                curve = a - 2 * b + c
                abeam = float(u[k]) + (0.25 * (a - c) / curve if curve > 0 else 0.0)
                if SENTINEL2.swath(track, abeam - 2, abeam + 2).inside(tile.samples).mean() > 0.02:
                    found.append((track, abeam))
            return found

        return self._crossings.get(tile.name, make)

    def _flown_over(self, start_ms: float, end_ms: float) -> NDArray[np.float64] | None:
        """Return the nadirs `(N, 3)` of [start, end); None where they are too many to be worth a look."""
        if end_ms - start_ms > _BRIEF_MS:
            return None
        u, nadirs = self._nadirs
        track: Any = np.arange(SENTINEL2.tracks)[:, None]
        along: Any = u
        length = SENTINEL2.cycle_days * DAY_MS
        seen = np.zeros(nadirs.shape[:2], bool)
        for mission in SENTINEL2.missions:
            first = SENTINEL2.flown_ms(mission, track, along, 0)
            low, high = start_ms - _ABEAM_MS, end_ms + _ABEAM_MS
            seen |= np.ceil((low - first) / length) < np.ceil((high - first) / length)
        return np.asarray(nadirs[seen])

    def walk(self, bounds: Bounds, start_ms: float, end_ms: float) -> Iterator[TileScene]:
        """Yield the scenes over `bounds` within [start, end), tile after tile."""
        places = self._flown_over(start_ms, end_ms)
        for tile in tiles_over(bounds):
            if places is not None and not _any_near(places, tile.center):
                continue
            for track, u in self.crossings(tile):
                for mission in SENTINEL2.missions:
                    cycles = SENTINEL2.cycles(mission, track, u, start_ms, end_ms)
                    yield from (TileScene(tile, mission, track, cycle, u) for cycle in cycles)

    def find(self, bounds: Bounds, start_ms: float, end_ms: float, limit: int) -> list[TileScene] | None:
        """Return the scenes over `bounds` within [start, end), in order of index; None if over `limit`."""
        found = list(islice(self.walk(bounds, start_ms, end_ms), limit + 1))
        return None if len(found) > limit else sorted(found, key=lambda scene: scene.index)

    def scene(self, index: str) -> TileScene | None:
        """Return the scene of a `system:index`, or None if there is none."""
        match = _INDEX.fullmatch(index)
        tile = tile_named(match[3]) if match else None
        if match is None or tile is None:
            return None
        try:
            moment = datetime.strptime(match[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC).timestamp() * 1000
        except ValueError:
            return None
        for track, u in self.crossings(tile):
            for mission in SENTINEL2.missions:
                for cycle in SENTINEL2.cycles(mission, track, u, moment - 1000, moment + 2000):
                    scene = TileScene(tile, mission, track, cycle, u)
                    if scene.index == index:
                        return scene
        return None

    def optical_pass(self, scene: TileScene) -> OpticalPass:
        """Return haze and sky of a scene's pass; all its tiles are taken at one time."""

        def make() -> OpticalPass:
            days = days_of(SENTINEL2.flown_ms(scene.mission, scene.track, 180.0, scene.cycle))
            return OpticalPass(self._fields, scene.pass_name, days)

        return self._passes.get(scene.pass_name, make)

    def records(self, scenes: Iterable[TileScene], *, score: bool = False) -> Iterator[ImageRecord]:
        """Yield records of scenes, of Cloud Score+ if `score`."""
        for scene in scenes:
            yield self.score_record(scene) if score else self.record(scene)

    def record(self, scene: TileScene) -> ImageRecord:
        """Return the L1C record of a scene."""
        bands = tuple(
            BandRecord(
                name,
                "uint16",
                scene.tile.grid(10.0 * side),
                "MEAN" if name != "QA60" else "MODE",
            )
            for name, side in _BAND_SIDE.items()
        )
        swath = scene.swath()
        source = _TileSource(self._fields, self.optical_pass(scene), swath, scene.time_ms, bands)
        properties = self._properties(scene, swath)
        return ImageRecord(f"{S2_L1C}/{scene.index}", bands, properties, scene.tile.polygon, True, source)

    def score_record(self, scene: TileScene) -> ImageRecord:
        """Return the Cloud Score+ record of a scene."""
        bands = tuple(BandRecord(name, "float32", scene.tile.grid(10.0)) for name in ("cs", "cs_cdf"))
        swath = scene.swath()
        source = _TileSource(self._fields, self.optical_pass(scene), swath, scene.time_ms, bands)
        properties = {
            "system:index": scene.index,
            "system:time_start": scene.time_ms,
            "system:time_end": scene.time_ms,
            "MGRS_TILE": scene.tile.name,
            "SOURCE_PRODUCT_ID": _product_id(scene),
            "simulated": True,
        }
        return ImageRecord(
            f"{CLOUD_SCORE}/{scene.index}", bands, properties, scene.tile.polygon, True, source
        )

    def cloudy_percentage(self, scene: TileScene, swath: Swath) -> float:
        """Return the share in % of the tile's seen part that is under cloud, from 16 x 16 places."""
        vectors = scene.tile.samples
        seen = swath.inside(vectors)
        cloudiness = self._fields.climate.at(vectors)["cloudiness"]
        sky = self.optical_pass(scene).sky
        cover = sky.fraction(sky.density(vectors, cloudiness)[0])
        return round(float(cover[seen].mean()) * 100, 4) if seen.any() else 0.0

    def _properties(self, scene: TileScene, swath: Swath) -> dict[str, Any]:
        cloudy = self.cloudy_percentage(scene, swath)
        elevation = _sun_elevation(scene.time_ms, scene.tile.lonlat)
        orbit = SENTINEL2.absolute(scene.mission, scene.track, scene.cycle)
        return {
            "system:index": scene.index,
            "system:time_start": scene.time_ms,
            "system:time_end": scene.time_ms,
            "CLOUDY_PIXEL_PERCENTAGE": cloudy,
            "CLOUD_COVERAGE_ASSESSMENT": cloudy,
            "MGRS_TILE": scene.tile.name,
            "SPACECRAFT_NAME": f"Sentinel-{scene.mission.name[1:]}",
            "PRODUCT_ID": _product_id(scene),
            "GRANULE_ID": f"L1C_T{scene.tile.name}_A{orbit:06d}_{_stamp(scene.time_ms)}",
            "DATATAKE_IDENTIFIER": f"G{scene.mission.name}_{_stamp(scene.time_ms)}_{orbit:06d}_N05.10",
            "DATATAKE_TYPE": "INS-NOBS",
            "GENERATION_TIME": scene.time_ms + 4 * 3_600_000,
            "PROCESSING_BASELINE": "05.10",
            "SENSING_ORBIT_NUMBER": scene.track + 1,
            "SENSING_ORBIT_DIRECTION": "DESCENDING",
            "MEAN_SOLAR_ZENITH_ANGLE": round(90 - elevation, 4),
            "MEAN_SOLAR_AZIMUTH_ANGLE": 140.0 if scene.tile.center[2] > 0 else 40.0,
            "simulated": True,
        }


class _TileSource:
    """Pixels of one tile of one pass: reflectance, QA60 and scores alike."""

    def __init__(
        self,
        fields: Fields,
        optical: OpticalPass,
        swath: Swath,
        time_ms: float,
        bands: tuple[BandRecord, ...],
    ) -> None:
        self._fields = fields
        self._optical = optical
        self._swath = swath
        self._time_ms = time_ms
        self._bands = {band.name: band for band in bands}

    def read(self, bands: Sequence[str], level: int, window: Window) -> list[Raster]:
        """See `RasterSource.read`."""
        groups: dict[tuple[int, str], list[str]] = {}
        for name in bands:
            kind = "qa" if name == "QA60" else "score" if name in ("cs", "cs_cdf") else "reflectance"
            groups.setdefault((_BAND_SIDE.get(name, 1), kind), []).append(name)
        rasters: dict[str, Raster] = {}
        for (side, kind), names in groups.items():

            def evaluate(
                block: Block, side: int, native: bool, names: list[str] = names, kind: str = kind
            ) -> list[tuple[NDArray[np.float32], NDArray[np.float32] | None]]:
                mask = self._mask(block, side)
                if not mask.any():
                    return [(mask, mask) for _ in names]
                if kind == "score":
                    scores = self._optical.score(block)
                    return [(scores[name], mask) for name in names]
                if kind == "qa":
                    cloud = reduce_blocks(self._optical.cloud(block)[0], side)
                    flagged = 1024.0 * (cloud > 0.5) + 2048.0 * ((cloud > 0.2) & (cloud <= 0.5))
                    gap = _QA60_GAP[0] <= self._time_ms < _QA60_GAP[1]
                    return [(flagged.astype(np.float32), mask * np.float32(not gap))]
                return [(value, mask) for value in self._optical.reflectance(block, names, side)]

            records = [self._bands[name] for name in names]
            rasters |= zip(names, read_bands(records, side, level, window, evaluate), strict=True)
        return [rasters[name] for name in bands]

    def _mask(self, block: Block, side: int) -> NDArray[np.float32]:
        distances = self._swath.distances(block.vectors)
        if (distances > 0).all():
            return np.ones((BLOCK // side, BLOCK // side), dtype=np.float32)
        pixels = upsample(np.moveaxis(distances, -1, 0).astype(np.float32), block.step)
        return np.asarray(reduce_blocks(pixels, side).min(axis=0) >= 0, dtype=np.float32)


def _any_near(places: NDArray[np.float64], center: NDArray[np.float64]) -> bool:
    return bool((((places - center) ** 2).sum(axis=1) < _FARTHEST**2).any())


def _stamp(time_ms: float) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y%m%dT%H%M%S")


def _product_id(scene: TileScene) -> str:
    taken = _stamp(scene.time_ms)
    return f"{scene.mission.name}_MSIL1C_{taken}_N0510_R{scene.track + 1:03d}_T{scene.tile.name}_{taken}"


def _sun_elevation(time_ms: float, lonlat: tuple[float, float]) -> float:
    """Elevation of the sun in degrees by declination and hour angle, good to about a degree."""
    days = days_of(time_ms)
    declination = math.radians(-23.44) * math.cos(2 * math.pi * (days % 365.25 + 10) / 365.25)
    hour = math.radians(((days % 1) * 24 + lonlat[0] / 15 - 12) * 15)
    lat = math.radians(lonlat[1])
    sine = math.sin(lat) * math.sin(declination)
    return math.degrees(math.asin(sine + math.cos(lat) * math.cos(declination) * math.cos(hour)))
