"""Listed events as a table, and the hand labels that a simulated labeller drew for them.

A label is drawn on one Sentinel-2 acquisition: what that scene shows at its own time, -1 under its clouds.
By the time of a radar pass the water may stand elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.records import BandRecord, ImageRecord, Raster, TableRecord
from ee_floods.engine.world.config import Event
from ee_floods.engine.world.fields import Fields
from ee_floods.engine.world.hydrology import milliseconds
from ee_floods.engine.world.lattice import Block, unit_vectors
from ee_floods.engine.world.noise import upsample
from ee_floods.engine.world.orbits import DAY_MS
from ee_floods.engine.world.places import Bounds, transformer
from ee_floods.engine.world.raster import read_bands
from ee_floods.engine.world.sentinel2 import Sentinel2, TileScene
from ee_floods.grid import Grid, Window

__all__ = ["EVENTS", "HAND_LABELS", "HandLabels"]

EVENTS = "projects/local/assets/world/events"
HAND_LABELS = "projects/local/assets/world/hand_labels"

_SEARCH_DAYS = 6.0
"""Half the period about the peak in which the labeller looks for a clear scene: more than one revisit."""

_LABELLER = "SIMULATED labeller"


class HandLabels:
    """Labels of the listed events.

    Args:
        fields: The world.
        sentinel2: Its optical scenes.
    """

    def __init__(self, fields: Fields, sentinel2: Sentinel2) -> None:
        self._fields = fields
        self._sentinel2 = sentinel2
        self._chosen: dict[str, TileScene | None] = {}

    @property
    def events(self) -> tuple[Event, ...]:
        """The listed events, in order of id."""
        return tuple(sorted(self._fields.config.events, key=lambda event: event.id))

    def table(self) -> TableRecord:
        """Return the events as features."""
        features = [_feature(event) for event in self.events]
        description = "SIMULATED floods of the simulated world."
        return TableRecord(EVENTS, features, {"simulated": True, "description": description}, True)

    def records(self, bounds: Bounds, start_ms: float, end_ms: float) -> Iterator[ImageRecord]:
        """Yield the labels over a box within [start, end), in order of `system:index`."""
        for event in self.events:
            # The date of the scene needs a search; the peak and the box rule most events out first.
            if abs(milliseconds(event.peak) - np.clip(milliseconds(event.peak), start_ms, end_ms)) > (
                _SEARCH_DAYS * DAY_MS
            ):
                continue
            if not bounds.meets(_ring(event)):
                continue
            record = self.record(event.id)
            if record and start_ms <= record.properties["system:time_start"] < end_ms:
                yield record

    def scene(self, event: Event) -> TileScene | None:
        """Return the acquisition that an event's label is drawn on: the best seen near the peak."""
        if event.id not in self._chosen:
            self._chosen[event.id] = self._choose(event)
        return self._chosen[event.id]

    def record(self, event_id: str) -> ImageRecord | None:
        """Return the label of an event, or None if there is no such event or no scene of it."""
        event = next((e for e in self.events if e.id == event_id), None)
        scene = self.scene(event) if event else None
        if event is None or scene is None:
            return None
        bands = (BandRecord("label", "int8", Grid.from_lonlat_box(event.box, 10.0), "MODE", (-1, 1)),)
        properties = {
            "system:index": event.id,
            "system:time_start": scene.time_ms,
            "system:time_end": scene.time_ms,
            "event": event.id,
            "event_name": event.name,
            "s2_index": scene.index,
            "label_source": _LABELLER,
            "simulated": True,
        }
        footprint = {"type": "Polygon", "coordinates": [_ring(event)]}
        source = _Source(self._fields, self._sentinel2, scene, bands)
        return ImageRecord(f"{HAND_LABELS}/{event.id}", bands, properties, footprint, True, source)

    def clear_share(self, event: Event, scene: TileScene) -> float:
        """Return the share of an event's box that a scene sees and that is not under cloud, 0..1."""
        west, south, east, north = event.box
        share = (np.arange(12) + 0.5) / 12
        lon, lat = np.meshgrid(west + share * (east - west), south + share * (north - south))
        vectors = unit_vectors(lon, lat)
        sky = self._sentinel2.optical_pass(scene).sky
        cloudiness = self._fields.climate.at(vectors)["cloudiness"]
        clear = sky.fraction(sky.density(vectors, cloudiness)[0]) < self._fields.config.clouds.label_limit
        left, bottom, right, top = scene.tile.grid(60.0).bounds
        x, y = transformer(scene.tile.crs).transform(lon, lat)
        seen = scene.swath().inside(vectors) & (x > left) & (x < right) & (y > bottom) & (y < top)
        return float((clear & seen).mean())

    def _choose(self, event: Event) -> TileScene | None:
        peak = milliseconds(event.peak)
        bounds = Bounds.of(event.box)
        reach = _SEARCH_DAYS * DAY_MS
        scenes = self._sentinel2.find(bounds, peak - reach, peak + reach, 5000) or []

        def rank(scene: TileScene) -> tuple[float, float]:
            days = abs(scene.time_ms - peak) / DAY_MS
            # A third of the box under cloud is worth about two and a half days from the peak.
            return (round(self.clear_share(event, scene) - 0.13 * days, 6), -scene.time_ms)

        return max(scenes, key=rank, default=None)


class _Source:
    """Pixels of one label."""

    def __init__(
        self, fields: Fields, sentinel2: Sentinel2, scene: TileScene, bands: tuple[BandRecord, ...]
    ) -> None:
        self._fields = fields
        self._sentinel2 = sentinel2
        self._scene = scene
        self._bands = bands

    def read(self, bands: Sequence[str], level: int, window: Window) -> list[Raster]:
        """See `RasterSource.read`."""
        optical = self._sentinel2.optical_pass(self._scene)
        days = self._scene.time_ms / DAY_MS
        swath = self._scene.swath()
        limit = self._fields.config.clouds.label_limit

        def evaluate(
            block: Block, side: int, native: bool
        ) -> list[tuple[NDArray[np.float32], NDArray[np.float32] | None]]:
            water = self._fields.scene(block, days).shares[7] >= 0.5
            label = water.astype(np.float32)
            label[optical.cloud(block)[0] >= limit] = -1
            distances = np.moveaxis(swath.distances(block.vectors), -1, 0).astype(np.float32)
            label[upsample(distances, block.step).min(axis=0) < 0] = -1
            return [(label, None)]

        return read_bands(self._bands, 1, level, window, evaluate)


def _ring(event: Event) -> list[list[float]]:
    west, south, east, north = event.box
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def _feature(event: Event) -> dict[str, Any]:
    properties = {
        "id": event.id,
        "name": event.name,
        "country": event.country,
        "start": event.start,
        "end": event.end,
        "peak": event.peak,
        "source": "simulated-world",
        "simulated": True,
    }
    geometry = {"type": "Polygon", "coordinates": [_ring(event)]}
    return {"type": "Feature", "id": event.id, "geometry": geometry, "properties": properties}
