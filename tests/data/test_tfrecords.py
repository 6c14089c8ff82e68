from pathlib import Path

import numpy as np
import pytest

from ee_floods.contracts.chip import FILL
from ee_floods.contracts.tfrecord import read_records, write_records
from ee_floods.data.tfrecords import ChipDataset
from ee_floods.errors import CorruptFileError, FormatVersionError, InputError
from tests.synthetic_chips import BANDS, make_chip, record_of, write_dataset


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_dataset(tmp_path / "ds", train=4, hand=2, validation=1, size=16).parent


def test_chips_come_back_as_they_were_made(folder: Path) -> None:
    dataset = ChipDataset.open(folder, verify=True)
    rng = np.random.default_rng(0)
    for index, chip in enumerate(dataset.manifest.split("train")):
        made = make_chip(rng, 16, hand=index < 2, cloudy=index % 3 == 2)
        read = dataset.read(chip, BANDS)
        np.testing.assert_array_equal(read["B8"], made["B8"])
        np.testing.assert_array_equal(np.isnan(read["VV"]), made["VV"] == FILL)
        assert read["label"].dtype == np.int8
        np.testing.assert_array_equal(read["label"], np.where(made["label"] == FILL, -1, made["label"]))


def test_features_are_those_that_tensorflow_reads(folder: Path) -> None:
    tf = pytest.importorskip("tensorflow")
    dataset = ChipDataset.open(folder)
    shards = sorted(str(folder / s.path) for p in dataset.manifest.pairs[:1] for s in p.shards)
    spec = {"VH": tf.io.FixedLenFeature([16, 16], tf.float32)}
    theirs = [
        tf.io.parse_single_example(r, spec)["VH"].numpy() for r in tf.data.TFRecordDataset(shards, "GZIP")
    ]
    ours = dataset.arrays("train", ["VH"])["VH"]
    np.testing.assert_array_equal(np.nan_to_num(ours, nan=FILL), np.stack(theirs))


def test_arrays_keep_the_order_asked_for(folder: Path) -> None:
    dataset = ChipDataset.open(folder / "dataset.json")
    chips = dataset.manifest.chips[::-1]
    stacked = dataset.arrays(chips, ["VH", "label"])
    assert stacked["VH"].shape == (5, 16, 16)
    for place, chip in enumerate(chips):
        np.testing.assert_array_equal(stacked["VH"][place], dataset.read(chip.id, ["VH"])["VH"])


def test_missing_shard_is_named(folder: Path) -> None:
    (folder / "pair-train-00001.tfrecord.gz").unlink()
    with pytest.raises(CorruptFileError, match=r"pair-train-00001\.tfrecord\.gz is missing"):
        ChipDataset.open(folder)


def test_cut_shard_is_named_by_its_size(folder: Path) -> None:
    shard = folder / "pair-train-00001.tfrecord.gz"
    shard.write_bytes(shard.read_bytes()[:-7])
    with pytest.raises(CorruptFileError, match=r"pair-train-00001.*bytes"):
        ChipDataset.open(folder)


def test_changed_byte_is_found_when_verifying(folder: Path) -> None:
    shard = folder / "pair-train-00000.tfrecord.gz"
    data = bytearray(shard.read_bytes())
    data[len(data) // 2] ^= 1
    shard.write_bytes(data)
    ChipDataset.open(folder)
    with pytest.raises(CorruptFileError, match="SHA-256"):
        ChipDataset.open(folder, verify=True)


def test_mixer_that_names_more_records_than_the_shards_hold(folder: Path) -> None:
    dataset = ChipDataset.open(folder)
    shard = folder / "pair-train-00001.tfrecord.gz"
    write_records(shard, list(read_records(shard))[:1])
    pairs = [
        pair.model_copy(
            update={"shards": tuple(record_of(folder / s.path) for s in pair.shards)},
        )
        for pair in dataset.manifest.pairs
    ]
    dataset.manifest.model_copy(update={"pairs": tuple(pairs)}).write(folder / "dataset.json")
    with pytest.raises(CorruptFileError, match=r"names 4 patches, but the shards of pair-train hold 3"):
        ChipDataset.open(folder, verify=True)
    with pytest.raises(CorruptFileError, match="end after 3 records"):
        ChipDataset.open(folder).arrays("train", ["VH"])


def test_unknown_band_and_chip_are_named_with_what_is_near(folder: Path) -> None:
    dataset = ChipDataset.open(folder)
    with pytest.raises(InputError, match="'hand'"):
        dataset.arrays("train", ["hand"])
    with pytest.raises(InputError, match="Did you mean 'VH'"):
        dataset.arrays("train", ["VHH"])
    with pytest.raises(InputError, match="pair-train/000-009"):
        dataset.read("pair-train/000-009", ["VH"])


def test_manifest_of_another_major_version_is_refused(folder: Path) -> None:
    file = folder / "dataset.json"
    file.write_text(file.read_text().replace("ee-floods/dataset/1.0", "ee-floods/dataset/2.0"))
    with pytest.raises(FormatVersionError, match="Upgrade"):
        ChipDataset.open(folder)
