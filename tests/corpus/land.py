"""A small stretch of river country whose every pixel is known, as GeoTIFFs that the engine mounts.

Bands, ids, properties and types are those of the data sets that the workflows were written for, so that a
workflow runs on this land as it does on the real ids.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from scipy import ndimage

from ee_floods.grid import Grid

CRS = "EPSG:32642"
WEST, NORTH, PIXEL = 499_980.0, 3_000_000.0, 10.0  # multiples of 30 m: grids by scale begin at the CRS origin
SHAPE = (48, 66)  # neither square nor a power of two; both whole multiples of 3, for the coarse population
GRID = Grid(CRS, (PIXEL, 0.0, WEST, 0.0, -PIXEL, NORTH), SHAPE)

RADAR_DAYS = ("2022-07-05", "2022-07-17", "2022-07-29", "2022-08-10", "2022-08-22", "2022-09-03")
FLOOD_DAYS = {"2022-08-22": 1.0, "2022-09-03": 0.45}
"""Radar passes that see the flood, and how far it reaches."""
YEARS_OF_DAYS = tuple(f"{year}-{month:02d}-11" for year in (2020, 2021) for month in (1, 3, 5, 6, 8, 10, 12))
"""Passes of a longer series, in which VV follows the seasons."""
OPTICAL_DAYS = ("2022-07-06", "2022-07-31", "2022-08-20", "2022-08-25")
EVENTS = ("2010-08-01", "2015-09-10", "2020-07-20", "2022-08-20")

CROPLAND, BUILT_UP, TREES, OPEN_WATER = 40, 50, 10, 80


def millis(day: str) -> int:
    """Return milliseconds of a day at noon UTC."""
    return int(datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=UTC).timestamp() * 1000)


class Land:
    """The arrays, all of shape `SHAPE` but the population (a third of it each way)."""

    def __init__(self) -> None:
        self.rows, self.columns = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(float)
        self._rng = np.random.default_rng(20220822)
        self._noise = {day: self._rng.normal(0, 1, (2, *SHAPE)) for day in RADAR_DAYS}

    @cached_property
    def distance(self) -> np.ndarray:
        """Pixels to the middle of the river."""
        return np.abs(self.columns - (20 + 6 * np.sin(self.rows / 9)))

    @cached_property
    def river(self) -> np.ndarray:
        return self.distance < 4

    def flooded(self, day: str) -> np.ndarray:
        """Where a radar pass sees water that is not the river."""
        reach = 4 + 18 * FLOOD_DAYS.get(day, 0.0)
        return (self.distance < reach) & ~self.river

    def water(self, day: str) -> np.ndarray:
        return self.river | self.flooded(day)

    @cached_property
    def hand(self) -> np.ndarray:
        return np.maximum(self.distance - 4, 0).astype(np.float32) * np.float32(0.5)

    @cached_property
    def elevation(self) -> np.ndarray:
        steep = np.where(self.columns > 52, (self.columns - 52) * 4, 0)
        return (100 + self.hand - self.rows * 0.02 + steep).astype(np.float32)

    def radar(self, day: str) -> dict[str, np.ndarray]:
        """dB; the first two columns of the first pass are masked."""
        noise = self._noise[day]
        wet = self.water(day)
        vv = np.where(wet, -20.0, -10.0) + 0.5 * noise[0]
        vh = np.where(wet, -27.0, -16.5) + 0.5 * noise[1]
        angle = 30 + self.columns * 0.2
        bands = {
            name: values.astype(np.float32) for name, values in (("VV", vv), ("VH", vh), ("angle", angle))
        }
        if day == RADAR_DAYS[0]:
            for values in bands.values():
                values[:, :2] = np.nan
        return bands

    def seasonal(self, day: str) -> np.ndarray:
        """VV in dB of the longer series."""
        t = millis(day) / 86_400_000 / 365.25
        swing = 2 * np.cos(2 * np.pi * t) + self.rows / 20 * np.sin(2 * np.pi * t)
        noise = np.random.default_rng(millis(day) // 86_400_000).normal(0, 0.3, SHAPE)
        return (-12 + 0.02 * self.columns * (t - 50) + swing + noise).astype(np.float32)

    @cached_property
    def cloud(self) -> dict[str, np.ndarray]:
        """One round cloud on each optical day but the last."""
        centres = dict(zip(OPTICAL_DAYS, ((10, 12), (24, 40), (36, 30)), strict=False))
        return {
            day: np.hypot(self.rows - centres[day][0], self.columns - centres[day][1]) < 6
            if day in centres
            else np.zeros(SHAPE, bool)
            for day in OPTICAL_DAYS
        }

    def optical(self, day: str) -> dict[str, np.ndarray]:
        """Reflectance x 10000, QA60 (bit 10 cloud, bit 11 cirrus) and SCL."""
        wet = self.river | (self.flooded("2022-08-22") if day >= "2022-08" else False)
        ripple = (self.rows * 7 + self.columns * 3) % 50
        spectra = {
            "B2": (700, 900), "B3": (900, 1000), "B4": (600, 1100), "B8": (400, 2600), "B11": (250, 2400),
            "B12": (180, 1700),
        }  # fmt: skip
        bands = {
            name: np.where(self.cloud[day], 6000, np.where(wet, water, land) + ripple).astype(np.uint16)
            for name, (water, land) in spectra.items()
        }
        cirrus = self.columns == SHAPE[1] - 1
        qa = np.where(self.cloud[day], 1 << 10, 0) | np.where(cirrus, 1 << 11, 0)
        scene = np.where(self.cloud[day], 9, np.where(wet, 6, 4))
        return {**bands, "QA60": qa.astype(np.uint16), "SCL": scene.astype(np.uint8)}

    def cloud_probability(self, day: str) -> np.ndarray:
        soft = ndimage.uniform_filter(self.cloud[day].astype(float), 3)
        return np.round(100 * soft).astype(np.uint8)

    def cloud_score(self, day: str) -> np.ndarray:
        return (1 - ndimage.uniform_filter(self.cloud[day].astype(float), 5)).astype(np.float32)

    @cached_property
    def history(self) -> dict[str, np.ndarray]:
        """Bands of JRC's summary; masked (NaN) where water was never seen, as there."""
        occurrence = np.clip(np.round(100 - 12 * np.maximum(self.distance - 3, 0)), 0, 100)
        seen = occurrence > 0
        seasonality = np.where(occurrence >= 75, 12, np.round(occurrence / 10))
        transition = np.select([occurrence >= 75, occurrence >= 40], [1, 4], 10)
        change = np.clip(np.round(self.rows - 24), -100, 100)
        values = {"occurrence": occurrence, "change_abs": change, "seasonality": seasonality,
                  "transition": transition, "recurrence": np.clip(occurrence + 5, 0, 100)}  # fmt: skip
        found = {name: np.where(seen, band, np.nan).astype(np.float32) for name, band in values.items()}
        return {**found, "max_extent": seen.astype(np.float32)}

    def recurrence(self, month: int) -> np.ndarray:
        """Share of years, %, with water in a month."""
        swing = 8 + 6 * np.cos(2 * np.pi * (month - 8) / 12)
        return np.clip(np.round(100 - 100 * (self.distance - 3) / swing), 0, 100).astype(np.uint8)

    @cached_property
    def cover(self) -> np.ndarray:
        classes = np.select(
            [self.river, self.rows < 12, self.columns > 55, (self.rows > 30) & (self.columns > 30)],
            [OPEN_WATER, TREES, 30, BUILT_UP],
            CROPLAND,
        )
        return classes.astype(np.uint8)

    @cached_property
    def people(self) -> np.ndarray:
        """People per 30 m pixel."""
        rows, columns = np.mgrid[: SHAPE[0] // 3, : SHAPE[1] // 3]
        return ((rows * 5 + columns * 3) % 17 / 4).astype(np.float32)

    def event(self, position: int) -> dict[str, np.ndarray]:
        """Bands of the Global Flood Database for one event."""
        reach = 4 + 5 * (position + 1)
        flooded = self.distance < reach
        days = np.where(flooded, np.maximum(1, reach - self.distance), 0).astype(np.uint16)
        return {
            "flooded": flooded.astype(np.uint8),
            "duration": days,
            "jrc_perm_water": self.river.astype(np.uint8),
        }

    @staticmethod
    def districts() -> list[tuple[str, tuple[int, int, int, int]]]:
        """Names and boxes in pixels (top, left, bottom, right)."""
        return [("North", (0, 0, 16, 66)), ("South West", (16, 0, 48, 30)), ("South East", (16, 30, 48, 66))]


def write_tiff(
    path: Path,
    bands: Mapping[str, np.ndarray],
    properties: Mapping[str, Any] | None = None,
    pixel: float = PIXEL,
) -> None:
    """Write an asset: a GeoTIFF and its properties; floats are masked where NaN."""
    path.parent.mkdir(parents=True, exist_ok=True)
    first = next(iter(bands.values()))
    kind = np.result_type(*bands.values())
    nodata = np.nan if kind.kind == "f" else None
    with rasterio.open(
        path, "w", driver="GTiff", dtype=kind, count=len(bands), height=first.shape[0], width=first.shape[1],
        crs=CRS, transform=Affine(pixel, 0, WEST, 0, -pixel, NORTH), nodata=nodata,
    ) as dataset:  # fmt: skip
        for index, (name, values) in enumerate(bands.items(), 1):
            dataset.write(values.astype(kind), index)
            dataset.set_band_description(index, name)
    given = dict(properties or {})
    document: dict[str, Any] = {"properties": given}
    if "day" in given:
        document["startTime"] = f"{given.pop('day')}T12:00:00Z"
    path.with_suffix(".json").write_text(json.dumps(document))


def corner(row: float, column: float) -> list[float]:
    """Return x and y of a pixel's upper left corner."""
    return [WEST + PIXEL * column, NORTH - PIXEL * row]


def write(land: Land, folder: Path) -> None:
    """Write the whole land."""
    from pyproj import Transformer

    to_degrees = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
    for number, day in enumerate(RADAR_DAYS):
        name = f"S1A_IW_GRDH_1SDV_{day.replace('-', '')}T120000"
        properties = {
            "day": day, "instrumentMode": "IW", "resolution_meters": 10, "platform_number": "A",
            "transmitterReceiverPolarisation": ["VV", "VH"], "orbitProperties_pass": "DESCENDING",
            "relativeOrbitNumber_start": 78, "orbitNumber_start": 44000 + 175 * number,
        }  # fmt: skip
        write_tiff(folder / "S1" / f"{name}.tif", land.radar(day), properties)
    for day in YEARS_OF_DAYS:
        write_tiff(folder / "S1_YEARS" / f"{day}.tif", {"VV": land.seasonal(day)}, {"day": day})
    for number, day in enumerate(OPTICAL_DAYS):
        name = f"{day.replace('-', '')}T120000_T42RVR"
        properties = {
            "day": day, "CLOUDY_PIXEL_PERCENTAGE": float(land.cloud[day].mean() * 100),
            "MEAN_SOLAR_AZIMUTH_ANGLE": 135.0, "SPACECRAFT_NAME": ("Sentinel-2A", "Sentinel-2B")[number % 2],
        }  # fmt: skip
        write_tiff(folder / "S2" / f"{name}.tif", land.optical(day), properties)
        score = land.cloud_score(day)
        write_tiff(folder / "CLOUD_SCORE" / f"{name}.tif", {"cs": score, "cs_cdf": score**2}, {"day": day})
        probability = {"probability": land.cloud_probability(day)}
        write_tiff(folder / "CLOUD_PROBABILITY" / f"{name}.tif", probability, {"day": day})
    for month in range(1, 13):
        bands = {"monthly_recurrence": land.recurrence(month), "has_observations": np.ones(SHAPE, np.uint8)}
        write_tiff(folder / "MONTHLY_RECURRENCE" / f"{month:02d}.tif", bands, {"month": month})
    for position, day in enumerate(EVENTS):
        write_tiff(folder / "GFD" / f"DFO_{4000 + position}.tif", land.event(position), {"day": day})
    write_tiff(folder / "GSW.tif", land.history)
    write_tiff(folder / "DEM" / "tile.tif", {"DEM": land.elevation})
    write_tiff(folder / "MERIT.tif", {"elv": land.elevation, "hnd": land.hand})
    write_tiff(folder / "COVER" / "2021.tif", {"Map": land.cover}, {"day": "2021-01-01"})
    write_tiff(folder / "POPULATION.tif", {"population_count": land.people}, pixel=3 * PIXEL)
    features = []
    for number, (name, (top, left, bottom, right)) in enumerate(land.districts()):
        pixels = [(top, left), (bottom, left), (bottom, right), (top, right), (top, left)]
        ring = [list(to_degrees.transform(*corner(*at))) for at in pixels]
        features.append(
            {
                "type": "Feature", "id": f"d{number}",
                "geometry": {"type": "Polygon", "coordinates": [ring]},
                "properties": {"shapeName": name, "shapeGroup": "TST", "shapeType": "ADM1"},
            }
        )  # fmt: skip
    (folder / "DISTRICTS.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
