"""Errors that users of the service report, in its words."""

from __future__ import annotations

from typing import Any

import ee
import pytest

from ee_floods.engine.errors import EngineError
from tests.engine.memory_library import Bench


def _rows() -> Any:
    rows = [{"v": 1}, {"v": 5}]
    return ee.FeatureCollection([ee.Feature(None, row) for row in rows])


@pytest.mark.parametrize("count", [2, 3])
def test_a_palette_is_for_one_band(bench: Bench, count: int) -> None:
    """The message of the code editor, for any number of bands, the first three of which are shown."""
    image = ee.Image.constant(list(range(count)))
    with pytest.raises(EngineError) as caught:
        bench.value(image.visualize(palette=["red", "blue"], min=0, max=1))
    assert caught.value.message == (
        "Image.visualize: Cannot provide a palette when visualizing more than one band."
    )


def test_a_palette_is_text(bench: Bench) -> None:
    """The message of https://github.com/gee-community/geemap/issues/1360."""
    with pytest.raises(EngineError) as caught:
        bench.value(ee.Image(1).visualize(palette=5))
    assert caught.value.message == (
        "Image.visualize: Expected a string or list of strings for field 'palette'."
    )


def test_a_negative_limit_is_refused(bench: Bench) -> None:
    with pytest.raises(EngineError, match="must not be negative"):
        bench.value(_rows().limit(-1).size())
