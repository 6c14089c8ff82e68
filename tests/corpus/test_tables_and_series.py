"""Tables, series, joins, samples and patches against NumPy and pandas."""

from __future__ import annotations

from typing import Any

import ee
import numpy as np
import pandas as pd
import pytest
from pyproj import Proj, Transformer
from sklearn.metrics import cohen_kappa_score, confusion_matrix

from tests.corpus.conftest import Read
from tests.corpus.land import CRS, OPTICAL_DAYS, PIXEL, RADAR_DAYS, SHAPE, Land, corner, millis
from tests.corpus.workflows import accuracy, joins, patches, time_series, training_table, zonal_statistics

PEAK = "2022-08-22"
SEASON = ("2022-07-01", "2022-10-01")
BELOW = -21.0


def _pixel_areas() -> np.ndarray:
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]] + 0.5
    lon, lat = Transformer.from_crs(CRS, 4326, always_xy=True).transform(*corner(rows, columns))
    return PIXEL**2 / Proj(CRS).get_factors(lon, lat).areal_scale


@pytest.fixture
def scene(ids: dict[str, str]) -> ee.Image:
    return ee.Image(ee.ImageCollection(ids["S1"]).filterDate(PEAK, "2022-08-23").first())


def test_series_of_water_area_is_pandas(land: Land, ids: dict[str, str], area: Any) -> None:
    series = time_series.water_area_series(area, *SEASON, s1=ids["S1"])
    rows = pd.DataFrame(time_series.chart_rows(series).getInfo(), columns=["date", "water_ha"])
    areas = _pixel_areas() / 1e4
    expected = [float((areas * (land.radar(day)["VH"] < BELOW)).sum()) for day in RADAR_DAYS]
    assert rows["date"].tolist() == list(RADAR_DAYS)
    np.testing.assert_allclose(rows["water_ha"], expected, rtol=1e-6)
    first = series.first().getInfo()
    assert sorted(first["properties"]) == ["date", "observed", "system:time_start", "water_ha"]
    assert first["properties"]["observed"] == pytest.approx(1 - 2 / SHAPE[1])  # two columns are masked
    assert first["properties"]["system:time_start"] == millis(RADAR_DAYS[0])
    assert (
        first["geometry"] is None
        and first["id"] == f"S1A_IW_GRDH_1SDV_{RADAR_DAYS[0].replace('-', '')}T120000"
    )


def test_monthly_composites_are_pandas_groups(land: Land, ids: dict[str, str], area: Any, read: Read) -> None:
    composites = time_series.monthly_composites(2022, area, s1=ids["S1"])
    months = pd.Series(RADAR_DAYS).groupby(pd.to_datetime(pd.Series(RADAR_DAYS)).dt.month).apply(list)
    assert composites.aggregate_array("month").getInfo() == [7, 8, 9]
    assert composites.aggregate_array("system:index").getInfo() == ["0", "1", "2"]
    images = composites.toList(3)
    for position, (_, days) in enumerate(months.items()):
        found = read(ee.Image(images.get(position)))
        stack = np.stack([land.radar(day)["VH"] for day in days])
        np.testing.assert_array_equal(found["VH"], np.nanmin(stack, 0).astype(float))
        np.testing.assert_array_equal(np.nan_to_num(found["passes"]), np.isfinite(stack).sum(0))


def test_duration_is_the_span_of_wet_passes(land: Land, ids: dict[str, str], area: Any, read: Read) -> None:
    found = read(time_series.flood_duration(area, *SEASON, s1=ids["S1"]))
    days = np.array([millis(day) / 86_400_000 for day in RADAR_DAYS])[:, None, None]
    stack = np.stack([land.radar(day)["VH"] for day in RADAR_DAYS])
    wet = stack < BELOW
    first, last = np.where(wet, days, np.inf).min(0), np.where(wet, days, -np.inf).max(0)
    np.testing.assert_allclose(found["days"], np.where(wet.any(0), last - first, np.nan))
    np.testing.assert_array_equal(found["passes"], wet.sum(0))


def test_districts_are_ordered_by_flooded_area(
    land: Land, ids: dict[str, str], scene: ee.Image, area: Any
) -> None:
    flooded = scene.select("VH").lt(BELOW)
    table = zonal_statistics.flood_by_district(flooded, area, districts=ids["DISTRICTS"])
    found = pd.DataFrame([f["properties"] for f in table.getInfo()["features"]])
    wet, areas = land.radar(PEAK)["VH"] < BELOW, _pixel_areas()
    rows = []
    for name, (top, left, bottom, right) in land.districts():
        inside = (slice(top, bottom), slice(left, right))
        rows.append(
            {"shapeName": name, "flooded_ha": (wet * areas)[inside].sum() / 1e4, "share": wet[inside].mean()}
        )
    expected = pd.DataFrame(rows).sort_values("flooded_ha", ascending=False).reset_index(drop=True)
    pd.testing.assert_frame_equal(found[list(expected)], expected, rtol=2e-3)
    assert [f["geometry"] for f in table.getInfo()["features"]] == [None] * 3


