"""The workflows with the ids of the catalogue, on the simulated world: they run, and say what can be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ee
import pytest

from tests.corpus.workflows import (
    anomalies,
    bmax_otsu,
    border_noise,
    change_detection,
    clean_up,
    cloud_masks,
    edge_otsu,
    exposure,
    flood_depth,
    joins,
    otsu,
    patches,
    refined_lee,
    slope_correction,
    speckle,
    time_series,
    training_table,
    water_indices,
)

BEFORE, AFTER = ("2022-06-01", "2022-07-15"), ("2022-08-25", "2022-09-20")
PLACE = (68.5, 27.3)

pytestmark = pytest.mark.usefixtures("engine_session")


def _area(metres: float = 400) -> ee.Geometry:
    return ee.Geometry.Point(PLACE).buffer(metres).bounds(1)


def _radar() -> ee.Image:
    scenes = ee.ImageCollection("COPERNICUS/S1_GRD").filterBounds(_area()).filterDate(*AFTER)
    return ee.Image(scenes.first())


def _optical() -> ee.Image:
    scenes = (
        ee.ImageCollection("COPERNICUS/S2_HARMONIZED")
        .filterBounds(_area())
        .filterDate("2022-03-01", "2022-04-01")
    )
    return ee.Image(scenes.sort("CLOUDY_PIXEL_PERCENTAGE").first())


def _means(image: ee.Image, scale: float = 10) -> dict[str, float]:
    found: dict[str, float] = (
        ee.Image(image).reduceRegion(ee.Reducer.mean(), _area(), scale, "EPSG:32642").getInfo()
    )
    return found


def _flooded() -> ee.Image:
    return _radar().select("VH").lt(-20).selfMask().rename("flooded")


def _within(low: float, high: float) -> Callable[[dict[str, float]], bool]:
    return lambda means: all(low <= value <= high for value in means.values() if value is not None)


IMAGES: dict[str, tuple[Callable[[], Any], list[str], Callable[[dict[str, float]], bool]]] = {
    "boxcar": (lambda: speckle.boxcar(speckle.to_power(_radar().select("VV"))), ["VV"], _within(0.001, 1)),
    "Lee": (lambda: speckle.lee(speckle.to_power(_radar().select("VV"))), ["VV"], _within(0.001, 1)),
    "gamma MAP": (
        lambda: speckle.gamma_map(speckle.to_power(_radar().select("VV"))),
        ["VV"],
        _within(0.001, 1),
    ),
    "refined Lee": (
        lambda: refined_lee.refined_lee(speckle.to_power(_radar().select("VH"))),
        ["sum"],
        _within(1e-4, 0.5),
    ),
    "Lee sigma": (
        lambda: speckle.lee_sigma(speckle.to_power(_radar().select("VV")), _area()),
        ["VV"],
        _within(0.001, 1),
    ),
    "slope correction": (
        lambda: ee.Image(
            slope_correction.slope_correction(_radar(), ee.Image("MERIT/Hydro/v1_0_1").select("elv"))
        ).select(["VV", "VH"]),
        ["VV", "VH"],
        _within(-35, 5),
    ),
    "border noise": (
        lambda: border_noise.without_border_noise(_radar()),
        ["VV", "VH", "angle"],
        _within(-35, 46),
    ),
    "Cloud Score+": (
        lambda: cloud_masks.cloud_score_composite(_area(), "2022-03-01", "2022-03-20"),
        ["B3", "B8", "B11"],
        _within(0, 8000),
    ),
    "QA60, masked at that time": (
        lambda: cloud_masks.qa60_composite(_area(), "2022-03-01", "2022-03-20").select("qa60_known"),
        ["qa60_known"],
        _within(0, 0),
    ),
    "MNDWI": (lambda: water_indices.mndwi_water(_optical()), ["MNDWI", "water"], _within(-1, 1)),
    "AWEI": (lambda: water_indices.awei(_optical()), ["awei_nsh", "awei_sh"], _within(-5, 3)),
    "z-score": (lambda: anomalies.z_score(_area(), BEFORE, AFTER), ["VV", "VH", "class"], _within(-60, 60)),
    "duration": (lambda: time_series.flood_duration(_area(), *AFTER), ["days", "passes"], _within(0, 40)),
    "clean-up": (lambda: clean_up.cleaned(_flooded()), ["flooded"], _within(1, 1)),
    "depth": (
        lambda: flood_depth.flood_depth(
            _flooded(),
            ee.ImageCollection("COPERNICUS/DEM/GLO30").filterBounds(_area()).mosaic().select("DEM"),
            4,
        ),
        ["depth"],
        _within(0, 20),
    ),
}


@pytest.mark.parametrize("name", IMAGES)
def test_image_of_a_real_id_has_its_bands_and_plausible_values(name: str) -> None:
    make, bands, plausible = IMAGES[name]
    image = ee.Image(make())
    means = _means(image)
    assert list(means) == bands or sorted(means) == sorted(bands)
    assert any(value is not None for value in means.values())
    assert plausible(means), means


NUMBERS: dict[str, tuple[Callable[[], Any], float, float]] = {
    "global Otsu": (
        lambda: ee.Dictionary(otsu.global_otsu(_radar().select("VH"), _area())).getNumber("threshold"),
        -30,
        -10,
    ),
    "edge Otsu": (lambda: edge_otsu.edge_otsu(_radar().select("VV"), _area(), edge_length=5), -25, -5),
    "bmax Otsu": (
        lambda: bmax_otsu.bmax_otsu(_radar().select("VV"), _area(), cell=320, bmax=0.3).getNumber(
            "threshold"
        ),
        -25,
        -5,
    ),
    "cropland": (
        lambda: ee.Number(
            ee.Dictionary(exposure.area_by_cover(_flooded(), _area())).values().reduce(ee.Reducer.sum())
        ),
        0,
        2e6,
    ),
    "passes": (lambda: time_series.water_area_series(_area(), *AFTER).size(), 1, 20),
    "joined": (lambda: joins.nearest_optical(_area(), *AFTER, days=3).size(), 1, 20),
    "listed": (lambda: joins.radar_before(_area(), *AFTER, days=12).size(), 1, 20),
    "monthly": (lambda: time_series.monthly_composites(2022, _area()).size(), 3, 3),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_number_of_a_real_id_is_plausible(name: str) -> None:
    make, low, high = NUMBERS[name]
    assert low <= make().getInfo() <= high


def test_change_detection_runs_where_nothing_was_flooded() -> None:
    flooded = change_detection.flood_extent(_area(), BEFORE, AFTER, orbit="ASCENDING")
    assert list(_means(flooded)) == ["VH"]
    assert _means(flooded)["VH"] in (None, 1)


@pytest.mark.slow  # the count of connected pixels reads 100 pixels beyond the area on every side
def test_change_detection_finds_a_listed_flood_and_none_without_it() -> None:
    event = ee.Feature(
        ee.FeatureCollection("projects/local/assets/world/events")
        .filter(ee.Filter.eq("name", "SIMULATED Benue 2022-10"))
        .first()
    )
    area = event.geometry().centroid(1).buffer(4000).bounds(1)
    before = ("2022-08-15", "2022-10-01")
    hectares = []
    for after in (("2022-10-08", "2022-10-20"), ("2022-09-15", "2022-10-01")):
        flooded = change_detection.flood_extent(area, before, after, orbit="DESCENDING", polarisation="VH")
        found = (
            flooded.multiply(ee.Image.pixelArea()).reduceRegion(ee.Reducer.sum(), area, 160).getNumber("VH")
        )
        hectares.append(found.divide(1e4).getInfo())
    assert 0 <= 5 * hectares[1] < hectares[0] < 7000, hectares


def test_training_table_and_patches_come_from_real_ids() -> None:
    labels = _radar().select("VH").lt(-20)
    points = training_table.training_points(labels, _area(), 3)
    rows = training_table.training_table(_radar().select(["VV", "VH"]), points).getInfo()["features"]
    assert rows and all({"VV", "VH", "water", "set", "split"} == set(row["properties"]) for row in rows)
    found = patches.patches(_radar().select(["VV", "VH"]), points.limit(2), 4).getInfo()["features"]
    assert [len(feature["properties"]["VV"]) for feature in found] == [4, 4]


def test_sampled_table_is_the_same_asked_twice() -> None:
    labels = _radar().select("VH").lt(-20)
    first, again = (training_table.training_points(labels, _area(), 3).getInfo() for _ in range(2))
    assert first == again
