"""Writes tiny folders in Sen1Floods11's layout: one chip a call, each part of it changeable."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine

STEP = 8.983152841195215e-05
ORIGIN = Affine(STEP, 0, -0.78, 0, -STEP, 38.12)


def write_layer(root: Path, layer: str, chip: str, values: np.ndarray, **profile: Any) -> Path:
    """Write `(bands, H, W)` as one layer of a chip; `profile` overrides CRS, transform and the like."""
    folder = root / layer
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{chip}_{layer}.tif"
    settings = {
        "driver": "GTiff",
        "count": values.shape[0],
        "height": values.shape[1],
        "width": values.shape[2],
        "dtype": values.dtype,
        "crs": "EPSG:4326",
        "transform": ORIGIN,
    } | profile
    with rasterio.open(path, "w", **settings) as target:
        target.write(values)
    return path


def write_chip(
    root: Path, chip: str = "Spain_1", *, seed: int = 0, size: int = 512
) -> tuple[np.ndarray, np.ndarray]:
    """Write a chip with a dark lake; return radar `(2, H, W)` and label `(H, W)`."""
    rng = np.random.default_rng(seed)
    label = np.zeros((size, size), np.int16)
    label[size // 4 : size // 2, size // 4 : size // 2] = 1
    label[:4] = -1
    radar = rng.normal(-15, 1.5, (2, size, size)).astype(np.float32)
    radar[1] -= 7
    radar[:, label == 1] -= 12
    write_layer(root, "S1Hand", chip, radar, nodata=np.nan)
    write_layer(root, "LabelHand", chip, label[None])
    return radar, label
