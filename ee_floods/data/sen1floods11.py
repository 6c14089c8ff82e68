"""Sen1Floods11 chips as arrays: radar in dB with NaN, labels as -1, 0, 1, each file checked as it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import RasterioError

from ee_floods.catalog.sen1floods11 import ChipFiles
from ee_floods.contracts.chip import S1_BANDS, S2_BANDS, check_label_values
from ee_floods.errors import CorruptFileError, GridMismatchError, InputError
from ee_floods.grid import Grid

__all__ = ["CHIP_SIZE", "LabelledChip", "read_chip"]

CHIP_SIZE = 512
"""Side of a Sen1Floods11 chip in pixels."""


@dataclass(frozen=True)
class LabelledChip:
    """One chip.

    Args:
        chip: Its name.
        event: Its event.
        grid: Its grid, taken from the radar.
        bands: float32 `(512, 512)` by band name, NaN where masked; `VV`, `VH` in dB, and `B1`..`B12` in
            reflectance x 10000 where the chip has them.
        label: int8 `(512, 512)`: -1 invalid, 0 dry, 1 water.
    """

    chip: str
    event: str
    grid: Grid
    bands: Mapping[str, NDArray[np.float32]]
    label: NDArray[np.int8]

    @property
    def observed(self) -> NDArray[np.bool_]:
        """Where both radar bands hold a value."""
        return np.isfinite(self.bands["VV"]) & np.isfinite(self.bands["VH"])


def read_chip(files: ChipFiles, *, optical: bool = False) -> LabelledChip:
    """Read a chip.

    A radar of NaN alone is read as it is: the published protocol counts such chips.

    Args:
        files: From `catalog.sen1floods11`.
        optical: Whether to read `S2Hand` too.

    Raises:
        InputError: If a layer is missing, has another number of bands or another size, no CRS, or wrong
            label values.
        GridMismatchError: If a layer lies on another grid than the radar (to 1e-9 of a pixel).
        CorruptFileError: If a file cannot be read.
    """
    radar, grid = _read(files, "S1Hand", count=2)
    label, _ = _read(files, "LabelHand", count=1, grid=grid)
    check_label_values(label[0], str(files.layers["LabelHand"]))
    bands = {name: radar[i].astype(np.float32) for i, name in enumerate(S1_BANDS)}
    if optical:
        reflectance, _ = _read(files, "S2Hand", count=len(S2_BANDS), grid=grid)
        # The chips hold 0 where Sentinel-2 saw nothing; a top-of-atmosphere reflectance is never exactly 0.
        scene = np.where(reflectance == 0, np.nan, reflectance).astype(np.float32)
        bands |= {name: scene[i] for i, name in enumerate(S2_BANDS)}
    return LabelledChip(files.chip, files.event, grid, bands, label[0].astype(np.int8))


def _read(
    files: ChipFiles, layer: str, *, count: int, grid: Grid | None = None
) -> tuple[NDArray[np.generic], Grid]:
    path = files.layers.get(layer)
    if path is None:
        raise InputError(
            f"Chip {files.chip} has no {layer}.", remedy=f"Put {files.chip}_{layer}.tif into {layer}/."
        )
    try:
        with rasterio.open(path) as source:
            found_count, shape, crs = source.count, source.shape, source.crs
            values: NDArray[np.generic] = source.read() if found_count == count else np.zeros(0)
            affine = source.transform
    except RasterioError as error:
        raise CorruptFileError(f"{path} cannot be read ({error}).", remedy="Download it again.") from error
    if found_count != count:
        raise InputError(f"{path} has {found_count} band(s), expected {count}.", remedy=_remedy(layer))
    if crs is None:
        raise InputError(
            f"{path} has no CRS.", remedy="Sen1Floods11 is EPSG:4326; assign it with `rio edit-info`."
        )
    if shape != (CHIP_SIZE, CHIP_SIZE):
        raise InputError(
            f"{path} is {shape[0]} x {shape[1]} pixels, expected {CHIP_SIZE} x {CHIP_SIZE}.",
            remedy="Use the chips as published.",
        )
    found = Grid(crs.to_string(), tuple(affine)[:6], shape)
    if grid is not None and not found.same_as(grid):
        raise GridMismatchError(
            f"{path} lies on another grid than the radar of {files.chip}: "
            f"{found.crs} {found.transform} against {grid.crs} {grid.transform}.",
            remedy="Resample the label to the radar's grid (nearest neighbour).",
        )
    return values, found


def _remedy(layer: str) -> str:
    return {"S1Hand": "Radar chips hold VV and VH.", "LabelHand": "Labels hold one band."}.get(
        layer, f"{layer} holds Sentinel-2's 13 L1C bands."
    )
