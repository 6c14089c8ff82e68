"""Measure the simulated world: chips a second, levels against native pixels, and how hard its radar is.

    python benchmarks/world.py [--events 8]

Writes `benchmarks/results/world.json`. All data are SIMULATED. Times are CPU seconds of one process, so that
the rate per core does not depend on what else runs; set `OMP_NUM_THREADS=1` to keep BLAS on that core.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.contracts.report import BenchmarkReport, BenchmarkRow
from ee_floods.engine.records import ImageRecord
from ee_floods.engine.world import WorldLibrary
from ee_floods.engine.world.places import transformer
from ee_floods.grid import Window

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "benchmarks" / "results" / "world.json"

SIZE = 256
HOUR = 3_600_000

S2 = "COPERNICUS/S2_HARMONIZED"
SCORE = "GOOGLE/CLOUD_SCORE_PLUS/V1/S2_HARMONIZED"
GROUPS = (
    ("s1", ("VV", "VH"), 1.0),
    ("s2", ("B2", "B3", "B4", "B8"), 1.0),
    ("s2", ("B5", "B6", "B7", "B8A", "B11", "B12"), 2.0),
    ("s2", ("B1", "B9", "B10"), 6.0),
    ("score", ("cs_cdf",), 1.0),
    ("jrc", ("occurrence",), 2.4),
    ("merit", ("hnd",), 8.0),
)
"""Bands of a chip with the size of their pixel in 10 m: 18 bands and the label."""


@dataclass(frozen=True)
class Event:
    """The images of one event."""

    label: ImageRecord
    images: dict[str, ImageRecord]

    def chip(self, row: int, col: int) -> dict[str, NDArray[Any]]:
        """Read the 18 bands and the label of a chip at a pixel of the label."""
        grid = self.label.bands[0].grid
        x = grid.transform[2] + 10 * (col + SIZE / 2)
        y = grid.transform[5] - 10 * (row + SIZE / 2)
        lon, lat = transformer(grid.crs).transform(x, y, direction="INVERSE")
        bands = {}
        for key, names, factor in GROUPS:
            image = self.images[key]
            target = next(b.grid for b in image.bands if b.name == names[0])
            px, py = (lon, lat) if target.crs == "EPSG:4326" else transformer(target.crs).transform(lon, lat)
            side = int(SIZE / factor) + 2 * (factor > 1)
            middle_row = int((py - target.transform[5]) / target.transform[4])
            middle_col = int((px - target.transform[2]) / target.transform[0])
            window = Window(middle_row - side // 2, middle_col - side // 2, side, side)
            for name, raster in zip(names, image.source.read(names, 0, window), strict=True):
                bands[name] = raster.values
        window = Window(row, col, SIZE, SIZE)
        bands["label"] = self.label.source.read(["label"], 0, window)[0].values
        return bands


def main() -> None:
    """Measure, print, and write the result."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=8)
    options = parser.parse_args()
    places = [(i * SIZE, j * SIZE) for i in range(4) for j in range(4)]
    next(_events(1)).chip(0, 0)  # imports, orbit tables
    chips, seconds = [], 0.0
    for event in _events(options.events):
        start = time.process_time()
        chips += [event.chip(*place) for place in places]
        seconds += time.process_time() - start
    start = time.process_time()
    corners = ((60, 900), (900, 60))
    scattered = [event.chip(*place) for event in _events(options.events) for place in corners]
    alone = len(scattered) / (time.process_time() - start)
    rows = [
        _row("neighbouring chips of 256x256x18", len(chips) / seconds, "1/s a core", 3.0),
        _row("scattered chips, scenes found included", alone, "1/s a core"),
        *_realism(chips),
        *_levels(options.events),
    ]  # fmt: skip
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    report = BenchmarkReport(
        machine={"cores": os.cpu_count(), "system": platform.system(), "python": platform.python_version()},
        commit=commit.stdout.strip() or "none",
        command="python " + " ".join(["benchmarks/world.py", *sys.argv[1:]]),
        rows=tuple(rows),
    )
    report.write(RESULT)
    for row in rows:
        print(f"{row.name:45} {row.value:>9} {row.unit:12} {row.note}")


