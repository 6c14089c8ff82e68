"""From chips on disk to arrays in memory for training and validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ee_floods.contracts.chip import S1_BANDS
from ee_floods.contracts.dataset import ChipRecord
from ee_floods.data.tfrecords import ChipDataset
from ee_floods.errors import InputError

__all__ = ["Examples", "check_bands", "labelled_chips", "load_examples", "radar_seen", "split_chips"]


@dataclass(frozen=True)
class Examples:
    """Chips in memory.

    Args:
        inputs: Bands in their units, `(N, H, W, C)`, float32, NaN where masked.
        labels: `(N, H, W)`, int8: -1 invalid or without radar, 0 dry, 1 water.
    """

    inputs: NDArray[np.float32]
    labels: NDArray[np.int8]


def split_chips(dataset: ChipDataset, split: str) -> tuple[ChipRecord, ...]:
    """Return the chips of a split; none if the data set has no such split."""
    return tuple(chip for chip in dataset.manifest.chips if chip.split == split)


def labelled_chips(chips: Sequence[ChipRecord], band: str) -> tuple[ChipRecord, ...]:
    """Return the chips with at least one valid pixel in a label band, by the manifest's counts."""
    return tuple(
        chip for chip in chips if any(chip.counts.get(band, {}).get(value, 0) > 0 for value in ("0", "1"))
    )


def load_examples(
    dataset: ChipDataset, chips: Sequence[ChipRecord], bands: Sequence[str], label_band: str
) -> Examples:
    """Return chips with their labels; a pixel without radar is invalid whatever its label.

    Args:
        dataset: Where the chips are.
        chips: Which.
        bands: Input bands in order.
        label_band: `label`, `weak_s2` or `weak_s1`.

    Raises:
        InputError: If the data set lacks a band, with the bands that it lacks.
    """
    check_bands(dataset, (*bands, label_band))
    side = dataset.manifest.patch
    inputs = np.empty((len(chips), side, side, len(bands)), np.float32)
    labels = np.empty((len(chips), side, side), np.int8)
    for place, chip in dataset.stream(chips, (*bands, label_band)):
        for channel, band in enumerate(bands):
            inputs[place, ..., channel] = chip[band]
        labels[place] = chip[label_band]
    labels[~radar_seen(inputs, bands)] = -1
    return Examples(inputs, labels)


def radar_seen(inputs: NDArray[np.float32], bands: Sequence[str]) -> NDArray[np.bool_]:
    """Return where every Sentinel-1 band of `(..., C)` inputs is there."""
    radar = [place for place, band in enumerate(bands) if band in S1_BANDS]
    return np.asarray(np.isfinite(inputs[..., radar]).all(axis=-1))


def check_bands(dataset: ChipDataset, bands: Sequence[str]) -> None:
    """Raise `InputError` naming every band that a data set lacks, before anything is read."""
    absent = [band for band in bands if band not in dataset.manifest.bands]
    if absent:
        raise InputError(
            f"The data set {dataset.folder} lacks the band(s) {', '.join(absent)}.",
            remedy="Export the chips with these bands, or choose other `bands` for training.",
        )
