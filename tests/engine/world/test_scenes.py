"""Scenes of Sentinel-1 and Sentinel-2: found where and when the real ones fly, and named as they are."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from ee_floods.engine.records import ImageRecord
from ee_floods.engine.world import WorldLibrary
from ee_floods.engine.world.hydrology import milliseconds
from ee_floods.engine.world.places import Bounds
from ee_floods.engine.world.sentinel2 import Sentinel2
from ee_floods.engine.world.tiles import tile_named, tiles_over
from tests.engine.world.pairs import DAY, S1, S2, SCORE

SINDH = (68.2, 26.6, 68.35, 26.75)
START, END = milliseconds("2019-06-01"), milliseconds("2019-08-01")


def _scenes(world: WorldLibrary, asset: str, start: float = START, end: float = END) -> list[ImageRecord]:
    found = world.collection(asset, bounds=SINDH, start_ms=start, end_ms=end)
    assert found is not None
    return list(found)


def _local_hours(record: ImageRecord) -> float:
    moment = datetime.fromtimestamp(record.properties["system:time_start"] / 1000, UTC)
    lon = np.mean([point[0] for point in record.footprint["coordinates"][0]]) if record.footprint else 0
    return (moment.hour + moment.minute / 60 + lon / 15) % 24


@pytest.mark.parametrize("asset", [S1, S2, SCORE])
def test_ids_round_trip(world: WorldLibrary, asset: str) -> None:
    for record in _scenes(world, asset, END - 14 * DAY):
        again = WorldLibrary().image(record.id)
        assert again is not None
        assert again.id == record.id == f"{asset}/{record.properties['system:index']}"
        assert again.properties == record.properties
        assert [b.grid for b in again.bands] == [b.grid for b in record.bands]


@pytest.mark.parametrize(
    "asset_id",
    [
        f"{S1}/S1A_IW_GRDH_1SDV_20190605T012903_20190605T012928_027377_000000_0000",
        f"{S1}/S1A_IW_GRDH_1SDV_20199905T012903_20199905T012928_027377_000000_0000",
        f"{S2}/20190605T060640_20190605T060642_T42RVQ",
        f"{S2}/20190605T060640_20190605T060642_T99XXX",
        f"{SCORE}/x",
        "COPERNICUS/S5P",
    ],
)
def test_ids_that_were_never_flown_are_absent(world: WorldLibrary, asset_id: str) -> None:
    assert world.image(asset_id) is None
    assert world.asset(asset_id) is None


@pytest.mark.parametrize("asset", [S1, S2, SCORE])
def test_a_shorter_period_is_a_subset_in_order_of_index(world: WorldLibrary, asset: str) -> None:
    long = [r.properties["system:index"] for r in _scenes(world, asset)]
    middle = (START + END) / 2
    first = [r.properties["system:index"] for r in _scenes(world, asset, START, middle)]
    second = [r.properties["system:index"] for r in _scenes(world, asset, middle, END)]
    assert long == sorted(long)
    assert sorted(first + second) == long
    assert first


def test_radar_passes_return_after_twelve_days_in_the_morning_and_evening(world: WorldLibrary) -> None:
    scenes = _scenes(world, S1)
    tracks: dict[tuple[str, int, int], list[float]] = {}
    for record in scenes:
        p = record.properties
        hours = _local_hours(record)
        assert hours == pytest.approx(18 if p["orbitProperties_pass"] == "ASCENDING" else 6, abs=0.8)
        assert {p["instrumentMode"], p["resolution"], p["resolution_meters"]} == {"IW", "H", 10}
        assert p["transmitterReceiverPolarisation"] == ["VV", "VH"]
        absolute = int(p["system:index"].split("_")[6])
        # ESA: relative orbit = (absolute - 73) mod 175 + 1 for S1A, 27 for S1B.
        offset = {"A": 73, "B": 27}[p["platform_number"]]
        assert p["relativeOrbitNumber_start"] == (absolute - offset) % 175 + 1
        key = (p["platform_number"], p["relativeOrbitNumber_start"], p["sliceNumber"])
        tracks.setdefault(key, []).append(p["system:time_start"])
    assert {p for p, _, _ in tracks} == {"A", "B"}
    for times in tracks.values():
        assert np.allclose(np.diff(times), 12 * DAY, atol=2)


def test_missions_fly_only_while_they_flew(world: WorldLibrary) -> None:
    def platforms(start: str, end: str) -> set[str]:
        scenes = _scenes(world, S1, milliseconds(start), milliseconds(end))
        return {record.properties["platform_number"] for record in scenes}

    assert platforms("2014-01-01", "2014-10-01") == set()
    assert platforms("2015-01-01", "2015-02-01") == {"A"}
    assert platforms("2022-01-01", "2022-02-01") == {"A"}
    assert platforms("2025-06-01", "2025-07-01") == {"A", "C"}


def test_optical_tiles_return_every_five_days_at_half_past_ten(world: WorldLibrary) -> None:
    scenes = _scenes(world, S2)
    by_track: dict[tuple[str, int], list[float]] = {}
    for record in scenes:
        p = record.properties
        assert _local_hours(record) == pytest.approx(10.6, abs=0.5)
        by_track.setdefault((p["MGRS_TILE"], p["SENSING_ORBIT_NUMBER"]), []).append(p["system:time_start"])
        assert 0 <= p["CLOUDY_PIXEL_PERCENTAGE"] <= 100
    for times in by_track.values():
        assert np.allclose(np.diff(sorted(times)), 5 * DAY, atol=2)
    clouds = [record.properties["CLOUDY_PIXEL_PERCENTAGE"] for record in scenes]
    assert min(clouds) < 15
    assert max(clouds) - min(clouds) > 30


def test_cloud_score_has_the_index_of_its_scene(world: WorldLibrary) -> None:
    scenes = [r.properties["system:index"] for r in _scenes(world, S2, END - 20 * DAY)]
    scores = [r.properties["system:index"] for r in _scenes(world, SCORE, END - 20 * DAY)]
    assert scenes == scores


@pytest.mark.parametrize(
    ("lon", "lat", "name"),
    [
        # Published MGRS references: Eiffel Tower 31U DQ 48251 11932, Washington Monument 18S UJ 23483 06479,
        # Honolulu 4Q FJ 12345 67890, Sydney Opera House 56H LH 34900 52250.
        (2.2945, 48.8582, "31UDQ"),
        (-77.0353, 38.8895, "18SUJ"),
        (-157.9170, 21.4098, "04QFJ"),
        (151.2153, -33.8568, "56HLH"),
    ],
)
def test_tiles_are_named_as_the_military_grid_names_them(lon: float, lat: float, name: str) -> None:
    names = {tile.name for tile in tiles_over(Bounds(lon, lat, lon, lat))}
    assert name in names
    tile = tile_named(name)
    assert tile is not None
    assert tile.name == name
    for scale in (10.0, 20.0, 60.0):
        assert tile.grid(scale).bounds == tile.grid(10.0).bounds


def test_a_box_across_the_antimeridian_finds_both_sides(world: WorldLibrary) -> None:
    found = world.collection(S1, bounds=(179.8, -17, 180.2, -16.6), start_ms=START, end_ms=START + 12 * DAY)
    other = world.collection(S1, bounds=(179.8, -17, -179.8, -16.6), start_ms=START, end_ms=START + 12 * DAY)
    assert found is not None
    assert other is not None
    indices = [r.properties["system:index"] for r in found]
    assert indices
    assert indices == [r.properties["system:index"] for r in other]


def test_brief_listing_is_its_part_of_the_day_and_looks_only_where_satellites_were(
    world: WorldLibrary,
) -> None:
    """A minute of the whole world used to try every tile of it."""
    bounds = Bounds.of((64, 20, 76, 36))
    day, minute = milliseconds("2019-06-03"), 60_000
    brief, long = Sentinel2(world._fields), Sentinel2(world._fields)
    whole = list(long.walk(bounds, day, day + DAY))
    start = whole[len(whole) // 2].time_ms - minute / 2
    found = [scene.index for scene in brief.walk(bounds, start, start + minute)]
    assert found == [scene.index for scene in whole if start <= scene.time_ms < start + minute]
    assert 0 < len(found) <= len(brief._crossings._entries) < len(long._crossings._entries) / 2