def _events(count: int) -> Iterator[Event]:
    """Yield events spread over the list, each in a world with cold caches."""
    world = WorldLibrary()
    ids = [event.id for event in world.config.events]
    for event_id in ids[:: max(len(ids) // count, 1)][:count]:
        world = WorldLibrary()
        label = world.image(f"projects/local/assets/world/hand_labels/{event_id}")
        assert label is not None and label.footprint is not None
        t = label.properties["system:time_start"]
        ring = np.array(label.footprint["coordinates"][0])
        west, south, east, north = (*ring.min(axis=0).tolist(), *ring.max(axis=0).tolist())
        found = world.collection(
            "COPERNICUS/S1_GRD",
            bounds=(west, south, east, north),
            start_ms=t - 48 * HOUR,
            end_ms=t + 48 * HOUR,
        )
        assert found is not None
        index = label.properties["s2_index"]
        images = {
            "s1": min(found, key=lambda r: abs(r.properties["system:time_start"] - t)),
            "s2": world.image(f"{S2}/{index}"),
            "score": world.image(f"{SCORE}/{index}"),
            "jrc": world.image("JRC/GSW1_4/GlobalSurfaceWater"),
            "merit": world.image("MERIT/Hydro/v1_0_1"),
        }
        yield Event(label, {key: image for key, image in images.items() if image is not None})


def _realism(chips: list[dict[str, NDArray[Any]]]) -> list[BenchmarkRow]:
    """How well simple rules find the labelled water: radar must be hard, clear optics easy."""
    from skimage.filters import threshold_otsu

    counts = {"otsu on VH, per chip": [0, 0], "VH below -23.6 dB": [0, 0], "B3 above B8": [0, 0]}
    dry = cloudy = 0
    for chip in chips:
        valid = (chip["label"] >= 0) & (chip["VH"] < 0)
        water = chip["label"] == 1
        dry += not water.any()
        cloudy += bool((chip["label"] < 0).mean() > 0.5)
        if valid.mean() < 0.02:
            continue
        found = {
            "otsu on VH, per chip": chip["VH"] < threshold_otsu(chip["VH"][valid]),
            "VH below -23.6 dB": chip["VH"] < -23.6,
            "B3 above B8": chip["B3"] > chip["B8"],
        }
        for name, mask in found.items():
            counts[name][0] += int((mask & water & valid).sum())
            counts[name][1] += int(((mask | water) & valid).sum())
    note = "SIMULATED, pooled water IoU on hand labels"
    rows = [_row(name, hit / max(union, 1), "IoU", note=note) for name, (hit, union) in counts.items()]
    rows.append(_row("chips without labelled water", dry / len(chips), "share"))
    rows.append(_row("chips mostly under cloud", cloudy / len(chips), "share"))
    for name in ("VV", "VH"):
        values = np.concatenate([chip[name][::4, ::4].ravel() for chip in chips])
        values = values[values < 0]
        rows += [_row(f"{name}, {q} % quantile", float(np.percentile(values, q)), "dB") for q in (5, 50, 95)]
    return rows


def _levels(count: int) -> list[BenchmarkRow]:
    """Labelled water at coarser levels against native pixels, over 5 km of each event."""
    areas = np.zeros((4, 2))
    for event in _events(count):
        for level in range(4):
            side = 512 >> level
            label = event.label.source.read(["label"], level, Window(0, 0, side, side))[0].values
            areas[level] += (label == 1).sum() * 4**level, (label >= 0).sum() * 4**level
    shares = areas[:, 0] / areas[:, 1]
    return [
        _row(f"water share at {10 * 2**level} m against 10 m", shares[level] / shares[0], "ratio")
        for level in (1, 2, 3)
    ]


def _row(name: str, value: float, unit: str, target: float | None = None, note: str = "") -> BenchmarkRow:
    met = None if target is None else value >= target
    return BenchmarkRow(name=name, value=round(float(value), 3), unit=unit, target=target, met=met, note=note)


if __name__ == "__main__":
    main()
