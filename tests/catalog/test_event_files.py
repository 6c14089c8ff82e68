import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ee_floods.catalog.event_files import read_events
from ee_floods.errors import CorruptFileError, InputError

HEADER = "id,name,country,start,end,west,south,east,north\n"
METADATA = Path(__file__).parents[3] / "shared/data/sen1floods11/Sen1Floods11_Metadata.geojson"


def test_csv_rows_become_events(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(HEADER + "a,Valencia,ESP,2024-10-29,2024-11-04,-0.6,39.2,-0.3,39.5\n")
    (event,) = read_events(path)
    assert (event.id, event.bounds, event.source) == ("a", (-0.6, 39.2, -0.3, 39.5), "mine.csv")


def test_a_bad_row_is_named_by_its_line(tmp_path):
    path = tmp_path / "mine.csv"
    good = "a,Valencia,ESP,2024-10-29,2024-11-04,-0.6,39.2,-0.3,39.5\n"
    path.write_text(HEADER + good + good.replace("a,", "b,", 1).replace("2024-11-04", "2023-11-04"))
    with pytest.raises(InputError, match=r"mine\.csv:3: .*not after its start"):
        read_events(path)


def test_an_id_given_twice_is_refused(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(HEADER + "a,Valencia,ESP,2024-10-29,2024-11-04,-0.6,39.2,-0.3,39.5\n" * 2)
    with pytest.raises(InputError, match="events 1 and 2 have the same id"):
        read_events(path)


def test_geojson_takes_bounds_from_the_geometry(tmp_path):
    ring = [[-0.6, 39.2], [-0.3, 39.2], [-0.3, 39.5], [-0.6, 39.2]]
    feature = {
        "type": "Feature",
        "id": "f1",
        "properties": {"name": "V", "start": "2024-10-29", "end": 1730678400000},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    path = tmp_path / "mine.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    (event,) = read_events(path)
    assert event.id == "f1"
    assert event.bounds == (-0.6, 39.2, -0.3, 39.5)
    assert event.end == datetime(2024, 11, 4, tzinfo=UTC)


def test_what_is_no_event_file_says_what_is_wanted(tmp_path):
    broken = tmp_path / "x.geojson"
    broken.write_text("{")
    with pytest.raises(CorruptFileError, match="not a GeoJSON"):
        read_events(broken)
    with pytest.raises(InputError, match="no event file"):
        read_events(tmp_path / "absent.csv")
    other = tmp_path / "x.gpx"
    other.write_text("")
    with pytest.raises(InputError, match=r"\.csv"):
        read_events(other)


@pytest.mark.skipif(not METADATA.is_file(), reason="the shared Sen1Floods11 metadata is not here")
def test_sen1floods11_metadata_gives_its_events_with_both_acquisitions_inside():
    events = {event.id: event for event in read_events(METADATA)}
    assert len(events) == 12
    ghana = events["sen1floods11-ghana"]
    assert ghana.start == datetime(2018, 9, 18, tzinfo=UTC)
    assert ghana.end == datetime(2018, 9, 20, tzinfo=UTC)
    assert ghana.country == "GHA"
    assert not ghana.simulated
