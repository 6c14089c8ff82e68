"""Tiny radar files, scenes, products and predictors for the tests of this room and the rooms below."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray

from ee_floods.contracts.card import ModelCard
from ee_floods.contracts.product import ProductProperties
from ee_floods.contracts.provenance import AssetUse, Provenance
from ee_floods.grid import Grid
from ee_floods.inference.radar_file import RadarScene
from ee_floods.inference.raster import FloodRaster

UTM = Grid("EPSG:32645", (10.0, 0.0, 720_000.0, 0.0, -10.0, 2_710_000.0), (40, 60))
SHARED_CHIPS = Path(__file__).parents[2] / ".." / "shared" / "data" / "sen1floods11" / "S1Hand"
"""Real chips beside the repository; tests that need them skip where they are absent."""

Bands = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True)
class StubPredictor:
    """Any function of the bands as a predictor; by default water where VH is below -20 dB."""

    function: Callable[[Bands], Any] = lambda bands: np.where(
        np.isnan(bands["VH"]), np.nan, bands["VH"] < -20
    ).astype(np.float32)
    name: str = "stub"
    bands: tuple[str, ...] = ("VH",)
    threshold: float = 0.5
    window: int | None = None
    card: ModelCard | None = None

    def fitted(self, bands: Bands) -> Mapping[str, float]:
        return {"vh_db": -20.0}

    def probability(self, bands: Bands) -> NDArray[np.float32]:
        return np.asarray(self.function(bands), dtype=np.float32)


def provenance(*, simulated: bool, name: str = "COPERNICUS/S1_GRD/S1A_X") -> Provenance:
    return Provenance(assets=(AssetUse(name, simulated),))


def radar_scene(grid: Grid = UTM, *, simulated: bool = False, seed: int = 0) -> RadarScene:
    """A lake in the left third, land in the rest, one row without VV, and one without VH."""
    rng = np.random.default_rng(seed)
    vh = rng.normal(-15, 0.5, grid.shape).astype(np.float32)
    vh[:, : grid.width // 3] -= 10
    vv = (vh + 6).astype(np.float32)
    vv[0], vh[1] = np.nan, np.nan
    return RadarScene(grid, {"VV": vv, "VH": vh}, "scene", provenance(simulated=simulated))


def write_radar(
    path: Path, bands: NDArray[Any], names: tuple[str, ...] = ("VV", "VH"), **profile: Any
) -> Path:
    """Write `(bands, H, W)` as a GeoTIFF; `profile` overrides CRS, nodata and the like; tags go in `tags`."""
    tags = profile.pop("tags", {})
    settings = {
        "driver": "GTiff",
        "count": bands.shape[0],
        "height": bands.shape[1],
        "width": bands.shape[2],
        "dtype": bands.dtype,
        "crs": "EPSG:32645",
        "transform": Affine(*UTM.transform),
    } | profile
    with rasterio.open(path, "w", **settings) as dataset:
        dataset.write(bands)
        dataset.update_tags(**tags)
        for index, name in enumerate(names, start=1):
            dataset.set_band_description(index, name)
    return path


def properties(**changes: Any) -> ProductProperties:
    """Properties of a real, unvalidated product; `changes` replace them."""
    values: dict[str, Any] = {
        "event": "Jamuna 2022",
        "observed_at": "2022-08-30T01:12:34+00:00",
        "model": "stub",
        "runtime": "numpy",
        "precision": "float32",
        "thresholds": {"water_probability": 0.5},
        "code_version": "0.0.0",
        "not_assessed": ("terrain",),
        "provenance": provenance(simulated=False).to_dict(),
    }
    return ProductProperties(**(values | changes))


def product(grid: Grid = UTM, *, block: int = 10, seed: int = 0, **changes: Any) -> FloodRaster:
    """A product of square blocks of random classes, each class at least once if the grid has room."""
    rng = np.random.default_rng(seed)
    rows, cols = -(-grid.height // block), -(-grid.width // block)
    values = rng.permutation(np.resize(np.array([0, 1, 2, 3, 4, 254, 255], np.uint8), rows * cols))
    flood = np.kron(values.reshape(rows, cols), np.ones((block, block), np.uint8))[
        : grid.height, : grid.width
    ]
    flood = np.ascontiguousarray(flood)
    percent = rng.integers(0, 101, grid.shape, dtype=np.uint8)
    percent[flood == 255] = 255
    exclusion = np.where(flood == 255, 16, np.where(flood == 254, 1, 0)).astype(np.uint8)
    return FloodRaster(grid, flood, percent, exclusion, properties(**changes))
