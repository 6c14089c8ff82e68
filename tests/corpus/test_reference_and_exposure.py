"""Reference water, depth, exposure, clean-up and frequency against NumPy and SciPy."""

from __future__ import annotations

from typing import Any

import ee
import numpy as np
import pytest
from pyproj import Geod, Proj, Transformer
from scipy import ndimage
from skimage.measure import label

from tests.corpus.conftest import Read
from tests.corpus.land import CRS, EVENTS, PIXEL, SHAPE, Land, corner
from tests.corpus.workflows import clean_up, exposure, flood_depth, flood_frequency, reference_water

PEAK = "2022-08-22"


def _pixel_areas() -> np.ndarray:
    """Square metres on the ellipsoid of each pixel."""
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]] + 0.5
    x, y = corner(rows, columns)
    lon, lat = Transformer.from_crs(CRS, 4326, always_xy=True).transform(x, y)
    return PIXEL**2 / Proj(CRS).get_factors(lon, lat).areal_scale


@pytest.fixture
def flooded(ids: dict[str, str], land: Land) -> ee.Image:
    """The flood at its peak: 1, else masked, on the radar's grid."""
    scene = ee.Image(ee.ImageCollection(ids["S1"]).filterDate(PEAK, "2022-08-23").first()).select("VH")
    river = ee.Image(ids["GSW"]).select("occurrence").unmask(0).gte(95)
    return scene.lt(-21).And(river.Not()).selfMask().rename("flooded")


@pytest.fixture
def extent(land: Land) -> np.ndarray:
    return land.water(PEAK) & ~(np.nan_to_num(land.history["occurrence"]) >= 95)


def test_monthly_reference_is_numpys(land: Land, ids: dict[str, str], read: Read) -> None:
    for month in (8, 2):
        image = reference_water.monthly_reference(month, recurrence=ids["MONTHLY_RECURRENCE"])
        np.testing.assert_array_equal(read(image)["reference"], land.recurrence(month) >= 50)


def test_permanent_and_seasonal_water_is_numpys(land: Land, ids: dict[str, str], read: Read) -> None:
    found = read(reference_water.permanent_and_seasonal(history=ids["GSW"]))["water_class"]
    occurrence = np.nan_to_num(land.history["occurrence"])
    np.testing.assert_array_equal(found, 1 * (occurrence >= 75) + (occurrence >= 25))


def test_area_by_transition_is_a_list_of_groups_in_order(land: Land, ids: dict[str, str], area: Any) -> None:
    groups = reference_water.transition_areas(area, history=ids["GSW"]).getInfo()
    values = land.history["transition"]
    expected = [
        {"transition_class_value": int(code), "sum": float(_pixel_areas()[values == code].sum())}
        for code in np.unique(values[np.isfinite(values)])
    ]
    assert [g["transition_class_value"] for g in groups] == [e["transition_class_value"] for e in expected]
    for group, one in zip(groups, expected, strict=True):
        assert sorted(group) == ["sum", "transition_class_value"]
        assert group["sum"] == pytest.approx(one["sum"], rel=0.05)  # at 10 m, but in degrees


def test_histogram_of_change_is_numpys(land: Land, ids: dict[str, str], area: Any) -> None:
    found = np.array(reference_water.change_histogram(area, history=ids["GSW"]).getInfo())
    values = land.history["change_abs"]
    counts, edges = np.histogram(values[np.isfinite(values)], np.linspace(-100, 100, 21))
    np.testing.assert_allclose(found[:, 0], edges[:-1])
    np.testing.assert_allclose(found[:, 1], counts, rtol=1e-6)


