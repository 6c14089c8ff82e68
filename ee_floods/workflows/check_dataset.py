"""Read every byte of a data set and complain about the first thing that is wrong."""

from __future__ import annotations

from pathlib import Path

from ee_floods.contracts.chip import LABEL_BANDS
from ee_floods.errors import CorruptFileError
from ee_floods.workflows.watch import Watch

__all__ = ["check_dataset"]


def check_dataset(folder: Path, *, watch: Watch | None = None) -> int:
    """Check checksums, record CRCs, mixers, bands and label counts; return the number of chips.

    Args:
        folder: Holds `dataset.json`.
        watch: Told of progress.

    Raises:
        CorruptFileError: If a file is cut short, changed, or does not hold what the manifest says.
        InputError: If a file is missing or a label holds a value that is none.
    """
    import numpy as np

    from ee_floods.data.tfrecords import ChipDataset

    seen = watch or Watch()
    with seen.step("check"):
        dataset = ChipDataset.open(folder, verify=True)
        manifest = dataset.manifest
        label_bands = [band for band in LABEL_BANDS if band in manifest.bands]
        for done, chip in enumerate(manifest.chips, start=1):
            bands = dataset.read(chip, manifest.bands)
            for band in label_bands:
                found = {str(v): int(np.count_nonzero(bands[band] == v)) for v in (-1, 0, 1)}
                if band in chip.counts and found != {k: chip.counts[band].get(k, 0) for k in found}:
                    raise CorruptFileError(
                        f"Chip {chip.id}: `{band}` holds {found}, dataset.json says {chip.counts[band]}.",
                        remedy="Export the data set again.",
                    )
            seen.advance(done, len(manifest.chips))
    return len(manifest.chips)
