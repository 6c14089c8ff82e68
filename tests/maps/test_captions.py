"""What stands beside a map."""

from __future__ import annotations

import pytest

from ee_floods.maps.captions import area_text, facts, legend_entries, not_assessed_text, observed_text
from ee_floods.statistics.area import area_report
from tests.inference.makers import product, properties


@pytest.mark.parametrize(
    ("km2", "text"),
    [(0, "0"), (0.02134, "0.0213"), (0.5, "0.500"), (4.049, "4.05"), (9.996, "10.0"), (16.53, "16.5"),
     (99.96, "100"), (1234.4, "1,234")],
)  # fmt: skip
def test_areas_have_three_digits(km2: float, text: str) -> None:
    assert area_text(km2) == text


def test_legend_lists_the_classes_that_occur_water_first() -> None:
    report = area_report(product())
    entries = legend_entries(report)
    assert [entry.value for entry in entries] == [3, 4, 2, 1, 0, 254, 255]
    assert [entry.km2 for entry in entries] == [report.km2(entry.value) for entry in entries]
    assert [entry.value for entry in legend_entries(area_report(product(block=100)))] == [
        value for value in (3, 4, 2, 1, 0, 254, 255) if value in product(block=100).flood
    ]


def test_sentences_say_what_is_known_and_what_is_not() -> None:
    assert observed_text(properties()) == "observed 2022-08-30 01:12 UTC"
    assert observed_text(properties(observed_at=None)) == "time of observation unknown"
    assert not_assessed_text(properties()) == "Not assessed: terrain."


def test_facts_name_the_sources_and_mark_the_simulated() -> None:
    origin = {"assets": [{"id": "A/B", "simulated": True}], "files": ["f.tif"]}
    named = dict(facts(properties(provenance=origin, model_sha256="ab" * 32)))
    assert named["Computed from"] == "A/B (simulated), f.tif"
    assert named["Model"] == "stub, sha256 abababababab"
    assert "Notes" not in named