def test_depth_is_the_carried_boundary_above_the_ground(
    flooded: ee.Image, extent: np.ndarray, land: Land, ids: dict[str, str], read: Read
) -> None:
    steps = 12
    found = read(flood_depth.flood_depth(flooded, ee.Image(ids["MERIT"]).select("elv"), steps))["depth"]
    ground = land.elevation.astype(float)
    inner = ndimage.binary_erosion(extent, np.ones((3, 3)), border_value=1)
    surface = np.where(extent & ~inner, ground, np.nan)

    def mean3(values: np.ndarray) -> np.ndarray:
        valid = ndimage.convolve(np.isfinite(values).astype(float), np.ones((3, 3)), mode="constant")
        total = ndimage.convolve(np.nan_to_num(values), np.ones((3, 3)), mode="constant")
        with np.errstate(invalid="ignore"):
            return np.where(valid > 0, total / valid, np.nan)

    surface = np.pad(surface, steps + 1, constant_values=np.nan)  # it spreads beyond the image and back
    for _ in range(steps):
        surface = np.where(np.isfinite(surface), surface, mean3(surface))
    surface = surface[steps + 1 : -steps - 1, steps + 1 : -steps - 1]
    depth = np.where(extent, np.maximum(surface - ground, 0), np.nan)
    expected = np.where(extent, mean3(depth), np.nan)
    assert np.nanmax(expected) > 0.5
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_people_are_counted_on_their_own_grid(
    flooded: ee.Image, extent: np.ndarray, land: Land, ids: dict[str, str], area: Any
) -> None:
    found = exposure.people_exposed(flooded, ee.Image(ids["POPULATION"]), area).getInfo()
    share = extent.reshape(SHAPE[0] // 3, 3, SHAPE[1] // 3, 3).mean((1, 3))
    assert found["exposed"] == pytest.approx(float((land.people * share).sum()), rel=1e-6)
    assert found["all"] == pytest.approx(float(land.people.sum()), rel=1e-6)


def test_flooded_area_by_cover_has_codes_as_keys(
    flooded: ee.Image, extent: np.ndarray, land: Land, ids: dict[str, str], area: Any
) -> None:
    found = exposure.area_by_cover(flooded, area, cover=ids["COVER"]).getInfo()
    areas = _pixel_areas()
    expected = {
        str(code): areas[extent & (land.cover == code)].sum() for code in np.unique(land.cover[extent])
    }
    assert found == pytest.approx(expected, rel=1e-6)


def test_cleaned_flood_is_scipys(
    extent: np.ndarray, flooded: ee.Image, land: Land, ids: dict[str, str], read: Read
) -> None:
    found = read(clean_up.cleaned(flooded, terrain=ids["MERIT"], highest=6.0, least_pixels=30))["flooded"]
    south, east = np.gradient(land.elevation.astype(float), PIXEL)
    slope = np.degrees(np.arctan(np.hypot(south, east)))
    slope[[0, -1]] = slope[:, [0, -1]] = np.nan
    low = extent & (land.hand < 6) & (slope < 5)
    parts = label(low, connectivity=2)
    large = np.isin(parts, [k for k in range(1, parts.max() + 1) if (parts == k).sum() >= 30])
    np.testing.assert_array_equal(found == 1, large & low)


def test_polygons_have_the_area_of_their_pixels(flooded: ee.Image, extent: np.ndarray, area: Any) -> None:
    found = clean_up.polygons(flooded, area).getInfo()["features"]
    parts, n = ndimage.label(extent)
    sizes = sorted((int((parts == k).sum()) for k in range(1, n + 1)), reverse=True)
    assert [feature["properties"]["count"] for feature in found] == sizes
    areas = _pixel_areas()
    expected = sorted((areas[parts == k].sum() for k in range(1, n + 1)), reverse=True)
    assert [feature["properties"]["area_m2"] for feature in found] == pytest.approx(expected, rel=1e-4)
    assert all(feature["properties"]["flooded"] == 1 for feature in found)
    geod = Geod(ellps="WGS84")
    rings = found[0]["geometry"]["coordinates"]
    outer = abs(
        geod.polygon_area_perimeter(
            *np.array(rings[0] if found[0]["geometry"]["type"] == "Polygon" else rings[0][0]).T
        )[0]
    )
    assert outer >= 0.99 * expected[0]


def test_frequency_duration_and_latest_year_are_numpys(
    land: Land, ids: dict[str, str], area: Any, read: Read
) -> None:
    found = read(flood_frequency.flood_frequency(area, events=ids["GFD"], first="2012-01-01"))
    events = [land.event(k) for k in range(len(EVENTS))][1:]
    years = [int(day[:4]) for day in EVENTS][1:]
    wet = np.stack([e["flooded"].astype(bool) & ~land.river for e in events])
    np.testing.assert_array_equal(found["events"], wet.sum(0))
    days = np.where(wet, np.stack([e["duration"].astype(int) for e in events]), -1).max(0)
    np.testing.assert_array_equal(np.nan_to_num(found["longest"], nan=-1), days)
    latest = np.where(wet, np.array(years)[:, None, None], -1).max(0)
    np.testing.assert_array_equal(np.nan_to_num(found["latest"], nan=-1), latest)
