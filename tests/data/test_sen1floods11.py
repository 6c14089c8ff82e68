"""Reading a chip, and every way in which one can be wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from affine import Affine

from ee_floods.catalog.sen1floods11 import open_index
from ee_floods.data.sen1floods11 import LabelledChip, read_chip
from ee_floods.errors import CorruptFileError, GridMismatchError, InputError
from tests.chips import ORIGIN, write_chip, write_layer


def _read(root: Path) -> LabelledChip:
    return read_chip(open_index(root).chips[0])


def test_a_chip_is_read_as_it_was_written(tmp_path: Path) -> None:
    radar, label = write_chip(tmp_path)
    chip = _read(tmp_path)
    np.testing.assert_array_equal(chip.bands["VV"], radar[0])
    np.testing.assert_array_equal(chip.bands["VH"], radar[1])
    np.testing.assert_array_equal(chip.label, label)
    assert chip.label.dtype == np.int8
    assert chip.observed.all()


def test_radar_of_nan_alone_is_read_and_observed_nowhere(tmp_path: Path) -> None:
    write_chip(tmp_path)
    write_layer(tmp_path, "S1Hand", "Spain_1", np.full((2, 512, 512), np.nan, np.float32), nodata=np.nan)
    assert not _read(tmp_path).observed.any()


def test_one_band_is_refused(tmp_path: Path) -> None:
    write_chip(tmp_path)
    write_layer(tmp_path, "S1Hand", "Spain_1", np.zeros((1, 512, 512), np.float32))
    with pytest.raises(InputError, match=r"has 1 band\(s\), expected 2"):
        _read(tmp_path)


def test_no_crs_is_refused(tmp_path: Path) -> None:
    write_chip(tmp_path)
    write_layer(tmp_path, "S1Hand", "Spain_1", np.zeros((2, 512, 512), np.float32), crs=None)
    with pytest.raises(InputError, match="no CRS"):
        _read(tmp_path)


def test_another_size_is_refused(tmp_path: Path) -> None:
    write_chip(tmp_path, size=256)
    with pytest.raises(InputError, match="256 x 256"):
        _read(tmp_path)


@pytest.mark.parametrize(("shift", "refused"), [(1e-10, False), (1e-7, True), (1.0, True)])
def test_a_label_on_another_grid_is_refused_from_a_billionth_of_a_pixel(
    tmp_path: Path, shift: float, refused: bool
) -> None:
    _, label = write_chip(tmp_path)
    moved = Affine(ORIGIN.a, 0, ORIGIN.c + shift * ORIGIN.a, 0, ORIGIN.e, ORIGIN.f)
    write_layer(tmp_path, "LabelHand", "Spain_1", label[None], transform=moved)
    if refused:
        with pytest.raises(GridMismatchError, match="another grid than the radar of Spain_1"):
            _read(tmp_path)
    else:
        assert _read(tmp_path).label.shape == (512, 512)


def test_a_label_value_outside_is_refused(tmp_path: Path) -> None:
    _, label = write_chip(tmp_path)
    label[9, 9] = 3
    write_layer(tmp_path, "LabelHand", "Spain_1", label[None])
    with pytest.raises(InputError, match=r"LabelHand\.tif holds the label value\(s\) 3"):
        _read(tmp_path)


def test_a_missing_label_and_a_broken_file_are_named(tmp_path: Path) -> None:
    write_chip(tmp_path)
    radar = tmp_path / "S1Hand" / "Spain_1_S1Hand.tif"
    (tmp_path / "LabelHand" / "Spain_1_LabelHand.tif").unlink()
    with pytest.raises(InputError, match="Spain_1 has no LabelHand"):
        _read(tmp_path)
    radar.write_bytes(radar.read_bytes()[:90_000])
    with pytest.raises(CorruptFileError, match=r"S1Hand\.tif cannot be read"):
        _read(tmp_path)
