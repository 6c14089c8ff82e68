"""The simulated world as a library of assets."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import islice
from pathlib import Path

from ee_floods.engine.errors import EngineError
from ee_floods.engine.records import AssetRecord, ImageRecord, TableRecord
from ee_floods.engine.world.config import WorldConfig, load_config
from ee_floods.engine.world.fields import Fields
from ee_floods.engine.world.ground_layers import DEM, DEM_2024, MERIT_HYDRO, WORLD_COVER, GroundLayers
from ee_floods.engine.world.labels import EVENTS, HAND_LABELS, HandLabels
from ee_floods.engine.world.places import Bounds
from ee_floods.engine.world.sentinel1 import S1_GRD, Sentinel1
from ee_floods.engine.world.sentinel2 import CLOUD_SCORE, S2_L1C, Sentinel2
from ee_floods.engine.world.water_history import GLOBAL_SURFACE_WATER, WaterHistory

__all__ = ["ELEMENT_LIMIT", "WorldLibrary"]

ELEMENT_LIMIT = 5000
"""Elements of a collection that the service accumulates before it gives up."""

_FOLDER = "projects/local/assets/world"

_WIDEST = 60.0
"""Degrees of longitude or latitude above which a box of scenes is refused before anything is counted."""

_COLLECTIONS = {
    S1_GRD: "SIMULATED Sentinel-1 GRD, IW, VV and VH sigma0 in dB.",
    S2_L1C: "SIMULATED Sentinel-2 L1C, harmonised.",
    CLOUD_SCORE: "SIMULATED Cloud Score+ of the simulated Sentinel-2 scenes.",
    DEM: "SIMULATED elevation in the tiles of Copernicus GLO30.",
    DEM_2024: "SIMULATED elevation in the tiles of Copernicus GLO30, release 2024_1.",
    WORLD_COVER: "SIMULATED land cover in the classes of ESA WorldCover.",
    HAND_LABELS: "SIMULATED hand labels (-1 invalid, 0 dry, 1 water) drawn on simulated Sentinel-2 scenes.",
}
_IMAGES = {
    GLOBAL_SURFACE_WATER: "SIMULATED surface water 1984-2021 in the bands of JRC Global Surface Water.",
    MERIT_HYDRO: "SIMULATED elevation and height above nearest drainage in the bands of MERIT Hydro.",
}
_SCENES = (S1_GRD, S2_L1C, CLOUD_SCORE)


class WorldLibrary:
    """The simulated world: scenes of anywhere at any date, drawn from seeded noise and simple physics.

    Every record says `simulated`. The same place has the same bytes in any window, request order or
    process. Not safe for threads; each worker process makes its own.

    Args:
        seed: Another world; by default the configuration's. The listed events were sited in the default
            world: in another one their boxes may hold little water or few clear scenes.
        config: YAML of parameters; by default the one that ships with the package.

    Raises:
        ConfigError: If the configuration is not usable.
    """

    def __init__(self, seed: int | None = None, config: Path | None = None) -> None:
        self.config: WorldConfig = load_config(config, seed)
        self._fields = Fields(self.config)

    @cached_property
    def _sentinel1(self) -> Sentinel1:
        return Sentinel1(self._fields)

    @cached_property
    def _sentinel2(self) -> Sentinel2:
        return Sentinel2(self._fields)

    @cached_property
    def _labels(self) -> HandLabels:
        return HandLabels(self._fields, self._sentinel2)

    @cached_property
    def _history(self) -> WaterHistory:
        return WaterHistory(self._fields)

    @cached_property
    def _layers(self) -> GroundLayers:
        return GroundLayers(self._fields)

    def asset(self, asset_id: str) -> AssetRecord | None:
        """Return the record of an asset, or None if it is not of this world."""
        if asset_id == _FOLDER:
            return _asset(asset_id, "FOLDER", "SIMULATED events and labels of the simulated world.")
        if asset_id == EVENTS:
            return _asset(asset_id, "TABLE", "SIMULATED floods of the simulated world.")
        if asset_id in _COLLECTIONS:
            return _asset(asset_id, "IMAGE_COLLECTION", _COLLECTIONS[asset_id])
        if asset_id in _IMAGES:
            return _asset(asset_id, "IMAGE", _IMAGES[asset_id])
        image = self.image(asset_id)
        return AssetRecord(asset_id, "IMAGE", dict(image.properties), simulated=True) if image else None

    def image(self, asset_id: str) -> ImageRecord | None:
        """Return an image, alone or of a collection, or None if this world has no such image."""
        if asset_id == GLOBAL_SURFACE_WATER:
            return self._history.image()
        if asset_id == MERIT_HYDRO:
            return self._layers.merit()
        collection, _, index = asset_id.rpartition("/")
        if collection == S1_GRD:
            return self._sentinel1.parse(index)
        if collection in (S2_L1C, CLOUD_SCORE):
            scene = self._sentinel2.scene(index)
            if scene is None:
                return None
            return next(self._sentinel2.records([scene], score=collection == CLOUD_SCORE))
        if collection in (DEM, DEM_2024):
            return self._layers.dem_named(index, collection)
        if collection == WORLD_COVER and index == "2021":
            return self._layers.world_cover()
        return self._labels.record(index) if collection == HAND_LABELS else None

    def collection(
        self,
        asset_id: str,
        *,
        bounds: tuple[float, float, float, float] | None = None,
        start_ms: float | None = None,
        end_ms: float | None = None,
    ) -> Iterable[ImageRecord] | None:
        """Return the images of a collection in order of `system:index`, or None if there is no such one.

        Args:
            asset_id: Collection.
            bounds: West, south, east, north in degrees.
            start_ms: First moment, ms since 1970.
            end_ms: Moment after the last.

        Raises:
            EngineError: In the service's words, if more scenes would answer than it accumulates.
        """
        if asset_id not in _COLLECTIONS:
            return None
        box = Bounds.of(bounds)
        start = -math.inf if start_ms is None else start_ms
        end = math.inf if end_ms is None else end_ms
        if asset_id in _SCENES:
            return self._scenes(asset_id, bounds, start, end)
        if asset_id == HAND_LABELS:
            return self._labels.records(box, start, end)
        if asset_id == WORLD_COVER:
            return [r for r in [self._layers.world_cover()] if _within(r, start, end)]
        corners = self._layers.dem_corners(box)
        return (r for r in self._layers.dem_records(corners, asset_id) if _within(r, start, end))

    def table(self, asset_id: str) -> TableRecord | None:
        """Return a feature collection, or None if there is no such one."""
        return self._labels.table() if asset_id == EVENTS else None

    def children(self, parent_id: str) -> Iterable[AssetRecord]:
        """Return the assets directly in a folder or collection, in order of id.

        Raises:
            EngineError: For a collection of scenes, which has no end.
        """
        if parent_id == _FOLDER.rpartition("/")[0]:
            return [a for a in (self.asset(_FOLDER),) if a]
        if parent_id == _FOLDER:
            return [a for a in (self.asset(EVENTS), self.asset(HAND_LABELS)) if a]
        if parent_id in (HAND_LABELS, WORLD_COVER):
            records = self.collection(parent_id) or ()
            return [AssetRecord(r.id, "IMAGE", dict(r.properties), simulated=True) for r in records]
        if parent_id in _COLLECTIONS:
            raise _too_many()
        return []

    def browse(
        self,
        asset_id: str,
        *,
        bounds: tuple[float, float, float, float] | None = None,
        start_ms: float | None = None,
        end_ms: float | None = None,
        skip: int = 0,
    ) -> Iterator[ImageRecord] | None:
        """Yield the scenes of a collection without end, place after place; None for every other collection.

        Args:
            asset_id: Collection.
            bounds: West, south, east, north in degrees.
            start_ms: First moment, ms since 1970.
            end_ms: Moment after the last.
            skip: Scenes to leave out at the beginning.
        """
        if asset_id not in _SCENES:
            return None
        box = Bounds.of(bounds)
        start = -math.inf if start_ms is None else start_ms
        end = math.inf if end_ms is None else end_ms
        if asset_id == S1_GRD:
            return self._sentinel1.records(islice(self._sentinel1.walk(box, start, end), skip, None))
        scenes = islice(self._sentinel2.walk(box, start, end), skip, None)
        return self._sentinel2.records(scenes, score=asset_id == CLOUD_SCORE)

    def _scenes(
        self,
        asset_id: str,
        bounds: tuple[float, float, float, float] | None,
        start: float,
        end: float,
    ) -> Iterable[ImageRecord]:
        box = Bounds.of(bounds)
        if max(box.east - box.west, box.north - box.south) > _WIDEST:
            raise _too_many()
        if asset_id == S1_GRD:
            slices = self._sentinel1.find(box, start, end, ELEMENT_LIMIT)
            if slices is None:
                raise _too_many()
            return self._sentinel1.records(slices)
        scenes = self._sentinel2.find(box, start, end, ELEMENT_LIMIT)
        if scenes is None:
            raise _too_many()
        return self._sentinel2.records(scenes, score=asset_id == CLOUD_SCORE)


def _asset(asset_id: str, kind: str, description: str) -> AssetRecord:
    return AssetRecord(asset_id, kind, {"simulated": True, "description": description}, simulated=True)


def _within(record: ImageRecord, start: float, end: float) -> bool:
    return bool(start <= record.properties["system:time_start"] < end)


def _too_many() -> EngineError:
    return EngineError(f"Collection query aborted after accumulating over {ELEMENT_LIMIT} elements.", 400)
