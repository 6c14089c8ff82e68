"""Pairs of simulated scenes for the tests of the world."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ee_floods.engine.records import ImageRecord
from ee_floods.engine.world import WorldLibrary
from ee_floods.engine.world.places import transformer
from ee_floods.grid import Window

S1 = "COPERNICUS/S1_GRD"
S2 = "COPERNICUS/S2_HARMONIZED"
SCORE = "GOOGLE/CLOUD_SCORE_PLUS/V1/S2_HARMONIZED"
HOUR = 3_600_000
DAY = 24 * HOUR


@dataclass(frozen=True)
class Pair:
    """One listed event with its label, the scene it was drawn on and the nearest radar pass over its box."""

    feature: dict[str, Any]
    label: ImageRecord
    s2: ImageRecord
    s1: ImageRecord

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        ring = np.array(self.feature["geometry"]["coordinates"][0])
        west, south = ring.min(axis=0).tolist()
        east, north = ring.max(axis=0).tolist()
        return west, south, east, north


def find_pair(world: WorldLibrary, feature: dict[str, Any], hours: float = 48) -> Pair:
    label = world.image(f"projects/local/assets/world/hand_labels/{feature['id']}")
    assert label is not None
    s2 = world.image(f"{S2}/{label.properties['s2_index']}")
    assert s2 is not None
    ring = np.array(feature["geometry"]["coordinates"][0])
    bounds = (*ring.min(axis=0).tolist(), *ring.max(axis=0).tolist())
    t = label.properties["system:time_start"]
    scenes = world.collection(S1, bounds=bounds, start_ms=t - hours * HOUR, end_ms=t + hours * HOUR)
    assert scenes is not None
    s1 = min(scenes, key=lambda r: abs(r.properties["system:time_start"] - t))
    return Pair(feature, label, s2, s1)


def window_at(record: ImageRecord, band: str, lonlat: tuple[float, float], size: int) -> Window:
    """The window of `size` pixels whose middle is at a place."""
    grid = next(b.grid for b in record.bands if b.name == band)
    x, y = lonlat if grid.crs == "EPSG:4326" else transformer(grid.crs).transform(*lonlat)
    row = int((y - grid.transform[5]) / grid.transform[4])
    col = int((x - grid.transform[2]) / grid.transform[0])
    return Window(row - size // 2, col - size // 2, size, size)
