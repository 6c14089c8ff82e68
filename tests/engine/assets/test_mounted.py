"""Mounted folders: what is written beside a file is read, or refused by name."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from ee_floods.engine.assets.mounted import MountedAssets
from ee_floods.engine.errors import EngineError

ROOT = "projects/local/assets/mine"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with rasterio.open(
        tmp_path / "scene.tif", "w", driver="GTiff", width=8, height=8, count=1, dtype="float32",
        crs="EPSG:32633", transform=Affine(10, 0, 500000, 0, -10, 5000000),
    ) as file:  # fmt: skip
        file.write(np.ones((8, 8), np.float32), 1)
    return tmp_path


def test_properties_and_times_stand_beside_the_file(folder: Path) -> None:
    beside = {"startTime": "2023-09-01T00:00:00Z", "properties": {"pass": "DESCENDING"}}
    (folder / "scene.json").write_text(json.dumps(beside))
    image = MountedAssets(ROOT, folder).image(f"{ROOT}/scene")
    assert image is not None
    assert image.properties["pass"] == "DESCENDING"
    assert image.properties["system:time_start"] == 1_693_526_400_000


def test_a_key_that_would_be_ignored_is_named(folder: Path) -> None:
    (folder / "scene.json").write_text(json.dumps({"system:time_start": 0}))
    with pytest.raises(EngineError, match=r"unknown keys \['system:time_start'\].*under 'properties'"):
        MountedAssets(ROOT, folder).image(f"{ROOT}/scene")
