import pytest

from ee_floods.query.scenes import group_passes, overlap_of
from tests.query.scene_makers import BOUNDS, box, optical, radar


def test_slices_of_a_pass_are_one_pass_and_the_next_cycle_another():
    scenes = [radar(0, "b", footprint=box(67, 27.1, 69, 29)), radar(25 / 3600, "c"), radar(288, "next")]
    passes = group_passes(scenes, lambda s: s.relative_orbit, "Sentinel-1", BOUNDS)
    assert [p.ids for p in passes] == [("S1/b", "S1/c"), ("S1/next",)]


def test_two_satellites_at_once_are_two_passes():
    scenes = [radar(0, "a"), radar(0.001, "b", platform="S1B")]
    assert len(group_passes(scenes, lambda s: (s.platform, s.relative_orbit), "Sentinel-1", BOUNDS)) == 2


def test_overlap_of_slices_counts_shared_ground_once():
    south, north = radar(footprint=box(67, 26, 69, 27.11)), radar(footprint=box(67, 27.09, 69, 28))
    assert overlap_of(([south, north],), BOUNDS) == pytest.approx(1)
    assert overlap_of(([south],), BOUNDS) == pytest.approx(0.55)


def test_overlap_of_two_sensors_is_what_both_cover():
    west, east = radar(footprint=box(67, 26, 68.15, 28)), optical(footprint=box(68.05, 26, 69, 28))
    assert overlap_of(([west], [east]), BOUNDS) == pytest.approx(0.5)


def test_a_footprint_that_is_a_ring_has_an_inside():
    assert overlap_of(([radar(footprint=box(67, 26, 69, 28, "LinearRing"))],), BOUNDS) == pytest.approx(1)


def test_a_footprint_across_the_antimeridian_covers_both_its_sides():
    fiji = (179.5, -17.5, 179.9, -17.1)
    ring = [[179, -18], [-179, -18], [-179, -16], [179, -16], [179, -18]]
    scene = radar(footprint={"type": "Polygon", "coordinates": [ring]})
    assert overlap_of(([scene],), fiji) == pytest.approx(1)
    assert overlap_of(([scene],), (-179.9, -17.5, -179.5, -17.1)) == pytest.approx(1)


def test_no_footprint_means_everywhere_and_an_empty_one_nowhere():
    assert overlap_of(([radar(footprint=None)],), BOUNDS) == 1
    assert overlap_of(([radar(footprint={"type": "Polygon", "coordinates": []})],), BOUNDS) == 0
