import itertools
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ee_floods.config.pairing import PairingRule
from ee_floods.query.decision import decide
from tests.query.scene_makers import BOUNDS, NOON, box, optical, radar


def rules(decision):
    return {scene: item.rule for item in decision.rejections for scene in item.scene_ids}


def test_the_sign_of_hours_apart_is_radar_minus_optical():
    decision = decide([radar(10)], [optical(0)], PairingRule(), BOUNDS)
    assert decision.matches[0].hours_apart == pytest.approx(10)
    assert decide([radar(-7)], [optical(0)], PairingRule(), BOUNDS).matches[0].hours_apart == pytest.approx(
        -7
    )


@pytest.mark.parametrize(
    ("scene", "rule", "name", "value", "limit"),
    [
        (radar(mode="EW"), PairingRule(), "mode", "EW", "IW"),
        (radar(polarisations=("HH", "HV")), PairingRule(), "polarisation", "HH+HV", "VV+VH"),
        (radar(polarisations=("VV",)), PairingRule(), "polarisation", "VV", "VV+VH"),
        (radar(resolution_m=40.0), PairingRule(), "resolution", 40.0, 10.0),
        (radar(), PairingRule(orbit="descending"), "orbit", "ascending", "descending"),
        (radar(), PairingRule(relative_orbit=7), "relative_orbit", "42", "7"),
        (radar(footprint=box(67, 26, 69, 27.02)), PairingRule(), "overlap", 0.1, 0.5),
    ],
)
def test_a_radar_scene_names_the_rule_that_rejected_it(scene, rule, name, value, limit):
    found = decide([scene], [optical()], rule, BOUNDS).rejections
    mine = next(item for item in found if scene.id in item.scene_ids)
    assert (mine.rule, mine.limit) == (name, limit)
    assert mine.value == (pytest.approx(value) if isinstance(value, float) else value)


def test_no_cloud_score_is_not_cloud():
    decision = decide([radar()], [optical(0, scored=0.0), optical(1, cloud=0.9)], PairingRule(), BOUNDS)
    assert rules(decision)["S2/o0"] == "no_cloud_score"
    assert rules(decision)["S2/o1"] == "cloud"


def test_a_tile_that_saw_nothing_here_is_left_out_and_its_neighbour_stays():
    decision = decide(
        [radar()], [optical(0, "empty", observed=0.0), optical(0, "full")], PairingRule(), BOUNDS
    )
    assert rules(decision) == {"S2/empty": "no_data"}
    assert decision.matches[0].optical.ids == ("S2/full",)


def test_cloud_of_a_pass_is_that_of_its_tiles_together():
    tiles = [optical(0, "a", cloud=0.8, observed=100), optical(0, "b", cloud=0.1, observed=900)]
    assert decide([radar()], tiles, PairingRule(), BOUNDS).matches[0].cloud == pytest.approx(0.17)


def test_scenes_too_far_apart_say_how_far():
    decision = decide([radar(71.3)], [optical(0)], PairingRule(max_hours=48), BOUNDS)
    assert not decision.matches
    assert {item.rule for item in decision.rejections} == {"hours_apart"}
    assert all(item.value == pytest.approx(71.3) for item in decision.rejections)
    assert decision.least_hours == pytest.approx(71.3)


def test_two_halves_that_do_not_meet_overlap_too_little():
    west = radar(footprint=box(67, 26, 68.12, 28))
    east = optical(footprint=box(68.08, 26, 69, 28))
    decision = decide([west], [east], PairingRule(), BOUNDS)
    assert decision.best_overlap == pytest.approx(0.2)
    assert set(rules(decision).values()) == {"overlap"}


def test_each_pass_is_used_once_and_the_loser_names_the_order():
    decision = decide([radar(2, "near"), radar(20, "far", orbit=9)], [optical(0)], PairingRule(), BOUNDS)
    assert [m.radar.ids for m in decision.matches] == [("S1/near",)]
    assert rules(decision) == {"S1/far": "order"}


def test_order_decides_between_clear_and_near():
    scenes = [optical(1, "near", cloud=0.25), optical(30, "clear", cloud=0.0)]
    by_cloud = decide([radar(0)], scenes, PairingRule(), BOUNDS)
    by_hours = decide([radar(0)], scenes, PairingRule(order=("hours", "cloud")), BOUNDS)
    assert by_cloud.matches[0].optical.ids == ("S2/clear",)
    assert by_hours.matches[0].optical.ids == ("S2/near",)


def test_order_by_peak_takes_the_pass_at_high_water():
    radars = [radar(0, "first"), radar(24, "second")]
    optics = [optical(0, "a"), optical(24, "b", orbit=5)]
    rule = PairingRule(order=("peak",), max_pairs=1)
    decision = decide(radars, optics, rule, BOUNDS, peak=NOON + timedelta(hours=25))
    assert decision.matches[0].radar.ids == ("S1/second",)
    assert rules(decision)["S1/first"] == "max_pairs"


def test_a_pass_without_any_partner_says_so():
    assert rules(decide([radar()], [], PairingRule(), BOUNDS)) == {"S1/r0": "no_partner"}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 400), max_size=5, unique=True),
    st.lists(
        st.tuples(st.integers(0, 400), st.floats(0, 1), st.booleans()), max_size=5, unique_by=lambda t: t[0]
    ),
    st.integers(1, 200),
    st.integers(0, 1000),
)
def test_every_scene_is_in_one_pair_or_rejected_once_whatever_the_order_of_input(hours, tiles, limit, seed):
    radars = [radar(float(h), orbit=h + 1) for h in hours]
    optics = [optical(float(h), cloud=c, scored=float(s), orbit=h + 1) for h, c, s in tiles]
    rule = PairingRule(max_hours=limit)
    decision = decide(radars, optics, rule, BOUNDS)
    paired = [i for m in decision.matches for i in (*m.radar.ids, *m.optical.ids)]
    rejected = [i for item in decision.rejections for i in item.scene_ids]
    assert sorted(paired + rejected) == sorted(s.id for s in (*radars, *optics))
    assert all(abs(m.hours_apart) <= limit and m.cloud <= rule.max_cloud for m in decision.matches)
    shuffled = next(itertools.islice(itertools.permutations(radars), seed % 7, None), radars)
    assert decide(list(shuffled), optics[::-1], rule, BOUNDS) == decision
