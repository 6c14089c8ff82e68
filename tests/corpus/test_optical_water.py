"""Clear optical pixels and water by indices against NumPy."""

from __future__ import annotations

from typing import Any

import ee
import numpy as np
import pytest
from scipy import ndimage
from skimage.filters import threshold_otsu

from tests.corpus.conftest import Read
from tests.corpus.land import OPTICAL_DAYS, Land
from tests.corpus.workflows import cloud_masks, water_indices

WHOLE = ("2022-07-01", "2022-09-01")
CLEAR_DAY = OPTICAL_DAYS[-1]


@pytest.fixture
def scene(ids: dict[str, str]) -> ee.Image:
    return ee.Image(ee.ImageCollection(ids["S2"]).filterDate(CLEAR_DAY, "2022-08-26").first())


def test_cloud_score_composite_is_numpys_median_of_clear_pixels(
    land: Land, ids: dict[str, str], area: Any, read: Read
) -> None:
    found = read(cloud_masks.cloud_score_composite(area, *WHOLE, s2=ids["S2"], score=ids["CLOUD_SCORE"]))
    for name in ("B3", "B8", "B11"):
        stack = [
            np.where(land.cloud_score(day) ** 2 >= np.float32(0.6), land.optical(day)[name], np.nan)
            for day in OPTICAL_DAYS
        ]
        np.testing.assert_allclose(found[name], np.nanmedian(stack, 0))


def test_qa60_composite_is_numpys_mean_of_unflagged_pixels(
    land: Land, ids: dict[str, str], area: Any, read: Read
) -> None:
    found = read(cloud_masks.qa60_composite(area, *WHOLE, s2=ids["S2"]))
    kept = [day for day in OPTICAL_DAYS if land.cloud[day].mean() < 0.2]
    flags = [land.optical(day)["QA60"] for day in kept]
    stack = [np.where(f == 0, land.optical(d)["B8"] / 1e4, np.nan) for f, d in zip(flags, kept, strict=True)]
    with np.errstate(all="ignore"):
        expected = np.nanmean(stack, 0) if np.isfinite(stack).any() else None
    np.testing.assert_allclose(found["B8"], expected, rtol=1e-6)
    assert np.isnan(found["B8"][:, -1]).all()  # cirrus on every day
    assert (found["qa60_known"] == 1).all()


def test_s2cloudless_with_projected_shadows_is_scipys(
    land: Land, ids: dict[str, str], area: Any, read: Read
) -> None:
    scenes = cloud_masks.s2cloudless_scenes(area, *WHOLE, s2=ids["S2"], probability=ids["CLOUD_PROBABILITY"])
    assert scenes.size().getInfo() == len(OPTICAL_DAYS)
    found = read(cloud_masks.add_cloud_shadow_mask(ee.Image(scenes.first())))
    day = OPTICAL_DAYS[0]
    clouds = land.cloud_probability(day) > 50
    np.testing.assert_array_equal(found["clouds"], clouds)
    # The sun stands in the south-east (135), shadows lie to the north-west: up and left of a cloud.
    shadowed = np.zeros_like(clouds)
    for step in range(0, 20):
        shadowed |= ndimage.shift(clouds.astype(np.uint8), (-step, -step), order=0, cval=0) > 0
    seen = found["cloud_transform"] == 1
    assert (seen & shadowed).sum() / (seen | shadowed).sum() > 0.8
    optical = land.optical(day)
    dark = (optical["B8"] < 1500) & (optical["SCL"] != 6)
    np.testing.assert_array_equal(found["shadows"], seen & dark)
    either = clouds | (seen & dark)
    disc = np.hypot(*np.mgrid[-1:2, -1:2]) <= 1
    eroded = ndimage.binary_erosion(either, disc, border_value=1)
    wide = np.hypot(*np.mgrid[-5:6, -5:6]) <= 5
    np.testing.assert_array_equal(found["cloudmask"] == 1, ndimage.binary_dilation(eroded, wide))


def test_mndwi_water_is_numpys(scene: ee.Image, land: Land, read: Read) -> None:
    found = read(water_indices.mndwi_water(scene))
    bands = {name: values.astype(float) for name, values in land.optical(CLEAR_DAY).items()}
    index = (bands["B3"] - bands["B11"]) / (bands["B3"] + bands["B11"])
    np.testing.assert_allclose(found["MNDWI"], index, rtol=1e-6)
    np.testing.assert_array_equal(found["water"] == 1, land.water("2022-08-22"))


def test_awei_is_the_papers_formula(scene: ee.Image, land: Land, read: Read) -> None:
    found = read(water_indices.awei(scene))
    b = {name: values.astype(float) / 1e4 for name, values in land.optical(CLEAR_DAY).items()}
    plain = 4 * (b["B3"] - b["B11"]) - 0.25 * b["B8"] - 2.75 * b["B12"]
    shadow = b["B2"] + 2.5 * b["B3"] - 1.5 * (b["B8"] + b["B11"]) - 0.25 * b["B12"]
    np.testing.assert_allclose(found["awei_nsh"], plain, atol=1e-6)
    np.testing.assert_allclose(found["awei_sh"], shadow, atol=1e-6)
    np.testing.assert_array_equal(plain > 0, land.water("2022-08-22"))


def test_local_ndwi_threshold_separates_and_is_near_skimages(
    scene: ee.Image, land: Land, area: Any, read: Read
) -> None:
    found = water_indices.ndwi_by_local_threshold(scene, area)
    bands = {name: values.astype(float) for name, values in land.optical(CLEAR_DAY).items()}
    index = (bands["B3"] - bands["B8"]) / (bands["B3"] + bands["B8"])
    threshold = found.getNumber("threshold").getInfo()
    low, high = index[~land.water("2022-08-22")].max(), index[land.water("2022-08-22")].min()
    bucket = 0.01
    assert low - bucket < threshold_otsu(index) < high  # skimage finds the gap ...
    assert low - bucket < threshold < high  # ... and so does the server, to a bucket
    water = read(ee.Image(found.get("water")))["ndwi"]
    assert ((water == 1) != land.water("2022-08-22")).mean() < 0.02