def test_joins_pair_in_time_as_pandas_does(ids: dict[str, str], area: Any) -> None:
    found = joins.nearest_optical(area, *SEASON, days=4, s1=ids["S1"], s2=ids["S2"])
    rows = pd.DataFrame([f["properties"] for f in found.getInfo()["features"]])
    radar = pd.DataFrame({"time": pd.to_datetime(pd.Series(RADAR_DAYS)), "day": RADAR_DAYS})
    optical = pd.DataFrame({"time": pd.to_datetime(pd.Series(OPTICAL_DAYS)), "scene": OPTICAL_DAYS})
    optical["at"] = optical["time"]
    expected = pd.merge_asof(
        radar, optical, on="time", direction="nearest", tolerance=pd.Timedelta("4D")
    ).dropna()
    assert [name[17:25] for name in rows["radar"]] == [day.replace("-", "") for day in expected["day"]]
    assert [name[:8] for name in rows["optical"]] == [day.replace("-", "") for day in expected["scene"]]
    assert rows["hours"].tolist() == [
        abs(d).total_seconds() / 3600 for d in expected["time"] - expected["at"]
    ]


def test_all_earlier_passes_are_listed_latest_first(ids: dict[str, str], area: Any) -> None:
    found = joins.radar_before(area, *SEASON, days=20, s1=ids["S1"], s2=ids["S2"])
    got = {f["properties"]["optical"][:8]: f["properties"] for f in found.getInfo()["features"]}
    for day in OPTICAL_DAYS:
        ages = {r: (millis(day) - millis(r)) / 86_400_000 for r in RADAR_DAYS}
        earlier = sorted((r for r, age in ages.items() if 0 < age <= 20), reverse=True)
        row = got[day.replace("-", "")]
        assert [name[17:25] for name in row["passes"]] == [r.replace("-", "") for r in earlier]
        assert row["count"] == len(earlier)


def test_training_points_carry_their_class_and_the_bands_under_them(
    land: Land, ids: dict[str, str], scene: ee.Image, area: Any
) -> None:
    labels = scene.select("VH").lt(BELOW)
    points = training_table.training_points(labels, area, 12)
    table = training_table.training_table(scene, points).getInfo()["features"]
    rows = pd.DataFrame([{**f["properties"], "xy": f["geometry"]["coordinates"]} for f in table])
    assert rows.groupby("water").size().to_dict() == {0: 12, 1: 12}
    assert ((rows["split"] < 0.7) == (rows["set"] == "train")).all()
    to_metres = Transformer.from_crs(4326, CRS, always_xy=True)
    radar = land.radar(PEAK)
    west, north = corner(0, 0)
    for _, row in rows.iterrows():
        x, y = to_metres.transform(*row["xy"])
        at = int((north - y) // PIXEL), int((x - west) // PIXEL)
        assert row["VV"] == pytest.approx(float(radar["VV"][at]))
        assert row["water"] == int(radar["VH"][at] < BELOW)


def test_patches_are_the_neighbourhoods_of_their_points(land: Land, scene: ee.Image) -> None:
    size = 8
    centres = [(20, 30), (9, 50)]
    to_degrees = Transformer.from_crs(CRS, 4326, always_xy=True)
    points = ee.FeatureCollection(
        [ee.Feature(ee.Geometry.Point(to_degrees.transform(*corner(r + 0.5, c + 0.5)))) for r, c in centres]
    )
    found = patches.patches(scene.select(["VV", "VH"]), points, size).getInfo()["features"]
    radar = land.radar(PEAK)
    assert [f["id"] for f in found] == ["0_0", "1_0"]
    for feature, (row, column) in zip(found, centres, strict=True):
        window = (slice(row - size // 2, row + size // 2), slice(column - size // 2, column + size // 2))
        for name in ("VV", "VH"):
            np.testing.assert_allclose(feature["properties"][name], radar[name][window], rtol=1e-6)


def test_accuracy_is_sklearns(land: Land, ids: dict[str, str], scene: ee.Image, area: Any) -> None:
    water = scene.select("VV").lt(-19.5)  # a threshold that errs
    labels = scene.select("VH").lt(BELOW)
    found = accuracy.accuracy(water, labels, area).getInfo()
    radar = land.radar(PEAK)
    mapped, label = (radar["VV"] < -19.5).ravel(), (radar["VH"] < BELOW).ravel()
    matrix = confusion_matrix(label, mapped)
    assert found["matrix"] == matrix.tolist()
    assert found["overall"] == pytest.approx(np.trace(matrix) / matrix.sum())
    assert found["kappa"] == pytest.approx(cohen_kappa_score(label, mapped))
    np.testing.assert_allclose(np.ravel(found["producers"]), np.diag(matrix) / matrix.sum(1))
    np.testing.assert_allclose(np.ravel(found["consumers"]), np.diag(matrix) / matrix.sum(0))
    assert found["order"] == [0, 1]


def test_random_forest_separates_what_can_be_separated(
    land: Land, ids: dict[str, str], scene: ee.Image, area: Any, read: Read
) -> None:
    labels = scene.select("VH").lt(BELOW)
    stack = scene.select(["VV", "VH"])
    training = training_table.training_table(stack, training_table.training_points(labels, area, 60))
    found = read(accuracy.forest_water(stack, training))["water"]
    assert (found == land.water(PEAK)).mean() > 0.999
