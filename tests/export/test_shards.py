import gzip
import json

import numpy as np
import pytest

from ee_floods.contracts.chip import FILL
from ee_floods.contracts.mixer import Mixer
from ee_floods.contracts.tfrecord import encode_example, write_records
from ee_floods.errors import CorruptFileError, GridMismatchError
from ee_floods.export.shards import open_export
from ee_floods.grid import Grid

GRID = Grid("EPSG:32633", (10, 0, 500_000, 0, -10, 5_000_000), (16, 24))
BANDS = ("VV", "label")
VALUES = {
    "VV": np.arange(16 * 24, dtype=np.float32).reshape(16, 24),
    "label": np.tile(np.array([-1, 0, 1, FILL], np.float32), (16, 6)),
}


def write_export(folder, shards=2, grid=GRID, patch=8, values=VALUES):
    """Write an export as Earth Engine would, several shards and a prefix of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    payloads = []
    for cell in grid.patches(patch):
        place = (
            slice(cell.row * patch, (cell.row + 1) * patch),
            slice(cell.col * patch, (cell.col + 1) * patch),
        )
        payloads.append(encode_example({name: band[place] for name, band in values.items()}))
    per = -(-len(payloads) // shards)
    for index in range(shards):
        write_records(folder / f"x-{index:05d}.tfrecord.gz", payloads[index * per : (index + 1) * per])
    (folder / "x-mixer.json").write_text(Mixer(grid, (patch, patch)).to_json())
    return folder


def test_patches_go_back_to_their_places_across_shards(tmp_path):
    export = open_export(write_export(tmp_path), BANDS, grid=GRID)
    assert len(export.shards) == 2
    mosaic = export.mosaic()
    assert all(np.array_equal(mosaic[name], VALUES[name]) for name in BANDS)


def test_a_missing_shard_is_seen(tmp_path):
    write_export(tmp_path)
    (tmp_path / "x-00001.tfrecord.gz").unlink()
    with pytest.raises(CorruptFileError, match="6 patches, and its shards hold 3"):
        open_export(tmp_path, BANDS)


def test_a_doubled_shard_is_seen(tmp_path):
    write_export(tmp_path)
    (tmp_path / "x-00002.tfrecord.gz").write_bytes((tmp_path / "x-00001.tfrecord.gz").read_bytes())
    with pytest.raises(CorruptFileError, match="hold 9"):
        open_export(tmp_path, BANDS)


def test_a_mixer_with_another_number_of_patches_is_seen(tmp_path):
    write_export(tmp_path)
    path = tmp_path / "x-mixer.json"
    mixer = json.loads(path.read_text())
    path.write_text(json.dumps({**mixer, "totalPatches": 9}))
    with pytest.raises(CorruptFileError, match="does not fit"):
        open_export(tmp_path, BANDS)


def test_patches_of_another_size_than_the_mixer_says_are_seen(tmp_path):
    write_export(tmp_path)
    path = tmp_path / "x-mixer.json"
    mixer = json.loads(path.read_text())
    path.write_text(json.dumps({**mixer, "patchDimensions": [4, 4]}))
    with pytest.raises(CorruptFileError, match="64 values of 'VV'"):
        open_export(tmp_path, BANDS).mosaic()


def test_a_mixer_of_another_grid_is_seen(tmp_path):
    other = Grid(GRID.crs, (10, 0, 500_010, 0, -10, 5_000_000), GRID.shape)
    with pytest.raises(GridMismatchError, match="500010"):
        open_export(write_export(tmp_path, grid=other), BANDS, grid=GRID)


def test_a_missing_band_is_named(tmp_path):
    with pytest.raises(CorruptFileError, match="no values of 'VH'"):
        open_export(write_export(tmp_path), ("VV", "VH")).mosaic()


def test_a_flipped_bit_is_seen(tmp_path):
    write_export(tmp_path)
    path = tmp_path / "x-00000.tfrecord.gz"
    raw = bytearray(gzip.decompress(path.read_bytes()))
    raw[100] ^= 1
    path.write_bytes(gzip.compress(bytes(raw)))
    with pytest.raises(CorruptFileError, match="checksum"):
        open_export(tmp_path, BANDS)


def test_a_folder_without_an_export_is_named(tmp_path):
    with pytest.raises(CorruptFileError, match=r"0 shard\(s\) and 0 mixer"):
        open_export(tmp_path, BANDS)
