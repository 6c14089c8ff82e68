"""An export on disk: TFRecord shards and the mixer that says how their patches tile a grid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ee_floods.contracts.mixer import Mixer
from ee_floods.contracts.tfrecord import decode_example, read_records
from ee_floods.errors import CorruptFileError, GridMismatchError
from ee_floods.grid import Grid

__all__ = ["MIXER_SUFFIX", "SHARD_SUFFIX", "LocalExport", "open_export"]

SHARD_SUFFIX = ".tfrecord.gz"
MIXER_SUFFIX = "mixer.json"
"""Earth Engine's own suffixes; what stands before them is its choice, so files are found by these."""


@dataclass(frozen=True)
class LocalExport:
    """Shards and mixer of one image on this machine.

    Args:
        shards: In the order of their patches.
        mixer_path: The mixer's file.
        mixer: What it says.
        bands: Bands of every record.
    """

    shards: tuple[Path, ...]
    mixer_path: Path
    mixer: Mixer
    bands: tuple[str, ...]

    def chips(self) -> Iterator[Mapping[str, NDArray[np.float32]]]:
        """Yield the patches in row-major order, as float32 arrays `(H, W)` by band, the fill in them.

        Raises:
            CorruptFileError: If a record is damaged or lacks a band or pixels, or there
                are more or fewer records than the mixer says.
        """
        height, width = self.mixer.patch
        count = 0
        for shard in self.shards:
            for payload in read_records(shard):
                source = f"{shard}: record {count}"
                features = decode_example(payload, source)
                chip = {}
                for band in self.bands:
                    values = features.get(band)
                    if not isinstance(values, np.ndarray) or values.size != height * width:
                        held = "no" if values is None else f"{len(values)}"
                        raise CorruptFileError(
                            f"{source} has {held} values of {band!r}, and the mixer says {height} x {width}.",
                            remedy="Export again; shards and mixer must be of one export.",
                        )
                    chip[band] = values.reshape(height, width).astype(np.float32, copy=False)
                yield chip
                count += 1
        if count != self.mixer.total_patches:
            raise _unfit(self.mixer_path, self.mixer, count)

    def mosaic(self) -> dict[str, NDArray[np.float32]]:
        """Return the whole grid as float32 arrays `(H, W)` by band, the fill in them."""
        height, width = self.mixer.patch
        whole = {band: np.empty(self.mixer.grid.shape, np.float32) for band in self.bands}
        for index, chip in enumerate(self.chips()):
            row, col = divmod(index, self.mixer.patches_per_row)
            place = (slice(row * height, (row + 1) * height), slice(col * width, (col + 1) * width))
            for band, values in chip.items():
                whole[band][place] = values
        return whole


def open_export(folder: Path, bands: Sequence[str], *, grid: Grid | None = None) -> LocalExport:
    """Return the export that a folder holds, after counting its records and checking their checksums.

    Args:
        folder: Holds the shards and one mixer.
        bands: Bands that every record must have.
        grid: The grid it must be of, if that is known.

    Raises:
        CorruptFileError: If files are missing or damaged, or the mixer does not fit its shards.
        GridMismatchError: If it is of another grid.
    """
    mixers = sorted(folder.glob(f"*{MIXER_SUFFIX}"))
    shards = tuple(sorted(folder.glob(f"*{SHARD_SUFFIX}")))
    if len(mixers) != 1 or not shards:
        raise CorruptFileError(
            f"{folder} holds {len(shards)} shard(s) and {len(mixers)} mixer(s).",
            remedy="An export has at least one *.tfrecord.gz and exactly one *mixer.json; export again.",
        )
    mixer = Mixer.from_json(mixers[0].read_text(encoding="utf-8"), str(mixers[0]))
    if grid is not None and not mixer.grid.same_as(grid):
        raise GridMismatchError(
            f"{mixers[0]} is of {_words(mixer.grid)}, expected {_words(grid)}.",
            remedy="The shards are of another export; remove them, or give another destination.",
        )
    count = sum(1 for shard in shards for _ in read_records(shard))
    if count != mixer.total_patches:
        raise _unfit(mixers[0], mixer, count)
    return LocalExport(shards, mixers[0], mixer, tuple(bands))


def _unfit(path: Path, mixer: Mixer, count: int) -> CorruptFileError:
    return CorruptFileError(
        f"{path} names {mixer.total_patches} patches, and its shards hold {count}: it does not fit them.",
        remedy="A shard is missing, doubled or of another export; export again.",
    )


def _words(grid: Grid) -> str:
    return f"{grid.width} x {grid.height} pixels in {grid.crs} at {grid.transform}"
