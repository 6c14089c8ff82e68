"""Water from radar: change detection, Otsu in four forms, z-scores, harmonic residuals."""

from __future__ import annotations

from typing import Any

import ee
import numpy as np
import pytest
from pyproj import Proj, Transformer
from scipy import ndimage
from skimage.filters import threshold_otsu
from skimage.morphology import disk

from tests.corpus.conftest import Read
from tests.corpus.land import (
    CROPLAND,
    CRS,
    NORTH,
    PIXEL,
    RADAR_DAYS,
    SHAPE,
    WEST,
    YEARS_OF_DAYS,
    Land,
    millis,
)
from tests.corpus.workflows import anomalies, bmax_otsu, change_detection, edge_otsu, otsu

BEFORE, AFTER = ("2022-07-01", "2022-08-01"), ("2022-08-20", "2022-08-25")
PEAK = "2022-08-22"


def _pixel_area() -> float:
    """Square metres on the ellipsoid of a pixel in the middle of the land."""
    x, y = WEST + PIXEL * SHAPE[1] / 2, NORTH - PIXEL * SHAPE[0] / 2
    lon, lat = Transformer.from_crs(CRS, 4326, always_xy=True).transform(x, y)
    return PIXEL**2 / Proj(CRS).get_factors(lon, lat).areal_scale


def _mean_of_valid(values: np.ndarray, footprint: np.ndarray) -> np.ndarray:
    valid = np.isfinite(values).astype(float)
    total = ndimage.convolve(np.nan_to_num(values), footprint, mode="constant")
    return total / ndimage.convolve(valid, footprint, mode="constant")


