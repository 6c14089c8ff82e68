"""Writes small data sets of chips: blobs and rivers of water under speckle, clouds over the optical bands.

A stand-in for an export, made without Earth Engine or the local engine, with a truth that is known. Radar is
ambiguous on purpose (wind, dark bare ground), optical water is not, so that a teacher has something to teach.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from ee_floods.contracts.chip import FILL, chip_id
from ee_floods.contracts.dataset import ChipRecord, DatasetManifest, PairRecord, ShardRecord
from ee_floods.contracts.mixer import Mixer
from ee_floods.contracts.tfrecord import encode_example, write_records
from ee_floods.grid import Grid

BANDS = ("VV", "VH", "B2", "B3", "B4", "B8", "B11", "B12", "cloud_score", "label", "weak_s1", "weak_s2")
_LAND = {"B2": 900, "B3": 1000, "B4": 1000, "B8": 2800, "B11": 2200, "B12": 1500}
_WATER = {"B2": 1000, "B3": 950, "B4": 800, "B8": 350, "B11": 150, "B12": 100}

Array = NDArray[np.float64]


def field(rng: np.random.Generator, size: int, sigma: float) -> Array:
    """Smooth noise of unit variance."""
    smooth = gaussian_filter(rng.standard_normal((size, size)), sigma, mode="wrap")
    return smooth / smooth.std()


def make_chip(
    rng: np.random.Generator, size: int, *, hand: bool, cloudy: bool
) -> dict[str, NDArray[np.float32]]:
    """One chip with every band of `BANDS`, fill where masked."""
    low = field(rng, size, size / 10)
    water = (low < rng.uniform(-1.4, -0.3)) | (np.abs(field(rng, size, size / 6)) < 0.04)
    bare = (field(rng, size, size / 14) > 1.4) & ~water
    look = gaussian_filter(rng.gamma(4.0, 1 / 4.0, (2, size, size)), (0, 0.6, 0.6))
    speckle = 10 * np.log10(look)
    chip: dict[str, Array] = {}
    land = field(rng, size, size / 16)
    wind = rng.uniform(0, 4)
    for i, (band, dry, wet, dark) in enumerate((("VV", -10.0, -19.0, -15.0), ("VH", -16.5, -25.0, -22.0))):
        offset = rng.normal(0, 0.8)
        level = np.where(water, wet + wind * (1.0 - 0.5 * i), np.where(bare, dark, dry + 1.2 * land))
        chip[band] = level + offset + speckle[i]
    clouds = field(rng, size, size / 6) > 0.2 if cloudy else np.zeros((size, size), bool)
    for band in _LAND:
        clear = np.where(water, _WATER[band], _LAND[band] * (1 + 0.2 * land + 0.4 * bare))
        chip[band] = np.where(clouds, 6000, clear) * rng.normal(1, 0.05, (size, size))
    chip["cloud_score"] = np.where(clouds, 0.1, 0.95)
    label = water.astype(float)
    label[gaussian_filter(rng.standard_normal((size, size)), size / 16) > 0.12] = -1
    chip["label"] = label if hand else np.full((size, size), FILL)
    threshold = (chip["VH"].mean() + np.quantile(chip["VH"], 0.05)) / 2  # a crude histogram split
    chip["weak_s1"] = (chip["VH"] < threshold).astype(float)
    ndwi = chip["B3"] > chip["B11"]
    chip["weak_s2"] = np.where(clouds, -1, ndwi).astype(float)
    chip["VH"][:2, :3] = chip["VV"][:2, :3] = FILL
    return {band: values.astype(np.float32) for band, values in chip.items()}


def write_dataset(
    folder: Path,
    *,
    train: int = 6,
    hand: int = 3,
    validation: int = 2,
    test: int = 0,
    size: int = 64,
    seed: int = 0,
) -> Path:
    """Write a data set with one pair per split, two shards each, and return the path of `dataset.json`.

    Args:
        folder: Where.
        train: Chips of the split `train`, the first `hand` of them hand-labelled.
        hand: See `train`.
        validation: Hand-labelled chips of `validation`.
        test: Hand-labelled chips of `test`.
        size: Side of a chip in pixels.
        seed: Seed of the chips.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    pairs, chips = [], []
    for split, number in (("train", train), ("validation", validation), ("test", test)):
        if not number:
            continue
        pair = f"pair-{split}"
        payloads = []
        for index in range(number):
            labelled = split != "train" or index < hand
            values = make_chip(rng, size, hand=labelled, cloudy=index % 3 == 2)
            payloads.append(encode_example({band: array.ravel() for band, array in values.items()}))
            counts = {band: label_counts(values[band]) for band in ("label", "weak_s1", "weak_s2")}
            place = {"index": index, "row": 0, "col": index}
            chips.append(
                ChipRecord(id=chip_id(pair, 0, index), pair=pair, split=split, counts=counts, **place)
            )
        cut = max(1, number // 2)
        shards = []
        for shard, part in enumerate((payloads[:cut], payloads[cut:])):
            file = folder / f"{pair}-{shard:05d}.tfrecord.gz"
            write_records(file, part)
            shards.append(record_of(file))
        mixer = folder / f"{pair}-mixer.json"
        grid = Grid("EPSG:32642", (10.0, 0.0, 0.0, 0.0, -10.0, 0.0), (size, size * number))
        mixer.write_text(Mixer(grid, (size, size)).to_json())
        pairs.append(
            PairRecord(
                id=pair, event="SIMULATED test", s1_ids=("s1",), s2_ids=("s2",),
                s1_time="2022-08-30T01:00:00Z", s2_time="2022-08-30T06:00:00Z", hours_apart=-5.0, rule="test",
                shards=tuple(shards), mixer=record_of(mixer),
                provenance={"simulated": True, "assets": [], "files": []},
            )
        )  # fmt: skip
    manifest = DatasetManifest(
        name="synthetic", bands=BANDS, scale_m=10, patch=size, simulated=True, split_rule="by pair",
        pairs=tuple(pairs), chips=tuple(chips), code_version="0",
    )  # fmt: skip
    return manifest.write(folder / "dataset.json")


def label_counts(values: NDArray[np.float32]) -> dict[str, int]:
    """Pixels of -1, 0 and 1, the fill among the first."""
    return {str(v): int((np.where(values == FILL, -1, values) == v).sum()) for v in (-1, 0, 1)}


def record_of(file: Path) -> ShardRecord:
    """The manifest's record of a file, as it lies on disk."""
    data = file.read_bytes()
    return ShardRecord(path=file.name, sha256=hashlib.sha256(data).hexdigest(), bytes=len(data))
