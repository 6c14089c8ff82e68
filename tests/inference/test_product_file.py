"""The product as a file: what other programs make of it, and what becomes of a broken one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rio_cogeo.cogeo import cog_validate

from ee_floods.errors import CorruptFileError, FormatVersionError, InputError
from ee_floods.grid import Grid
from ee_floods.inference import product_file
from ee_floods.inference.overviews import mean_of_valid, mode_of_valid, sample
from ee_floods.inference.product_file import read_product, write_product
from tests.inference.makers import product, write_radar

LARGE = Grid("EPSG:4326", (1e-4, 0.0, 89.0, 0.0, -1e-4, 24.5), (700, 1301))


def test_a_product_reads_back_as_it_was_written(tmp_path: Path) -> None:
    written = product(event="a & b <c> \"d\" 'e' ü")
    read = read_product(write_product(tmp_path / "a.tif", written))
    assert read.properties == written.properties and read.grid == written.grid
    for name, band in written.bands.items():
        np.testing.assert_array_equal(read.bands[name], band)


@pytest.mark.parametrize(
    "grid", [LARGE, Grid("EPSG:32645", (10, 0, 0, 0, -10, 0), (3, 5))], ids=["large", "tiny"]
)
def test_the_file_is_a_strict_cog_without_warnings(tmp_path: Path, grid: Grid) -> None:
    path = write_product(tmp_path / "a.tif", product(grid))
    valid, errors, warnings = cog_validate(path, strict=True)
    assert (valid, errors, warnings) == (True, [], [])


def test_another_reader_sees_bands_nodata_marks_and_no_colour_photograph(tmp_path: Path) -> None:
    path = write_product(tmp_path / "a.tif", product())
    with rasterio.open(path) as dataset:
        assert dataset.descriptions == ("flood", "water_probability", "exclusion")
        assert dataset.nodata == 255 and dataset.dtypes == ("uint8",) * 3
        assert [item.name for item in dataset.colorinterp] == ["gray", "undefined", "undefined"]
        assert dataset.tags()["SIMULATED"] == "false"
        assert "not validated for operational use" in dataset.tags()["TIFFTAG_IMAGEDESCRIPTION"]
        assert json.loads(dataset.tags(1)["CLASSES"])["3"] == ["flood", "#d7191c"]
        # One nodata value serves the file; no pixel of `exclusion` may be lost by it.
        assert dataset.read_masks(3).all()
        np.testing.assert_array_equal(dataset.read_masks(1) == 0, dataset.read(1) == 255)


def test_each_band_has_overviews_of_its_own_kind(tmp_path: Path) -> None:
    raster = product(LARGE, block=3)
    path = write_product(tmp_path / "a.tif", raster)
    makers = (mode_of_valid, mean_of_valid, sample)
    with rasterio.open(path) as dataset:
        assert dataset.overviews(1) == dataset.overviews(3) == [2, 4]
    for level, factor in enumerate((2, 4)):
        with rasterio.open(path, overview_level=level) as dataset:
            for index, (make, band) in enumerate(zip(makers, raster.bands.values(), strict=True), start=1):
                np.testing.assert_array_equal(dataset.read(index), make(band, factor))


def test_the_same_product_gives_the_same_bytes_wherever_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    first = write_product(tmp_path / "a.tif", product(LARGE)).read_bytes()
    assert write_product(tmp_path / "elsewhere" / "b.tif", product(LARGE)).read_bytes() == first
    assert str(tmp_path).encode() not in first


def test_a_simulated_product_says_so_in_three_places(tmp_path: Path) -> None:
    origin = {"assets": [{"id": "COPERNICUS/S1_GRD/x", "simulated": True}], "files": [], "simulated": True}
    path = write_product(tmp_path / "a.tif", product(provenance=origin))
    with rasterio.open(path) as dataset:
        tags = dataset.tags()
    assert tags["SIMULATED"] == "true" and tags["TIFFTAG_IMAGEDESCRIPTION"].startswith("SIMULATED ")
    assert json.loads(tags["EE_FLOODS"])["simulated"] is True


def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_product(tmp_path / "a.tif", product())
    before = path.read_bytes()

    def fail(*_: object) -> str:
        raise OSError("disk full")

    monkeypatch.setattr(product_file, "_vrt", fail)
    with pytest.raises(OSError, match="disk full"):
        write_product(path, product(seed=1))
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["a.tif"]


def test_no_folder_no_file_and_no_product_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no folder"):
        write_product(tmp_path / "nowhere" / "a.tif", product())
    with pytest.raises(InputError, match="no file"):
        read_product(tmp_path / "a.tif")
    other = write_radar(tmp_path / "r.tif", np.zeros((2, 4, 4), np.float32))
    with pytest.raises(CorruptFileError, match="no flood product"):
        read_product(other)


def test_a_file_cut_short_is_corrupt(tmp_path: Path) -> None:
    path = write_product(tmp_path / "a.tif", product(LARGE))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    with pytest.raises(CorruptFileError, match=r"a\.tif"):
        read_product(path)


def test_a_file_of_a_newer_schema_is_refused(tmp_path: Path) -> None:
    path = write_product(tmp_path / "a.tif", product())
    with rasterio.open(path, "r+", IGNORE_COG_LAYOUT_BREAK="YES") as dataset:
        tag = json.loads(dataset.tags()["EE_FLOODS"]) | {"schema": "ee-floods/product/2.0"}
        dataset.update_tags(EE_FLOODS=json.dumps(tag))
    with pytest.raises(FormatVersionError, match=r"product/2\.0"):
        read_product(path)


def test_bands_of_other_names_are_refused(tmp_path: Path) -> None:
    path = write_product(tmp_path / "a.tif", product())
    with rasterio.open(path, "r+", IGNORE_COG_LAYOUT_BREAK="YES") as dataset:
        dataset.set_band_description(1, "water")
    with pytest.raises(CorruptFileError, match="water"):
        read_product(path)
