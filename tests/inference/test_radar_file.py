"""Radar files as users have them: what is read, and what each wrong file is told."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from ee_floods.contracts.provenance import Provenance
from ee_floods.errors import CorruptFileError, EEFloodsError, InputError, UnitsError
from ee_floods.grid import Window
from ee_floods.inference import memory
from ee_floods.inference.radar_file import read_radar
from tests.inference.makers import SHARED_CHIPS, UTM, provenance, write_radar


def decibels(shape: tuple[int, int] = (8, 12)) -> np.ndarray:
    vv = np.random.default_rng(0).normal(-10, 2, shape).astype(np.float32)
    return np.stack([vv, vv - 7])


def test_bands_and_grid_are_those_of_the_file(tmp_path: Path) -> None:
    values = decibels()
    scene = read_radar(write_radar(tmp_path / "a.tif", values))
    np.testing.assert_array_equal(scene.bands["VV"], values[0])
    np.testing.assert_array_equal(scene.bands["VH"], values[1])
    assert scene.grid.crs == "EPSG:32645" and scene.grid.transform == UTM.transform
    assert scene.grid.shape == (8, 12) and scene.name == "a" and scene.notes == ()
    assert scene.provenance == Provenance(files=("a.tif",))


def test_names_decide_the_order_of_bands(tmp_path: Path) -> None:
    values = decibels()
    scene = read_radar(write_radar(tmp_path / "a.tif", values, ("Sigma0_VH_db", "Sigma0_VV_db")))
    np.testing.assert_array_equal(scene.bands["VH"], values[0])
    np.testing.assert_array_equal(scene.bands["VV"], values[1])


def test_bands_without_names_are_vv_and_vh_and_the_scene_says_so(tmp_path: Path) -> None:
    scene = read_radar(write_radar(tmp_path / "a.tif", decibels(), ()))
    assert "no names" in scene.notes[0] and "VV" in scene.notes[0]


@pytest.mark.parametrize("nodata", [-9999.0, -32768.0, 0.0])
def test_nodata_becomes_nan(tmp_path: Path, nodata: float) -> None:
    values = decibels()
    values[0, 0, :3] = nodata
    scene = read_radar(write_radar(tmp_path / "a.tif", values, nodata=nodata))
    assert np.isnan(scene.bands["VV"]).sum() == 3 and not np.isnan(scene.bands["VH"]).any()


def test_infinity_and_the_fill_are_masked_without_a_nodata_value(tmp_path: Path) -> None:
    values = decibels()
    values[0, 0, :2] = (-np.inf, -9999)
    assert np.isnan(read_radar(write_radar(tmp_path / "a.tif", values)).bands["VV"]).sum() == 2


def test_zero_in_both_bands_is_nothing_measured_but_zero_in_one_is_a_measurement(tmp_path: Path) -> None:
    values = decibels()
    values[:, 0, 0] = 0
    values[0, 1, 1] = 0
    scene = read_radar(write_radar(tmp_path / "a.tif", values))
    assert np.isnan(scene.bands["VV"][0, 0]) and np.isnan(scene.bands["VH"][0, 0])
    assert scene.bands["VV"][1, 1] == 0


def test_scaled_integers_are_read_by_their_scale(tmp_path: Path) -> None:
    import rasterio

    values = decibels()
    path = write_radar(tmp_path / "a.tif", np.rint(values * 100).astype(np.int16), nodata=-32768)
    with rasterio.open(path, "r+") as dataset:
        dataset.scales = (0.01, 0.01)
    np.testing.assert_allclose(read_radar(path).bands["VV"], values[0], atol=0.0051)


def test_a_window_is_the_same_part_of_the_whole(tmp_path: Path) -> None:
    path = write_radar(tmp_path / "a.tif", decibels())
    window = Window(2, 3, 4, 5)
    whole, part = read_radar(path), read_radar(path, window=window)
    np.testing.assert_array_equal(part.bands["VH"], whole.bands["VH"][window.slices])
    assert part.grid == whole.grid.crop(window)
    with pytest.raises(InputError, match="outside"):
        read_radar(path, window=Window(6, 0, 4, 4))


def wrong_files(folder: Path) -> dict[str, tuple[Path, type[EEFloodsError], str]]:
    good = decibels()
    linear = 10 ** (good / 10)
    path = folder / "x.tif"
    return {
        "one band": (write_radar(folder / "one.tif", good[:1], ("VV",)), InputError, "one band"),
        "no crs": (write_radar(folder / "crs.tif", good, crs=None), InputError, "no coordinate reference"),
        "other names": (write_radar(folder / "n.tif", good, ("HH", "HV")), InputError, "HH, HV"),
        "all nan": (write_radar(folder / "nan.tif", good * np.nan), InputError, "no valid pixel in VV"),
        "linear": (write_radar(folder / "lin.tif", linear), UnitsError, "linear power"),
        "dB x 100": (write_radar(folder / "s.tif", good * 100), UnitsError, "median"),
        "swapped": (write_radar(folder / "sw.tif", good[::-1].copy(), ()), InputError, "brighter"),
        "no file": (path, InputError, "no file"),
    }


@pytest.mark.parametrize(
    "case", ["one band", "no crs", "other names", "all nan", "linear", "dB x 100", "swapped", "no file"]
)
def test_a_wrong_file_is_told_what_is_wrong_and_what_to_do(tmp_path: Path, case: str) -> None:
    path, kind, words = wrong_files(tmp_path)[case]
    with pytest.raises(kind, match=words) as caught:
        read_radar(path)
    assert path.name in str(caught.value) and caught.value.remedy


def test_a_file_cut_short_and_one_that_is_no_tiff_are_corrupt(tmp_path: Path) -> None:
    path = write_radar(tmp_path / "a.tif", decibels((300, 300)))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(CorruptFileError, match=r"a\.tif"):
        read_radar(path)
    other = tmp_path / "b.tif"
    other.write_text("not a raster")
    with pytest.raises(CorruptFileError, match=r"b\.tif"):
        read_radar(other)


def test_scene_id_and_time_come_from_the_name(tmp_path: Path) -> None:
    name = "S1A_IW_GRDH_1SDV_20220830T011234_20220830T011259_044785_0558F2_AB12"
    scene = read_radar(write_radar(tmp_path / f"{name}.tif", decibels()))
    assert scene.scene_ids == (name,)
    assert scene.observed_at == datetime(2022, 8, 30, 1, 12, 34, tzinfo=UTC)


def test_simulated_radar_stays_simulated_in_a_file(tmp_path: Path) -> None:
    known = provenance(simulated=True)
    tags = {"EE_FLOODS_PROVENANCE": json.dumps(known.to_dict()), "SIMULATED": "true"}
    scene = read_radar(write_radar(tmp_path / "a.tif", decibels(), tags=tags))
    assert scene.provenance == known.merged(Provenance(files=("a.tif",)))
    marked = read_radar(write_radar(tmp_path / "b.tif", decibels(), tags={"SIMULATED": "true"}))
    assert marked.provenance.simulated


def test_a_scene_larger_than_memory_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_radar(tmp_path / "a.tif", decibels())
    monkeypatch.setattr(memory, "available_bytes", lambda: 1000)
    with pytest.raises(InputError, match=r"a\.tif, 8 x 12 pixels.*GiB") as caught:
        read_radar(path)
    assert "window" in caught.value.remedy


@pytest.mark.skipif(not SHARED_CHIPS.is_dir(), reason="the shared Sen1Floods11 chips are not here")
def test_real_chips_are_read_and_the_empty_one_is_refused() -> None:
    read = {}
    for path in sorted(SHARED_CHIPS.glob("*.tif")):
        if path.stem.startswith("Paraguay"):
            with pytest.raises(InputError, match="no valid pixel"):
                read_radar(path)
        else:
            read[path.stem] = read_radar(path)
    assert len(read) == 7
    spain = read["Spain_7370579_S1Hand"]
    assert spain.bands["VV"].max() == pytest.approx(25.65, abs=0.01)
