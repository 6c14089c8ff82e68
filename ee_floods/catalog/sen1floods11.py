"""Sen1Floods11 v1.1 in its own folder layout: which chips there are, and which split each belongs to.

Source: Bonafilia et al., "Sen1Floods11: a georeferenced dataset to train and test deep learning flood
algorithms for Sentinel-1", CVPR Workshops 2020. A chip is named `<Event>_<number>`; layers are folders:
`S1Hand/<chip>_S1Hand.tif`, `LabelHand/...`, optionally `S2Hand/...`, `JRCWaterHand/...`; the official splits
are CSV files `splits/flood_<split>_data.csv`.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ee_floods.errors import InputError, suggest

__all__ = ["SPLIT_FILES", "ChipFiles", "Sen1Floods11Index", "open_index"]

SPLIT_FILES = {
    "train": "flood_train_data.csv",
    "validation": "flood_valid_data.csv",
    "test": "flood_test_data.csv",
    "bolivia": "flood_bolivia_data.csv",
}
"""Official split files, by the split's name here; Bolivia is held out as an event of its own."""

_LAYERS = ("S1Hand", "LabelHand", "S2Hand", "JRCWaterHand")


@dataclass(frozen=True)
class ChipFiles:
    """The files of one chip; layers that the folder does not hold are absent from `layers`."""

    chip: str
    layers: dict[str, Path]
    split: str | None

    @property
    def event(self) -> str:
        """The event in the chip's name."""
        return self.chip.rsplit("_", 1)[0]


@dataclass(frozen=True)
class Sen1Floods11Index:
    """The chips of a folder, sorted by name."""

    root: Path
    chips: tuple[ChipFiles, ...]
    splits: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Chip names of each official split whose file is there, whether or not the chip is."""

    def select(
        self, *, chips: Sequence[str] | None = None, split: str | None = None
    ) -> tuple[ChipFiles, ...]:
        """Return chips by name and by split.

        Args:
            chips: Names; None for all.
            split: `train`, `validation`, `test` or `bolivia`; None for all.

        Raises:
            InputError: If a name is unknown, the split's file is absent, or nothing is left.
        """
        known = {item.chip: item for item in self.chips}
        for name in chips or ():
            if name not in known:
                raise InputError(f"`chips`: {self.root} has no chip {name!r}.", remedy=suggest(name, known))
        if split is not None and split not in SPLIT_FILES:
            raise InputError(f"`split` {split!r} is unknown.", remedy=suggest(split, SPLIT_FILES))
        if split is not None and split not in self.splits:
            raise InputError(
                f"`split` {split!r}: {self.root} has no splits/{SPLIT_FILES[split]}.",
                remedy="Put the official split files there, or name chips with `--chips`.",
            )
        wanted = set(chips) if chips else set(known)
        picked = tuple(c for c in self.chips if c.chip in wanted and split in (None, c.split))
        if not picked:
            raise InputError(f"No chip of {self.root} is in split {split!r}.", remedy="Leave out `--split`.")
        return picked


def open_index(root: Path) -> Sen1Floods11Index:
    """Return the index of a folder in Sen1Floods11's layout.

    Raises:
        InputError: If the folder does not exist, or has no `S1Hand` with chips in it.
    """
    radar = root / "S1Hand"
    if not root.is_dir():
        raise InputError(
            f"There is no folder {root}.", remedy="Give a folder that holds S1Hand/ and LabelHand/."
        )
    if not radar.is_dir():
        names = sorted(p.name for p in root.iterdir())
        inside = (", ".join(names[:4]) + (", ..." if len(names) > 4 else "")) or "nothing"
        raise InputError(
            f"{root} has no folder S1Hand; it holds {inside}.",
            remedy="Give the folder that holds S1Hand/ and LabelHand/ (v1.1/data/flood_events/HandLabeled).",
        )
    splits = {name: _read_split(root / "splits" / file) for name, file in SPLIT_FILES.items()}
    found = {name: chips for name, chips in splits.items() if chips is not None}
    split_of = {chip: name for name, chips in found.items() for chip in chips}
    names = sorted(p.name.removesuffix("_S1Hand.tif") for p in radar.glob("*_S1Hand.tif"))
    if not names:
        raise InputError(f"{radar} holds no file *_S1Hand.tif.", remedy="Download the hand-labelled chips.")
    items = [ChipFiles(name, _layers(root, name), split_of.get(name)) for name in names]
    return Sen1Floods11Index(root, tuple(items), found)


def _layers(root: Path, chip: str) -> dict[str, Path]:
    paths = {layer: root / layer / f"{chip}_{layer}.tif" for layer in _LAYERS}
    return {layer: path for layer, path in paths.items() if path.is_file()}


def _read_split(path: Path) -> tuple[str, ...] | None:
    if not path.is_file():
        return None
    with path.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.reader(file) if row]
    chips = []
    for number, row in enumerate(rows, start=1):
        if not row[0].endswith("_S1Hand.tif"):
            raise InputError(
                f"{path}:{number}: expected a name ending in _S1Hand.tif, found {row[0]!r}.",
                remedy="Use the official split files.",
            )
        chips.append(row[0].removesuffix("_S1Hand.tif"))
    return tuple(chips)
