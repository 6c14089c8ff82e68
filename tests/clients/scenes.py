"""What the engine of these tests serves under real ids: three Sentinel-2 scenes and their Cloud Score+."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from tests.engine.server.images import write

SENTINEL2 = "COPERNICUS/S2_SR_HARMONIZED"
CLOUD_SCORE = "GOOGLE/CLOUD_SCORE_PLUS/V1/S2_HARMONIZED"
BANDS = ("B1", "B3", "B8", "QA60", "SCL")
SHAPE = (40, 50)
INDICES = tuple(f"2022080{day}T060631_20220801T060842_T42RVT" for day in (1, 2, 3))


def scene(number: int) -> np.ndarray:
    """Return `(5, 40, 50)` uint16: three bands of reflectance, QA60 without cloud, SCL vegetation."""
    values = np.random.default_rng(20 + number).integers(100, 3000, (len(BANDS), *SHAPE)).astype(np.uint16)
    values[3], values[4] = 0, 4
    return values


def clearness(number: int) -> np.ndarray:
    """Return `(40, 50)` float32 in 0..1: `cs` of a scene."""
    return np.random.default_rng(30 + number).uniform(0, 1, SHAPE).astype(np.float32)


def write_scenes(folder: Path) -> dict[str, Path]:
    """Write the scenes; return what is to be mounted where."""
    scenes, scores = folder / "scenes", folder / "scores"
    scenes.mkdir()
    scores.mkdir()
    for number, index in enumerate(INDICES):
        day = f"2022-08-0{number + 1}"
        document = {
            "startTime": f"{day}T06:06:31Z",
            "endTime": f"{day}T06:06:33Z",
            "properties": {"CLOUDY_PIXEL_PERCENTAGE": 10 * number},
        }
        write(scenes / f"{index}.tif", scene(number), names=BANDS)
        (scenes / f"{index}.json").write_text(json.dumps(document))
        write(scores / f"{index}.tif", clearness(number)[None], names=("cs",))
        (scores / f"{index}.json").write_text(json.dumps({"startTime": f"{day}T06:06:31Z"}))
    return {SENTINEL2: scenes, CLOUD_SCORE: scores}
