"""What a product says about itself: the mark of simulated data cannot be left off."""

from __future__ import annotations

from typing import Any

import pytest

from ee_floods.contracts.product import (
    BAND_NAMES,
    CLASSES,
    EXCLUSION_LABELS,
    NODATA,
    OVERVIEW_RESAMPLING,
    PYRAMID_POLICY,
    Exclusion,
    FloodClass,
    ProductProperties,
)

REQUIRED: dict[str, Any] = {"model": "m", "runtime": "numpy", "precision": "float32", "code_version": "0"}
SIMULATED = {"assets": [{"id": "A", "simulated": True}, {"id": "B", "simulated": False}], "files": []}


@pytest.mark.parametrize(
    ("event", "expected"), [("Jamuna", "SIMULATED Jamuna"), ("SIMULATED x", "SIMULATED x"), ("", "SIMULATED")]
)
def test_one_simulated_asset_marks_the_product_and_its_event(event: str, expected: str) -> None:
    properties = ProductProperties(**REQUIRED, event=event, provenance=SIMULATED, simulated=False)
    assert properties.simulated and properties.event == expected
    assert ProductProperties.from_json(properties.to_json(), "x") == properties


def test_a_real_product_is_left_as_it_is() -> None:
    properties = ProductProperties(**REQUIRED, event="Jamuna")
    assert not properties.simulated and properties.event == "Jamuna"
    assert not properties.sources.assets


def test_without_validation_it_says_so() -> None:
    assert ProductProperties(**REQUIRED).validation == "not validated for operational use"
    assert ProductProperties(**REQUIRED, validated_on=("A", "B")).validation == "validated on A, B"


def test_every_class_bit_and_band_is_described() -> None:
    assert [spec.value for spec in CLASSES] == list(FloodClass)
    assert set(EXCLUSION_LABELS) == set(Exclusion) and sum(Exclusion) == 255
    assert set(BAND_NAMES) == set(NODATA) == set(OVERVIEW_RESAMPLING) == set(PYRAMID_POLICY)
