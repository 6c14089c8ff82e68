"""Ten metres to sixteen, against GDAL's own area average."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.warp import Resampling, reproject

from ee_floods.catalog.sen1floods11 import open_index
from ee_floods.data.resample import area_mean, at_scale, majority_label
from ee_floods.data.sen1floods11 import read_chip
from ee_floods.errors import InputError
from tests.chips import write_chip


def test_area_means_equal_gdals(tmp_path: Path) -> None:
    values = np.random.default_rng(0).gamma(2, 1, (64, 64)).astype(np.float32)
    values[10:30, 20:50] = np.nan
    theirs = np.full((40, 40), np.nan, np.float32)
    with rasterio.Env():
        reproject(
            values,
            theirs,
            src_transform=Affine(10, 0, 0, 0, -10, 640),
            dst_transform=Affine(16, 0, 0, 0, -16, 640),
            src_crs="EPSG:32630",
            dst_crs="EPSG:32630",
            src_nodata=np.nan,
            dst_nodata=np.nan,
            resampling=Resampling.average,
        )
    ours = area_mean(values, (40, 40))
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)


def test_a_tie_and_nothing_valid_are_invalid() -> None:
    label = np.array([[1, 0, 1, 1], [1, 0, 0, 0], [-1, -1, 1, -1], [-1, -1, -1, -1]], np.int8)
    assert majority_label(label, (2, 2)).tolist() == [[-1, -1], [-1, 1]]


def test_power_is_averaged_not_decibels(tmp_path: Path) -> None:
    write_chip(tmp_path)
    chip = read_chip(open_index(tmp_path).chips[0])
    coarse = at_scale(chip, 16)
    assert coarse.grid.shape == coarse.label.shape == (320, 320)
    power = 10 ** (chip.bands["VV"].astype(np.float64) / 10)
    np.testing.assert_allclose((10 ** (coarse.bands["VV"] / 10)).mean(), power.mean(), rtol=1e-4)


def test_a_scale_that_does_not_divide_is_refused(tmp_path: Path) -> None:
    write_chip(tmp_path)
    with pytest.raises(InputError, match="17 m does not divide"):
        at_scale(read_chip(open_index(tmp_path).chips[0]), 17)
