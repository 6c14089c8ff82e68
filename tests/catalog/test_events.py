import pytest

from ee_floods.catalog import events
from ee_floods.errors import InputError

ROWS = """id,name,country,start,end,west,south,east,north
indus-2022,Indus flood,Pakistan,2022-08-20,2022-09-10,68,27,68.4,27.4
indus-2010,Indus flood,Pakistan,2010-07-28,2010-08-30,68,27,68.4,27.4
turia-2024,Valencia,Spain,2024-10-29,2024-11-04,-0.6,39.2,-0.3,39.5
"""


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text(ROWS)
    return path


def test_find_by_place_and_month(source):
    assert [e.id for e in events.find("pakistan", source=source)] == ["indus-2010", "indus-2022"]
    assert [e.id for e in events.find("Indus", "2022-08", source=source)] == ["indus-2022"]
    assert [e.id for e in events.find("turia", "2024", source=f"file:{source}")] == ["turia-2024"]


def test_list_by_day_counts_events_that_overlap_it(source):
    assert [e.id for e in events.list(source, date="2022-09-10")] == ["indus-2022"]
    assert events.list(source, date="2022-09-11") == ()


def test_an_unknown_place_suggests_the_nearest(source):
    with pytest.raises(InputError, match="Did you mean 'Pakistan'"):
        events.find("Pakstan", source=source)
    with pytest.raises(InputError, match="Did you mean 'turia-2024'"):
        events.get("turia2024", source=source)


def test_a_place_without_an_event_then_names_the_nearest_in_time(source):
    with pytest.raises(InputError, match=r"2 at other times.*indus-2010"):
        events.find("Pakistan", "2012-01", source=source)
