from datetime import UTC, datetime

import pytest

from ee_floods.catalog.event import FloodEvent, bounds_of, event_from_record, parse_time
from ee_floods.errors import InputError

GOOD = {
    "id": "e1",
    "name": "Somewhere",
    "country": "PAK",
    "start": "2022-08-20",
    "end": "2022-09-05",
    "peak": "2022-08-30T12:00:00Z",
    "bounds": [68, 27, 68.5, 27.5],
}


def event(**changes):
    return event_from_record({**GOOD, **changes}, "test", "test:1")


def test_a_date_alone_ends_with_its_day():
    assert event().start == datetime(2022, 8, 20, tzinfo=UTC)
    assert event().end == datetime(2022, 9, 6, tzinfo=UTC)
    assert event(end="2022-09-05T06:00:00+02:00").end == datetime(2022, 9, 5, 4, tzinfo=UTC)


def test_milliseconds_of_earth_engine_are_utc():
    assert parse_time(1661860800000, "start") == datetime(2022, 8, 30, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"end": "2022-08-01"}, "not after its start"),
        ({"peak": "2023-01-01"}, "peak"),
        ({"bounds": [68, 27, 67, 28]}, "antimeridian"),
        ({"bounds": [68, 28, 69, 27]}, "south before north"),
        ({"bounds": [27, 168, 28, 169]}, "longitude first"),
        ({"bounds": [68, 27, 69]}, "not four numbers"),
        ({"bounds": None}, "no bounds"),
        ({"id": ""}, "no id"),
        ({"start": "last week"}, "not a date"),
    ],
)
def test_a_wrong_field_is_named_with_its_place_and_what_to_do(change, words):
    with pytest.raises(InputError, match=words) as caught:
        event(**change)
    assert str(caught.value).startswith("test:1: ")
    assert caught.value.remedy


def test_a_time_without_zone_is_refused():
    with pytest.raises(InputError, match="time zone"):
        FloodEvent("e", "n", "c", datetime(2022, 1, 1), datetime(2022, 1, 2), None, (0, 0, 1, 1), "s")


def test_simulated_events_are_called_so():
    assert event(simulated=1).name == "SIMULATED Somewhere"
    assert event(name="SIMULATED Indus").simulated
    assert event(name="SIMULATED Indus", simulated=True).name == "SIMULATED Indus"


def test_a_record_survives_the_way_there_and_back():
    assert event_from_record(event().to_dict(), "test", "x") == event()


def test_bounds_of_any_geometry():
    rings = [[[1, 2], [3, 2], [3, 5], [1, 2]], [[9, 9], [9, 10], [8, 9], [9, 9]]]
    many = {"type": "MultiPolygon", "coordinates": [[ring] for ring in rings]}
    assert bounds_of(many) == (1, 2, 9, 10)
    point = {"type": "Point", "coordinates": [4, 5]}
    assert bounds_of({"type": "GeometryCollection", "geometries": [point, many]}) == (1, 2, 9, 10)
    with pytest.raises(InputError, match="no coordinates"):
        bounds_of({"type": "Polygon", "coordinates": []})
