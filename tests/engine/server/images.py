"""The mounted images of these tests: 64-pixel GeoTIFFs whose every pixel is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

MOUNT = "projects/local/assets/mounted"
GRID: dict[str, Any] = {
    "crs": "EPSG:32642",
    "crsTransform": [10, 0, 500000, 0, -10, 3000000],
    "dimensions": "96x64",
}
PIXEL_GRID = {
    "crsCode": "EPSG:32642",
    "affineTransform": {"scaleX": 10, "translateX": 500000, "scaleY": -10, "translateY": 3000000},
    "dimensions": {"width": 96, "height": 64},
}


def radar() -> np.ndarray:
    """`(2, 64, 96)` float32 in dB; NaN, which is masked, in a corner of the first band."""
    values = np.random.default_rng(7).normal(-15, 4, (2, 64, 96)).astype(np.float32)
    values[0, :5, :9] = np.nan
    return values


def classes() -> np.ndarray:
    """`(1, 64, 96)` uint8: 0, 1, 2, and 255 where there is no data."""
    values = np.random.default_rng(8).integers(0, 3, (1, 64, 96)).astype(np.uint8)
    values[0, 40:, 80:] = 255
    return values


def write_images(folder: Path) -> None:
    """Write `radar`, `classes`, the simulated `invented` and the collection `series` of three."""
    write(folder / "radar.tif", radar(), names=("VV", "VH"))
    write(folder / "classes.tif", classes(), nodata=255, names=("class",))
    write(folder / "invented.tif", radar()[:1, :8, :8], names=("VV",), tags={"simulated": "true"})
    (folder / "series").mkdir()
    for index in range(3):
        write(folder / "series" / f"im{index}.tif", np.full((1, 8, 8), index, np.int16), names=("n",))
        document = {"startTime": f"2022-08-0{index + 1}T00:00:00Z", "properties": {"number": index}}
        (folder / "series" / f"im{index}.json").write_text(json.dumps(document))


def write(
    path: Path,
    values: np.ndarray,
    *,
    nodata: float | None = None,
    names: tuple[str, ...] = (),
    tags: dict[str, str] | None = None,
) -> Path:
    import rasterio
    from affine import Affine

    count, height, width = values.shape
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=count,
        height=height,
        width=width,
        dtype=values.dtype,
        nodata=nodata,
        crs=GRID["crs"],
        transform=Affine(*GRID["crsTransform"]),
    ) as dataset:
        dataset.write(values)
        for number, name in enumerate(names, 1):
            dataset.set_band_description(number, name)
        dataset.update_tags(**(tags or {}))
    return path
