"""Colours: the contract's for classes, distinct from them for everything else."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ee_floods.contracts.product import CLASSES, Exclusion
from ee_floods.maps.palette import EXCLUSION_COLOURS, class_rgba, probability_ramp, rgb


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2.1."""
    parts = (value / 255 for value in rgb(colour))
    red, green, blue = (v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_every_class_has_its_colour_and_no_data_has_none() -> None:
    flood = np.array([[int(spec.value) for spec in CLASSES]], np.uint8)
    for spec, rgba in zip(CLASSES, class_rgba(flood)[0].tolist(), strict=True):
        expected = (
            [0, 0, 0, 0] if spec.colour is None else [int(spec.colour[i : i + 2], 16) for i in (1, 3, 5)]
        )
        assert rgba[: len(expected)] == expected and rgba[3] == (0 if spec.colour is None else 255)


def test_a_class_left_out_is_transparent() -> None:
    assert class_rgba(np.array([[0, 3]], np.uint8), without=frozenset({0}))[0, :, 3].tolist() == [0, 255]


def test_every_exclusion_has_a_colour_that_is_no_class() -> None:
    assert set(EXCLUSION_COLOURS) == set(Exclusion)
    assert not set(EXCLUSION_COLOURS.values()) & {spec.colour for spec in CLASSES}


def test_probability_gets_darker_all_the_way() -> None:
    ramp = probability_ramp()
    values = [luminance(colour) for colour in ramp]
    assert len(ramp) == 101 and all(b < a for a, b in pairwise(values))


def test_flood_dry_and_permanent_water_differ_without_hue() -> None:
    colours = {spec.label: luminance(spec.colour) for spec in CLASSES if spec.colour}
    assert colours["dry"] > 3 * colours["flood"] > 3 * colours["permanent water"]
