import json
from datetime import UTC, datetime

import pytest

from ee_floods.catalog.event import FloodEvent
from ee_floods.config.pairing import PairingRule
from ee_floods.query.decision import decide
from ee_floods.query.report import PairReport, empty_result
from tests.query.scene_makers import BOUNDS, NOON, box, optical, radar

EVENT = FloodEvent(
    "pak-2022",
    "Pakistan 2022",
    "PAK",
    datetime(2022, 8, 20, tzinfo=UTC),
    datetime(2022, 9, 5, tzinfo=UTC),
    NOON,
    BOUNDS,
    "test",
)


def report_of(radars, optics, rule):
    decision = decide(radars, optics, rule, BOUNDS)
    window = (EVENT.start, EVENT.end)
    report = PairReport(
        EVENT.id, window, len(radars), len(optics), len(decision.matches), decision.rejections
    )
    return report, decision


@pytest.mark.parametrize(
    ("radars", "optics", "words"),
    [
        ([], [optical()], ["No Sentinel-1 scene touches", "pak-2022", "2022-08-20"]),
        ([radar()], [], ["No Sentinel-2 scene touches"]),
        ([radar(71.3)], [optical(0)], ["nearest Sentinel-2 is 71.3 h away", "limit 48 h", "max_hours=72"]),
        (
            [radar()],
            [optical(0, cloud=0.45), optical(30, cloud=0.9)],
            ["All 2 Sentinel-2 scenes", "cloud 2 (nearest 0.45, limit 0.3)", "max_cloud"],
        ),
        ([radar()], [optical(0, scored=0)], ["no_cloud_score 1", "Cloud Score+"]),
        ([radar(polarisations=("HH",))], [optical()], ["polarisation 1 (nearest HH, wanted VV+VH)"]),
        (
            [radar(footprint=box(67, 26, 68.12, 28))],
            [optical(footprint=box(68.08, 26, 69, 28))],
            ["best overlap of two passes is 0.20, limit 0.5"],
        ),
    ],
)
def test_an_empty_result_names_the_filter_and_how_far_it_missed(radars, optics, words):
    rule = PairingRule()
    error = empty_result(EVENT, rule, *report_of(radars, optics, rule))
    for word in words:
        assert word in str(error)


def test_rows_hold_one_scene_each_and_the_document_is_json():
    slices = [radar(0, "a", orbit=9), radar(20 / 3600, "b", orbit=9)]
    report, _ = report_of([*slices, radar(1, "c")], [optical(1)], PairingRule())
    rows = report.to_rows()
    assert [row["scene"] for row in rows] == ["a", "b"]
    assert report.counts() == {"order": 2}
    document = json.loads(json.dumps(report.to_dict()))
    assert document["schema"] == "ee-floods/pairs/1.0"
    assert document["left_out"] == {"order": 2}
    assert "1 pair(s) from 3 Sentinel-1" in str(report)