def _at(values: np.ndarray, pixel: float) -> np.ndarray:
    """Values at a coarser grid: an image this small has no pyramid, so the nearest pixel's."""
    step = int(pixel / PIXEL)
    return values[step // 2 :: step, step // 2 :: step].astype(float)


def _change(land: Land, pixel: float = PIXEL) -> np.ndarray:
    disc = disk(5) if pixel == PIXEL else np.ones((3, 3))  # what lies within 50 m
    # A mosaic has the last image on top.
    before = _mean_of_valid(_at(land.radar("2022-07-29")["VH"], pixel), disc.astype(float))
    after = _mean_of_valid(_at(land.radar(PEAK)["VH"], pixel), disc.astype(float))
    flooded = after / before > 1.25
    flooded &= ~(np.nan_to_num(_at(land.history["seasonality"], pixel)) >= 10)
    parts, count = ndimage.label(flooded)
    sizes = ndimage.sum_labels(flooded, parts, range(count + 1))
    flooded &= sizes[parts] >= 8
    rows, columns = np.gradient(_at(land.elevation, pixel), pixel)
    slope = np.degrees(np.arctan(np.hypot(rows, columns)))
    slope[[0, -1]] = slope[:, [0, -1]] = np.nan  # a neighbour is missing
    return flooded & (slope < 5)


@pytest.fixture
def extent(ids: dict[str, str], area: Any) -> ee.Image:
    return change_detection.flood_extent(
        area, BEFORE, AFTER, s1=ids["S1"], history=ids["GSW"], elevation=ids["MERIT"]
    )


def test_change_detection_is_scipys(extent: ee.Image, land: Land, read: Read) -> None:
    found = read(extent)["VH"]
    expected = _change(land)
    assert expected.sum() > 100
    np.testing.assert_array_equal(np.nan_to_num(found) == 1, expected)


def test_flooded_hectares_and_exposure_are_sums_on_the_ellipsoid(
    extent: ee.Image, land: Land, ids: dict[str, str], area: Any
) -> None:
    expected = _change(land)
    hectares = change_detection.flooded_hectares(extent, area).getInfo()
    assert hectares == round(expected.sum() * _pixel_area() / 1e4) and isinstance(hectares, int)
    cropland = change_detection.affected_cropland(extent, area, ids["COVER"]).getInfo()
    assert cropland == pytest.approx(
        (expected & (land.cover == CROPLAND)).sum() * _pixel_area() / 1e4, rel=1e-5
    )
    people = change_detection.exposed_people(extent, area, ee.Image(ids["POPULATION"])).getInfo()
    # `reproject` has everything beneath it computed on the population's grid of 30 m.
    # The practice masks people by their own number, so less than one counts by its square.
    people_there = land.people[_change(land, 30)].astype(float)
    assert people == round((people_there * np.minimum(people_there, 1)).sum())


def test_global_otsu_is_skimages_to_a_bucket(land: Land, ids: dict[str, str], area: Any, read: Read) -> None:
    image = ee.Image(ee.ImageCollection(ids["S1"]).filterDate(*AFTER).first()).select("VH")
    found = otsu.global_otsu(image, area)
    values = land.radar(PEAK)["VH"].astype(float)
    edges = np.arange(np.floor(values.min() / 0.25), np.ceil(values.max() / 0.25) + 1) * 0.25
    counts, _ = np.histogram(values, edges)
    centres = (edges[:-1] + edges[1:]) / 2
    expected = threshold_otsu(hist=(counts, centres))
    threshold = ee.Dictionary(found).getNumber("threshold").getInfo()
    # Between two classes that leave buckets empty every threshold is as good as another.
    empty = counts[(centres > min(threshold, expected)) & (centres < max(threshold, expected))]
    assert abs(threshold - expected) <= 0.25 or (empty == 0).all()
    water = read(ee.Image(ee.Dictionary(found).get("water")))["water"]
    np.testing.assert_array_equal(water == 1, land.water(PEAK))


@pytest.mark.parametrize("form", ["edge", "bmax"])
def test_local_otsu_separates_what_two_normal_classes_are(
    form: str, land: Land, ids: dict[str, str], area: Any, read: Read
) -> None:
    image = ee.Image(ee.ImageCollection(ids["S1"]).filterDate(*AFTER).first()).select("VV")
    if form == "edge":
        threshold = edge_otsu.edge_otsu(image, area)
    else:
        found = bmax_otsu.bmax_otsu(image, area)
        threshold = found.getNumber("threshold")
        assert found.getNumber("cells").getInfo() == _cells_with_two_classes(land)
    np.testing.assert_array_equal(read(image.lt(threshold))["VV"] == 1, land.water(PEAK))


def _cells_with_two_classes(land: Land) -> int:
    """Cells of 160 m from the image's corner whose between-class share of the variance is high."""
    values = land.radar(PEAK)["VV"].astype(float)
    kept = 0
    for top in range(0, SHAPE[0], 16):
        for left in range(0, SHAPE[1], 16):
            cell = values[top : top + 16, left : left + 16]
            wet = cell < -16
            if 0 < wet.sum() < wet.size:
                share = wet.mean()
                between = share * (1 - share) * (cell[wet].mean() - cell[~wet].mean()) ** 2
                kept += between / cell.var() > 0.65
    return kept


def test_z_scores_are_numpys(land: Land, ids: dict[str, str], area: Any, read: Read) -> None:
    found = read(anomalies.z_score(area, ("2022-07-01", "2022-08-15"), AFTER, s1=ids["S1"]))
    for name in ("VV", "VH"):
        stack = np.stack([land.radar(day)[name] for day in RADAR_DAYS[:4]]).astype(float)
        z = (land.radar(PEAK)[name] - np.nanmean(stack, 0)) / np.nanstd(stack, 0)
        np.testing.assert_allclose(found[name], z, rtol=1e-4, atol=1e-4)
    classes = (found["VV"] < -3) + 2 * (found["VH"] < -3)
    np.testing.assert_array_equal(found["class"], classes)


def test_harmonic_regression_is_numpys_least_squares(
    land: Land, ids: dict[str, str], area: Any, read: Read
) -> None:
    found = read(anomalies.harmonic(area, "2020-01-01", "2022-01-01", s1=ids["S1_YEARS"]))
    stack = np.stack([land.seasonal(day) for day in YEARS_OF_DAYS]).astype(float)
    t = np.array(
        ee.List([millis(day) for day in YEARS_OF_DAYS])
        .map(lambda time: ee.Date(time).difference("1970-01-01", "year"))
        .getInfo()
    ).astype(np.float32)
    design = np.stack([np.ones(len(t)), t, np.cos(2 * np.pi * t), np.sin(2 * np.pi * t)], 1).astype(float)
    solution, *_ = np.linalg.lstsq(design, stack.reshape(len(t), -1), rcond=None)
    for name, expected in zip(("constant", "t", "cos1", "sin1"), solution, strict=True):
        # The trend stands on 1970: constant and slope are known less well than their sum.
        tolerance = 0.2 if name == "constant" else 0.01
        np.testing.assert_allclose(found[name], expected.reshape(SHAPE), atol=tolerance)
    misses = stack - (design @ solution).reshape(stack.shape)
    np.testing.assert_allclose(found["rms"], np.sqrt((misses**2).mean(0)), atol=1e-3)
