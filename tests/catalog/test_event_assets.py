"""Events of a table asset, through the real client."""

import pytest

from ee_floods.catalog import events
from ee_floods.catalog.event_assets import existing_tables, read_table
from ee_floods.errors import InputError
from ee_floods.service.faults import NotFoundError

WORLD = "projects/local/assets/world/events"
pytestmark = pytest.mark.usefixtures("engine_session")


def test_the_sessions_project_says_which_tables_it_holds():
    assert existing_tables("local") == (WORLD,)
    assert existing_tables("nobody") == ()


def test_a_table_gives_its_events_in_order_and_calls_simulated_ones_so():
    found = read_table(WORLD)
    assert len({event.id for event in found}) == len(found) >= 3
    assert list(found) == sorted(found, key=lambda event: event.start)
    assert all(event.simulated and event.name.startswith("SIMULATED ") for event in found)
    assert all(event.start < event.peak < event.end for event in found)


def test_events_of_the_session_are_found_by_country_and_date():
    (event,) = events.find("Pakistan", date="2022-08")
    assert event.country == "PAK"
    assert events.get(event.id, source=f"asset:{WORLD}") == event


def test_an_unknown_event_suggests_the_nearest():
    with pytest.raises(InputError, match="lower-indus-2022-08"):
        events.get("lower-indus-2022")


def test_a_table_that_is_not_there_is_no_empty_table():
    with pytest.raises(NotFoundError, match="events of projects/local/assets/nothing"):
        read_table("projects/local/assets/nothing")
