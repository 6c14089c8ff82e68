"""The pass of Sentinel-1 that a map is made of, found by metadata through the real client."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ee_floods.catalog import events
from ee_floods.config.pairing import PairingRule
from ee_floods.errors import NoScenesError
from ee_floods.query import sentinel1
from ee_floods.query.passes import find_pass


@pytest.fixture(scope="module")
def event(engine_session):
    return events.get("lower-indus-2022-08")


def test_the_pass_nearest_to_the_peak_is_taken(event):
    found = find_pass(event, extent_px=64, patch=64)
    graph = sentinel1.scenes_graph(found.grid.lonlat_bounds, event.start, event.end + timedelta(days=2))
    scenes = sentinel1.read_scenes(graph.getInfo())
    nearest = min(scenes, key=lambda scene: abs(scene.time - event.peak))
    assert nearest.id in found.ids
    assert found.grid.shape == (64, 64)


def test_a_rule_on_the_orbit_is_kept(event):
    wanted = {}
    for orbit in ("ascending", "descending"):
        wanted[orbit] = find_pass(event, PairingRule(orbit=orbit), extent_px=64, patch=64).ids
    assert wanted["ascending"] != wanted["descending"]


def test_no_pass_names_the_event_and_its_dates(event):
    past = replace(event, start=event.start.replace(year=2012), end=event.end.replace(year=2012), peak=None)
    with pytest.raises(NoScenesError, match="Sentinel-1 did not pass"):
        find_pass(past, extent_px=64, patch=64)
