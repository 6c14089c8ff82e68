"""A library of NumPy arrays, and an evaluator that is driven by the real client's serializer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import ee
import numpy as np

from ee_floods.engine.evaluator import Evaluator
from ee_floods.engine.limits import Limits
from ee_floods.engine.records import AssetRecord, BandRecord, ImageRecord, Raster, TableRecord
from ee_floods.grid import Grid, Window

UTM = Grid("EPSG:32642", (10.0, 0.0, 500000.0, 0.0, -10.0, 3000000.0), (64, 64))
"""The native grid of most test images: 64 x 64 pixels of 10 m in the middle of a UTM zone."""


class ArraySource:
    """Pixels of arrays; level k is the mean of 2**k x 2**k blocks. Remembers what was read."""

    def __init__(
        self, bands: Mapping[str, np.ndarray], masks: Mapping[str, np.ndarray] | None = None
    ) -> None:
        self.bands, self.masks = bands, masks or {}
        self.reads: list[tuple[tuple[str, ...], int, Window]] = []

    def read(self, bands: Sequence[str], level: int, window: Window) -> list[Raster]:
        self.reads.append((tuple(bands), level, window))
        n = 2**level
        answer = []
        for name in bands:
            values = self.bands[name]
            mask = np.asarray(self.masks.get(name, np.ones(values.shape)), np.float32)
            if level:
                h, w = values.shape[0] // n, values.shape[1] // n
                blocks = values[: h * n, : w * n].reshape(h, n, w, n).astype(float).mean(axis=(1, 3))
                values, mask = blocks.astype(values.dtype), mask[::n, ::n][:h, :w]
            answer.append(Raster(values[window.slices], mask[window.slices]))
        return answer


def record(
    asset_id: str,
    bands: Mapping[str, np.ndarray],
    *,
    grid: Grid | None = None,
    masks: Mapping[str, np.ndarray] | None = None,
    properties: Mapping[str, Any] | None = None,
    footprint: Mapping[str, Any] | None = None,
    simulated: bool = False,
) -> ImageRecord:
    height, width = next(iter(bands.values())).shape
    native = grid or Grid(UTM.crs, UTM.transform, (height, width))
    records = tuple(BandRecord(name, values.dtype.name, native) for name, values in bands.items())
    return ImageRecord(asset_id, records, properties or {}, footprint, simulated, ArraySource(bands, masks))


@dataclass
class MemoryLibrary:
    images: dict[str, ImageRecord] = field(default_factory=dict)
    collections: dict[str, list[ImageRecord]] = field(default_factory=dict)
    tables: dict[str, TableRecord] = field(default_factory=dict)
    queries: list[dict[str, Any]] = field(default_factory=list)

    def add(self, image: ImageRecord) -> ImageRecord:
        self.images[image.id] = image
        parent = image.id.rpartition("/")[0]
        if parent:
            self.collections.setdefault(parent, []).append(image)
        return image

    def asset(self, asset_id: str) -> AssetRecord | None:
        if asset_id in self.images:
            return AssetRecord(asset_id, "IMAGE", simulated=self.images[asset_id].simulated)
        if asset_id in self.collections:
            made_up = any(image.simulated for image in self.collections[asset_id])
            return AssetRecord(asset_id, "IMAGE_COLLECTION", {"title": "test"}, made_up)
        return AssetRecord(asset_id, "TABLE") if asset_id in self.tables else None

    def image(self, asset_id: str) -> ImageRecord | None:
        return self.images.get(asset_id)

    def collection(self, asset_id: str, **query: Any) -> Iterable[ImageRecord] | None:
        self.queries.append(query)
        return self.collections.get(asset_id)

    def table(self, asset_id: str) -> TableRecord | None:
        return self.tables.get(asset_id)

    def children(self, parent_id: str) -> Iterable[AssetRecord]:
        return []


class Bench:
    """Evaluates client objects over a memory library."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.library = MemoryLibrary()
        self.evaluator = Evaluator(self.library, limits or Limits())

    def encode(self, thing: Any) -> dict[str, Any]:
        encoded: dict[str, Any] = ee.serializer.encode(thing, for_cloud_api=True)
        return encoded

    def value(self, thing: Any) -> Any:
        return self.evaluator.value(self.encode(thing)).result

    def pixels(self, image: Any, grid: Grid = UTM) -> list[np.ma.MaskedArray]:
        """Bands as masked arrays: masked where the mask is 0."""
        rasters = self.evaluator.image(self.encode(image)).read(grid)
        answer = []
        for raster in rasters:
            hidden = np.asarray(raster.mask) == 0
            wide = hidden.reshape(hidden.shape + (1,) * (raster.values.ndim - 2))
            answer.append(np.ma.MaskedArray(raster.values, np.broadcast_to(wide, raster.values.shape)))
        return answer

    def first(self, image: Any, grid: Grid = UTM) -> np.ma.MaskedArray:
        return self.pixels(image, grid)[0]

    def masks(self, image: Any, grid: Grid = UTM) -> list[np.ndarray]:
        return [raster.mask for raster in self.evaluator.image(self.encode(image)).read(grid)]


def scene(bench: Bench, name: str = "C/a", seed: int = 0, **kwargs: Any) -> dict[str, np.ndarray]:
    """Put a two-band radar image into the library and return its arrays."""
    rng = np.random.default_rng(seed)
    bands = {
        "VV": rng.normal(-12, 3, UTM.shape).astype(np.float32),
        "VH": rng.normal(-18, 3, UTM.shape).astype(np.float32),
    }
    bench.library.add(record(name, bands, **kwargs))
    return bands
