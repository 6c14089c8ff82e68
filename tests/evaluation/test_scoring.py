"""Scores on made-up chips, and on the real ones against counts that others published."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from ee_floods.errors import InputError, ModelMismatchError
from ee_floods.evaluation.scoring import evaluate_chips
from ee_floods.models.baselines import OtsuBaseline, ThresholdBaseline
from ee_floods.workflows.evaluate import evaluate_sen1floods11

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "sen1floods11"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared Sen1Floods11 chips are not here")


@dataclass(frozen=True)
class _Chip:
    bands: dict[str, np.ndarray]
    label: np.ndarray
    chip: str = "Made_1"
    event: str = field(default="Made")


def _chip() -> _Chip:
    vh = np.array([[-30, -30, -10, -10, np.nan, np.nan]], np.float32)
    return _Chip({"VH": vh}, np.array([[1, 0, 1, 0, 1, -1]], np.int8))


def test_unobserved_pixels_are_dry_or_left_out_by_policy() -> None:
    dry = evaluate_chips(ThresholdBaseline(), [_chip()], nan_policy="dry")
    exclude = evaluate_chips(ThresholdBaseline(), [_chip()], nan_policy="exclude")
    assert (dry.pooled.tp, dry.pooled.fp, dry.pooled.fn, dry.pooled.tn) == (1, 1, 2, 1)
    assert (exclude.pooled.tp, exclude.pooled.fp, exclude.pooled.fn, exclude.pooled.tn) == (1, 1, 1, 1)
    assert exclude.chips[0].unobserved_water == dry.chips[0].unobserved_water == 1


def test_a_chip_without_a_valid_pixel_is_not_scored() -> None:
    blind = _Chip({"VH": np.full((2, 2), np.nan, np.float32)}, np.ones((2, 2), np.int8))
    report = evaluate_chips(OtsuBaseline(), [blind, _chip()])
    assert not report.chips[0].scored
    assert report.chips[0].tp is None
    assert report.chips[0].unobserved_water == 4


def test_no_chip_and_a_missing_band_are_refused() -> None:
    with pytest.raises(InputError, match="no chip"):
        evaluate_chips(OtsuBaseline(), [])
    with pytest.raises(ModelMismatchError, match=r"lacks the band\(s\) VH"):
        evaluate_chips(
            OtsuBaseline(), [_Chip({"VV": np.zeros((1, 1), np.float32)}, np.zeros((1, 1), np.int8))]
        )


@needs_shared
@pytest.mark.parametrize(("model", "column"), [("baseline:vh-threshold", "fixed"), ("baseline:otsu", "otsu")])
def test_published_counts_are_reproduced_to_the_pixel(model: str, column: str) -> None:
    with (SHARED / "published_vh_baselines.csv").open(newline="") as file:
        published = {row["chip"]: row for row in csv.DictReader(file)}
    report = evaluate_sen1floods11(model, SHARED, nan_policy="dry")
    assert len(report.chips) == 7
    first = "fixed_vh_m23.6_tp" if column == "fixed" else "otsu_tp"
    for chip in report.chips:
        row = published[chip.chip]
        expected = tuple(int(row[key]) for key in (first, f"{column}_fp", f"{column}_fn", f"{column}_tn"))
        assert (chip.tp or 0, chip.fp or 0, chip.fn or 0, chip.tn or 0) == expected, chip.chip
        assert chip.scored == (sum(expected) > 0)


@needs_shared
def test_exclude_says_what_was_not_observed() -> None:
    report = evaluate_sen1floods11("baseline:vh-threshold", SHARED, nan_policy="exclude")
    hidden = {chip.chip: chip.unobserved_water for chip in report.chips if chip.unobserved_water}
    assert hidden == {"Paraguay_34417": 50_026}
    assert report.pooled.iou == pytest.approx(0.6307, abs=5e-5)  # as the data's README gives it
    otsu = evaluate_sen1floods11("baseline:otsu", SHARED, nan_policy="exclude")
    assert otsu.pooled.iou == pytest.approx(0.4226, abs=5e-5)


@needs_shared
def test_sixteen_metres_changes_the_counts_and_keeps_the_area() -> None:
    ten = evaluate_sen1floods11("baseline:vh-threshold", SHARED, chips=["Spain_7370579"])
    sixteen = evaluate_sen1floods11("baseline:vh-threshold", SHARED, chips=["Spain_7370579"], scale_m=16)
    area = {r.scale_m: (r.pooled.tp + r.pooled.fn) * r.scale_m**2 for r in (ten, sixteen)}
    assert area[16.0] == pytest.approx(area[10.0], rel=0.05)
    assert sixteen.pooled.iou is not None and ten.pooled.iou is not None
    assert sixteen.pooled.iou > ten.pooled.iou  # averaged speckle
