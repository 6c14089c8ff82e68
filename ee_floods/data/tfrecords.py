"""Reads a data set of chips: `dataset.json` with the TFRecord shards and mixers beside it, in NumPy."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ee_floods.contracts.chip import BANDS, LABEL_BANDS, labels, observed
from ee_floods.contracts.dataset import ChipRecord, DatasetManifest, PairRecord, ShardRecord
from ee_floods.contracts.mixer import Mixer
from ee_floods.contracts.tfrecord import decode_example, read_records
from ee_floods.errors import CorruptFileError, InputError, suggest

__all__ = ["ChipDataset"]

MANIFEST = "dataset.json"
Values = NDArray[np.float32] | NDArray[np.int8]


@dataclass(frozen=True)
class ChipDataset:
    """A data set of chips on disk; make one with `ChipDataset.open`.

    Args:
        folder: Folder of `dataset.json`; shard paths are relative to it.
        manifest: What `dataset.json` says.
        sha256: Of `dataset.json`, and so, through its checksums, of every pixel.
    """

    folder: Path
    manifest: DatasetManifest
    sha256: str

    @classmethod
    def open(cls, path: Path, *, verify: bool = False) -> ChipDataset:
        """Open a data set and check that its files are there and whole.

        Args:
            path: `dataset.json` or its folder.
            verify: Also compare the checksum of every file, and count the records of every pair.

        Raises:
            InputError: If there is no data set.
            CorruptFileError: If a file is missing, of another size or checksum than the manifest says, or
                if a pair's mixer does not fit its records. The message names the file.
            FormatVersionError: If the manifest is of another major version.
        """
        path = Path(path)
        file = path / MANIFEST if path.is_dir() else path
        manifest = DatasetManifest.read(file)
        dataset = cls(file.parent, manifest, hashlib.sha256(file.read_bytes()).hexdigest())
        for pair in manifest.pairs:
            dataset._check(pair, verify)
        return dataset

    def read(self, chip: ChipRecord | str, bands: Sequence[str]) -> dict[str, Values]:
        """Return one chip.

        Args:
            chip: A chip of the manifest, or its id.
            bands: Names of the bands wanted.

        Returns:
            By band `(H, W)`: float32 with NaN where masked; label bands int8 with -1 where invalid.
        """
        return {band: values[0] for band, values in self.arrays([self._record(chip)], bands).items()}

    def arrays(self, chips: str | Sequence[ChipRecord], bands: Sequence[str]) -> dict[str, Values]:
        """Return many chips at once.

        Args:
            chips: A split's name, or chips of the manifest.
            bands: Names of the bands wanted.

        Returns:
            By band `(N, H, W)` in the order of `chips`: float32 with NaN where masked; label bands int8
            with -1 where invalid.

        Raises:
            InputError: If a band is not in this data set, or a split has no chip.
            CorruptFileError: If a record is cut short, or fewer are there than the manifest says.
        """
        records = self.manifest.split(chips) if isinstance(chips, str) else tuple(chips)
        self._check_bands(bands)
        shape = (len(records), self.manifest.patch, self.manifest.patch)
        out: dict[str, Values] = {
            band: np.full(shape, -1, np.int8) if band in LABEL_BANDS else np.full(shape, np.nan, np.float32)
            for band in bands
        }
        for place, chip in self.stream(records, bands):
            for band, values in chip.items():
                out[band][place] = values
        return out

    def stream(
        self, chips: Sequence[ChipRecord], bands: Sequence[str]
    ) -> Iterator[tuple[int, dict[str, Values]]]:
        """Yield chips one by one in the order in which they lie on disk, each shard read once.

        Args:
            chips: Chips of the manifest.
            bands: Names of the bands wanted.

        Yields:
            The chip's place in `chips`, and its bands as `read` returns them.
        """
        self._check_bands(bands)
        wanted: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        for place, chip in enumerate(chips):
            wanted[chip.pair][chip.index].append(place)
        pairs = {pair.id: pair for pair in self.manifest.pairs}
        for name, places in wanted.items():
            for index, values in self._records(pairs[name], places.keys(), bands):
                for place in places[index]:
                    yield place, values

    def _record(self, chip: ChipRecord | str) -> ChipRecord:
        if isinstance(chip, ChipRecord):
            return chip
        by_id = {record.id: record for record in self.manifest.chips}
        if chip not in by_id:
            raise InputError(f"`chip` {chip!r} is not in {self.folder}.", remedy=suggest(chip, by_id))
        return by_id[chip]

    def _check_bands(self, bands: Sequence[str]) -> None:
        for band in bands:
            if band not in self.manifest.bands:
                known = band in BANDS
                raise InputError(
                    f"The data set {self.folder} holds no band {band!r}.",
                    remedy="Export the chips again with this band, or leave it out of `bands`."
                    if known
                    else suggest(band, self.manifest.bands),
                )

    def _records(
        self, pair: PairRecord, wanted: Collection[int], bands: Sequence[str]
    ) -> Iterator[tuple[int, dict[str, Values]]]:
        """Yield the wanted records of a pair by their place among its records, row-major."""
        left = set(wanted)
        index = 0
        for shard in _sorted(pair.shards):
            file = self.folder / shard.path
            for payload in read_records(file):
                if index in left:
                    left.discard(index)
                    yield index, self._decode(payload, bands, f"{file}, record {index}")
                    if not left:
                        return
                index += 1
        if left:
            raise CorruptFileError(
                f"The shards of {pair.id} in {self.folder} end after {index} records; "
                f"the manifest names record {max(left)}.",
                remedy="Export the pair again.",
            )

    def _decode(self, payload: bytes, bands: Sequence[str], source: str) -> dict[str, Values]:
        features = decode_example(payload, source)
        side = self.manifest.patch
        chip: dict[str, Values] = {}
        for band in bands:
            values = features.get(band)
            if not isinstance(values, np.ndarray) or values.size != side * side:
                found = values.size if isinstance(values, np.ndarray) else "no"
                raise CorruptFileError(
                    f"{source}: band {band!r} holds {found} values instead of {side} x {side}.",
                    remedy="Export the pair again with the manifest's bands and patch.",
                )
            grid = values.astype(np.float32, copy=False).reshape(side, side)  # (H, W), row-major
            chip[band] = labels(grid) if band in LABEL_BANDS else observed(grid)
        return chip

    def _check(self, pair: PairRecord, verify: bool) -> None:
        for entry in (*pair.shards, pair.mixer):
            self._check_file(entry, verify)
        file = self.folder / pair.mixer.path
        mixer = Mixer.from_json(file.read_text(encoding="utf-8"), str(file))
        side = self.manifest.patch
        if mixer.patch != (side, side):
            raise CorruptFileError(
                f"{file} is of patches of {mixer.patch} pixels; the manifest says {side} x {side}.",
                remedy="Export the pair again.",
            )
        beyond = [c.id for c in self.manifest.chips if c.pair == pair.id and c.index >= mixer.total_patches]
        if beyond:
            raise CorruptFileError(
                f"{file} names {mixer.total_patches} patches; the manifest's chip {beyond[0]!r} is beyond.",
                remedy="Export the pair again.",
            )
        if verify:
            count = sum(1 for s in _sorted(pair.shards) for _ in read_records(self.folder / s.path))
            if count != mixer.total_patches:
                raise CorruptFileError(
                    f"{file} names {mixer.total_patches} patches, but the shards of {pair.id} hold {count}.",
                    remedy="A shard is missing or cut: export the pair again.",
                )

    def _check_file(self, entry: ShardRecord, verify: bool) -> None:
        file = self.folder / entry.path
        if not file.is_file():
            raise CorruptFileError(
                f"{file} is missing, though the manifest lists it.",
                remedy="Copy the whole folder, or export again.",
            )
        size = file.stat().st_size
        if size != entry.bytes:
            raise CorruptFileError(
                f"{file} has {size} bytes; the manifest says {entry.bytes}.",
                remedy="It was cut or changed: copy or export it again.",
            )
        if verify and hashlib.sha256(file.read_bytes()).hexdigest() != entry.sha256:
            raise CorruptFileError(
                f"The SHA-256 of {file} is not the one in the manifest.",
                remedy="It was changed: copy or export it again.",
            )


def _sorted(shards: Sequence[ShardRecord]) -> list[ShardRecord]:
    """Return shards by name, which is the order of their records (`-00000`, `-00001`, ...)."""
    return sorted(shards, key=lambda shard: shard.path)
