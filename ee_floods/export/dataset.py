"""`dataset.json` from the exports of pairs: chips, splits, label counts, checksums, provenance."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ee_floods import __version__
from ee_floods.contracts.chip import FILL, LABEL_BANDS, STACK_BANDS, chip_id, labels
from ee_floods.contracts.dataset import ChipRecord, DatasetManifest, PairRecord, ShardRecord
from ee_floods.contracts.provenance import Provenance
from ee_floods.errors import InputError
from ee_floods.export.shards import LocalExport

__all__ = ["PairExport", "PairLike", "build_manifest"]

_CHUNK = 1 << 20


class PairLike(Protocol):
    """What a manifest says of a Sentinel-1/Sentinel-2 pair; `query.pairs.Pair` is one."""

    @property
    def id(self) -> str:
        """Name of the pair, unique in the data set."""

    @property
    def event_id(self) -> str:
        """Event it is of."""

    @property
    def s1_ids(self) -> Sequence[str]:
        """Sentinel-1 scenes."""

    @property
    def s2_ids(self) -> Sequence[str]:
        """Sentinel-2 scenes."""

    @property
    def s1_time(self) -> datetime:
        """When the radar looked, UTC."""

    @property
    def s2_time(self) -> datetime:
        """When the camera looked, UTC."""

    @property
    def hours_apart(self) -> float:
        """Radar minus camera, hours."""

    @property
    def rule(self) -> str:
        """The rule that admitted it, in words."""


@dataclass(frozen=True)
class PairExport:
    """A pair and its shards.

    Args:
        pair: The pair.
        export: Its shards and mixer, in a folder below the data set's.
        provenance: The assets that its stack rests on.
        thresholds: Thresholds of its weak labels by band, in the band's unit.
    """

    pair: PairLike
    export: LocalExport
    provenance: Provenance
    thresholds: Mapping[str, float] = field(default_factory=dict)


def build_manifest(
    name: str,
    exports: Sequence[PairExport],
    split_of: Callable[[str], str],
    *,
    folder: Path,
    scale_m: float,
    split_rule: str,
    settings: Mapping[str, Any] | None = None,
) -> DatasetManifest:
    """Return the manifest of a data set; write it with `manifest.write(folder / "dataset.json")`.

    Every record is read, so damage is found here and not in training.

    Args:
        name: Name of the data set.
        exports: Its pairs; all with the same bands and patch.
        split_of: Returns the split of an event's id; an event is never torn apart.
        folder: Folder of the data set, which holds all shards.
        scale_m: Pixel size in metres.
        split_rule: How splits were drawn, in words.
        settings: Further settings to keep, as JSON.

    Raises:
        InputError: If there are no pairs, or they differ in bands or patch, or a shard lies elsewhere.
        CorruptFileError: If a shard is damaged.
    """
    if not exports:
        raise InputError(f"The data set {name!r} would have no pair.", remedy="Admit more pairs.")
    bands, patch = exports[0].export.bands, exports[0].export.mixer.patch
    for item in exports:
        if item.export.bands != bands or item.export.mixer.patch != patch:
            raise InputError(
                f"Pair {item.pair.id} has bands {item.export.bands} in patches of {item.export.mixer.patch}, "
                f"and {exports[0].pair.id} has {bands} in patches of {patch}.",
                remedy="Export all pairs of a data set with the same bands and patch.",
            )
    return DatasetManifest(
        name=name,
        bands=bands,
        absent_bands=tuple(band for band in STACK_BANDS if band not in bands),
        fill=FILL,
        scale_m=scale_m,
        patch=patch[0],
        simulated=any(item.provenance.simulated for item in exports),
        split_rule=split_rule,
        pairs=tuple(_pair_record(item, folder) for item in exports),
        chips=tuple(chip for item in exports for chip in _chip_records(item, split_of)),
        thresholds={
            f"{band}/{item.pair.id}": value for item in exports for band, value in item.thresholds.items()
        },
        settings=dict(settings or {}),
        code_version=__version__,
    )


def _pair_record(item: PairExport, folder: Path) -> PairRecord:
    pair = item.pair
    return PairRecord(
        id=pair.id,
        event=pair.event_id,
        s1_ids=tuple(pair.s1_ids),
        s2_ids=tuple(pair.s2_ids),
        s1_time=_utc(pair.s1_time),
        s2_time=_utc(pair.s2_time),
        hours_apart=pair.hours_apart,
        rule=pair.rule,
        shards=tuple(_shard_record(path, folder) for path in item.export.shards),
        mixer=_shard_record(item.export.mixer_path, folder),
        provenance=item.provenance.to_dict(),
    )


def _chip_records(item: PairExport, split_of: Callable[[str], str]) -> Iterator[ChipRecord]:
    split = split_of(item.pair.event_id)
    label_bands = [band for band in LABEL_BANDS if band in item.export.bands]
    for index, chip in enumerate(item.export.chips()):
        row, col = divmod(index, item.export.mixer.patches_per_row)
        yield ChipRecord(
            id=chip_id(item.pair.id, row, col),
            pair=item.pair.id,
            index=index,
            row=row,
            col=col,
            split=split,
            counts={band: _counts(chip[band]) for band in label_bands},
        )


def _counts(values: np.ndarray[Any, np.dtype[np.float32]]) -> dict[str, int]:
    found = Counter(labels(values).ravel().tolist())
    return {str(value): found[value] for value in (-1, 0, 1)}


def _shard_record(path: Path, folder: Path) -> ShardRecord:
    try:
        relative = path.resolve().relative_to(folder.resolve())
    except ValueError as error:
        raise InputError(f"{path} is not in the data set's folder {folder}.") from error
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return ShardRecord(path=relative.as_posix(), sha256=digest.hexdigest(), bytes=path.stat().st_size)


def _utc(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
