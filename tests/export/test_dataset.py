import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from ee_floods.contracts.dataset import DatasetManifest
from ee_floods.contracts.provenance import AssetUse, Provenance
from ee_floods.errors import InputError
from ee_floods.export.dataset import PairExport, build_manifest
from ee_floods.export.shards import open_export
from tests.export.test_shards import BANDS, write_export


@dataclass(frozen=True)
class Pair:
    id: str = "pakistan-2022-a"
    event_id: str = "pakistan-2022"
    s1_ids: tuple[str, ...] = ("COPERNICUS/S1_GRD/S1A",)
    s2_ids: tuple[str, ...] = ("COPERNICUS/S2_HARMONIZED/T1", "COPERNICUS/S2_HARMONIZED/T2")
    s1_time: datetime = datetime(2022, 8, 30, 1, 0, tzinfo=UTC)
    s2_time: datetime = datetime(2022, 8, 30, 8, 0, tzinfo=timezone(timedelta(hours=2)))
    hours_apart: float = -5.0
    rule: str = "within 48 h"


SIMULATED = Provenance((AssetUse("COPERNICUS/S1_GRD", True),))


@pytest.fixture
def exports(tmp_path):
    first = open_export(write_export(tmp_path / "pakistan-2022-a"), BANDS)
    second = open_export(write_export(tmp_path / "spain-2019-b"), BANDS)
    other = Pair(id="spain-2019-b", event_id="spain-2019")
    return [
        PairExport(Pair(), first, SIMULATED, {"weak_s1": -17.5}),
        PairExport(other, second, Provenance()),
    ]


def build(exports, folder, **more):
    splits = {"pakistan-2022": "train", "spain-2019": "test"}
    return build_manifest(
        "floods", exports, splits.__getitem__, folder=folder, scale_m=10, split_rule="by hand", **more
    )


def test_every_chip_is_listed_with_place_split_and_counts(exports, tmp_path):
    manifest = build(exports, tmp_path)
    assert len(manifest.chips) == 12
    last = manifest.chips[5]
    assert (last.id, last.index, last.row, last.col) == ("pakistan-2022-a/001-002", 5, 1, 2)
    assert last.counts == {"label": {"-1": 32, "0": 16, "1": 16}}  # the fill counts as invalid
    assert {chip.split for chip in manifest.split("train")} == {"train"}
    assert {chip.pair for chip in manifest.split("test")} == {"spain-2019-b"}


def test_bands_that_are_not_there_are_said(exports, tmp_path):
    manifest = build(exports, tmp_path)
    assert manifest.bands == BANDS
    assert "VH" in manifest.absent_bands
    assert "VV" not in manifest.absent_bands


def test_files_are_named_relative_with_their_checksums(exports, tmp_path):
    shard = build(exports, tmp_path).pairs[0].shards[1]
    assert shard.path == "pakistan-2022-a/x-00001.tfrecord.gz"
    assert shard.sha256 == hashlib.sha256((tmp_path / shard.path).read_bytes()).hexdigest()


def test_one_simulated_pair_makes_the_data_set_simulated(exports, tmp_path):
    assert build(exports, tmp_path).simulated
    assert not build(exports[1:], tmp_path).simulated


def test_times_are_utc_and_thresholds_name_their_pair(exports, tmp_path):
    manifest = build(exports, tmp_path)
    assert manifest.pairs[0].s2_time == "2022-08-30T06:00:00Z"
    assert manifest.thresholds == {"weak_s1/pakistan-2022-a": -17.5}


def test_the_manifest_reads_back_and_is_the_same_again(exports, tmp_path):
    manifest = build(exports, tmp_path, settings={"max_hours": 48})
    path = manifest.write(tmp_path / "dataset.json")
    assert DatasetManifest.read(path) == manifest
    assert build(exports, tmp_path, settings={"max_hours": 48}).to_json() == path.read_text()


def test_pairs_that_do_not_fit_together_are_named(exports, tmp_path):
    fewer = replace(exports[1], export=replace(exports[1].export, bands=("VV",)))
    with pytest.raises(InputError, match="spain-2019-b"):
        build([exports[0], fewer], tmp_path)


def test_an_empty_data_set_is_refused(tmp_path):
    with pytest.raises(InputError, match="no pair"):
        build([], tmp_path)


def test_shards_elsewhere_are_refused(exports, tmp_path):
    with pytest.raises(InputError, match="not in the data set's folder"):
        build(exports, tmp_path / "other")
