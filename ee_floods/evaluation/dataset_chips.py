"""The chips of a data set as things that can be scored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ee_floods.data.tfrecords import ChipDataset
from ee_floods.errors import InputError

__all__ = ["DatasetChip", "labelled_chips"]


@dataclass(frozen=True)
class DatasetChip:
    """One labelled chip: float32 bands `(H, W)` with NaN where masked, and a label of -1, 0, 1."""

    chip: str
    event: str
    bands: Mapping[str, NDArray[np.float32]]
    label: NDArray[np.int8]


def labelled_chips(dataset: ChipDataset, split: str, bands: Sequence[str]) -> Iterator[DatasetChip]:
    """Yield the chips of a split that have a hand label.

    Args:
        dataset: The data set.
        split: `train`, `validation` or `test`.
        bands: Bands to read.

    Raises:
        InputError: If the split has no chip with a valid label pixel.
    """
    event_of = {pair.id: pair.event for pair in dataset.manifest.pairs}
    found = False
    for chip in dataset.manifest.split(split):
        counts = chip.counts.get("label", {})
        if counts.get("0", 0) + counts.get("1", 0) == 0:
            continue
        found = True
        values = dataset.read(chip, (*bands, "label"))
        yield DatasetChip(
            chip.id,
            event_of[chip.pair],
            {band: values[band].astype(np.float32, copy=False) for band in bands},
            values["label"].astype(np.int8, copy=False),
        )
    if not found:
        raise InputError(
            f"No chip of split {split!r} has a hand label.", remedy="Give the data set a `labels` source."
        )
