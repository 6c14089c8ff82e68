"""`find_pairs` through the real client: against the local engine, and (marked `ee`) against the service."""

import os
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ee_floods.catalog import events
from ee_floods.catalog.event import FloodEvent
from ee_floods.config.pairing import PairingRule
from ee_floods.errors import InputError, NoScenesError
from ee_floods.query.pairs import find_pairs

ANY_CLOUD = PairingRule(max_cloud=1.0, max_hours=72)


@pytest.fixture(scope="module")
def event(engine_session):
    """A week around the peak of a listed event: few scenes, so that a test takes seconds."""
    listed = events.get("lower-indus-2022-08")
    return replace(
        listed, start=listed.peak - timedelta(days=3), end=listed.peak + timedelta(days=3), peak=listed.peak
    )


@pytest.fixture(scope="module")
def pairs(event):
    return find_pairs(event, ANY_CLOUD, patch=64, extent_px=100)


def scenes_of(collection, event, rule):
    import ee

    region = ee.Geometry.Rectangle(list(event.bounds), "EPSG:4326", False)
    end = event.end + timedelta(days=rule.days_after)
    images = ee.ImageCollection(collection).filterBounds(region).filterDate(event.start, end)
    return {f"{collection}/{index}" for index in images.aggregate_array("system:index").getInfo()}


def test_every_scene_of_the_window_is_in_a_pair_or_in_the_report(event):
    found = find_pairs(event, ANY_CLOUD)
    named = {i for pair in found for i in (*pair.s1_ids, *pair.s2_ids)}
    named |= {i for item in found.report.rejections for i in item.scene_ids}
    expected = scenes_of("COPERNICUS/S1_GRD", event, ANY_CLOUD)
    expected |= scenes_of("COPERNICUS/S2_HARMONIZED", event, ANY_CLOUD)
    assert named == expected
    assert found.report.s1_scenes + found.report.s2_scenes == len(expected)


def test_times_of_a_pair_are_those_in_the_names_of_its_scenes(pairs):
    pair = pairs[0]
    radar = re.search(r"_(\d{8}T\d{6})_", pair.s1_ids[0])[1]
    assert pair.s1_time.replace(microsecond=0) == datetime.strptime(radar, "%Y%m%dT%H%M%S").replace(
        tzinfo=UTC
    )
    assert pair.hours_apart == pytest.approx((pair.s1_time - pair.s2_time) / timedelta(hours=1))
    assert abs(pair.hours_apart) <= 72


def test_the_grid_is_whole_patches_in_the_middle_of_the_event(pairs, event):
    grid = pairs[0].grid
    assert grid.shape == (128, 128)
    assert grid.crs == "EPSG:32642"
    west, south, east, north = grid.lonlat_bounds
    longitude, latitude = event.centre
    assert west < longitude < east and south < latitude < north
    whole = find_pairs(event, ANY_CLOUD, patch=64)[0].grid
    assert whole.height % 64 == 0
    west, south, east, north = whole.lonlat_bounds
    assert west <= event.bounds[0] and east >= event.bounds[2]
    assert south <= event.bounds[1] and north >= event.bounds[3]


def test_the_same_search_gives_the_same_ids_that_are_names_of_files(pairs, event):
    again = find_pairs(event, ANY_CLOUD, patch=64, extent_px=100)
    assert [pair.id for pair in again] == [pair.id for pair in pairs]
    assert all(re.fullmatch(r"[a-z0-9-]+", pair.id) for pair in pairs)
    assert len({pair.id for pair in pairs}) == len(pairs)


def test_a_filter_that_empties_the_search_is_named(event):
    with pytest.raises(NoScenesError, match=r"All \d+ Sentinel-2 scenes .* cloud \d+ \(nearest"):
        find_pairs(event, PairingRule(max_cloud=0.0, min_clear_score=0.99))
    with pytest.raises(NoScenesError, match="relative_orbit"):
        find_pairs(event, PairingRule(relative_orbit=175, max_cloud=1.0))


def test_an_event_before_the_satellites_finds_no_scene(event):
    start = datetime(2010, 7, 28, tzinfo=UTC)
    with pytest.raises(NoScenesError, match=r"No Sentinel-1 scene touches .* from 2010-07-28"):
        find_pairs(replace(event, start=start, end=start + timedelta(days=5), peak=None))


def test_an_extent_of_nothing_is_refused(event):
    with pytest.raises(InputError, match="extent_px"):
        find_pairs(event, extent_px=0)


@pytest.mark.ee
def test_a_flood_of_sen1floods11_pairs_on_the_real_service():
    """Needs credentials (`earthengine authenticate`) and EE_FLOODS_EE_PROJECT; run `pytest -m ee`."""
    project = os.environ.get("EE_FLOODS_EE_PROJECT")
    if not project:
        pytest.skip("EE_FLOODS_EE_PROJECT names no project")
    from ee_floods.session import connect

    # Sen1Floods11's metadata: Spain, Sentinel-1 of 2019-09-17 and Sentinel-2 of 2019-09-18, orbit 110.
    spain = FloodEvent(
        "sen1floods11-spain",
        "Spain 2019-09",
        "ESP",
        datetime(2019, 9, 16, tzinfo=UTC),
        datetime(2019, 9, 20, tzinfo=UTC),
        None,
        (-0.95, 38.0, -0.65, 38.2),
        "Sen1Floods11",
    )
    with connect(project=project, engine="earthengine", replace=True):
        found = find_pairs(spain, PairingRule(max_cloud=1.0), extent_px=512)
        assert any(pair.s1_time.date() == datetime(2019, 9, 17).date() for pair in found)
        assert all(abs(pair.hours_apart) <= 48 for pair in found)
        assert found.report.s1_scenes >= 1
