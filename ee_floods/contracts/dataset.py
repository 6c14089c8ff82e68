"""`dataset.json`: what a data set of chips holds, where each chip comes from and which split it is in."""

from __future__ import annotations

from collections import Counter
from typing import Any, ClassVar

from pydantic import Field, model_validator

from ee_floods.contracts.chip import BANDS, FILL, PATCH
from ee_floods.contracts.document import Document, Part
from ee_floods.errors import InputError

__all__ = ["ChipRecord", "DatasetManifest", "PairRecord", "ShardRecord"]


class ShardRecord(Part):
    """One file of a pair's export, relative to `dataset.json`."""

    path: str
    sha256: str
    bytes: int


class PairRecord(Part):
    """One Sentinel-1/Sentinel-2 pair: where its pixels come from and which rule admitted it."""

    id: str
    event: str
    s1_ids: tuple[str, ...]
    s2_ids: tuple[str, ...]
    s1_time: str
    s2_time: str
    hours_apart: float
    """Sentinel-1 minus Sentinel-2, so positive when the radar looked later."""
    rule: str
    """The rule that admitted the pair, in words."""
    shards: tuple[ShardRecord, ...]
    mixer: ShardRecord
    provenance: dict[str, Any]


class ChipRecord(Part):
    """One chip: its place in the pair's patches, its split and its label counts in pixels."""

    id: str
    pair: str
    index: int
    """Place among the pair's records, row-major."""
    row: int
    col: int
    split: str
    counts: dict[str, dict[str, int]] = Field(default_factory=dict)
    """By label band: pixels of `-1`, `0`, `1`."""


class DatasetManifest(Document):
    """`dataset.json`."""

    kind: ClassVar[str] = "dataset"

    name: str
    bands: tuple[str, ...]
    absent_bands: tuple[str, ...] = ()
    """Contracted bands that this data set does not hold."""
    fill: float = FILL
    scale_m: float
    patch: int = PATCH
    simulated: bool
    split_rule: str
    pairs: tuple[PairRecord, ...]
    chips: tuple[ChipRecord, ...]
    thresholds: dict[str, float] = Field(default_factory=dict)
    """Thresholds used for weak labels, by `<band>/<pair>`, in the band's unit."""
    settings: dict[str, Any] = Field(default_factory=dict)
    code_version: str

    @model_validator(mode="after")
    def _consistent(self) -> DatasetManifest:
        unknown = [name for name in self.bands if name not in BANDS]
        if unknown:
            raise ValueError(f"unknown bands {unknown}")
        pairs = {pair.id for pair in self.pairs}
        orphans = [chip.id for chip in self.chips if chip.pair not in pairs]
        if orphans:
            raise ValueError(f"chips of no pair: {orphans[:3]}")
        doubled = [name for name, n in Counter(chip.id for chip in self.chips).items() if n > 1]
        if doubled:
            raise ValueError(f"chips listed twice: {doubled[:3]}")
        return self

    def split(self, name: str) -> tuple[ChipRecord, ...]:
        """Return the chips of a split, in the manifest's order.

        Raises:
            InputError: If no chip has that split.
        """
        chips = tuple(chip for chip in self.chips if chip.split == name)
        if not chips:
            known = ", ".join(sorted({chip.split for chip in self.chips}))
            raise InputError(f"`split` {name!r} has no chip.", remedy=f"Splits here: {known}.")
        return chips
