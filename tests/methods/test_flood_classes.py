"""Classes against a table written by hand, for the NumPy twin and for the graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ee_floods.contracts.product import FloodClass
from ee_floods.errors import ConfigError, GridMismatchError
from ee_floods.methods.flood_classes import flood_classes, flood_classes_graph

# Water, occurrence in %, class: what the definition says, at and beside each threshold.
TABLE = [
    (0, 0.0, 0),
    (0, 100.0, 0),
    (0, None, 0),
    (1, 0.0, 3),
    (1, 29.9, 3),
    (1, 30.0, 2),
    (1, 89.9, 2),
    (1, 90.0, 1),
    (1, 100.0, 1),
    (1, None, 4),
]


def test_classes_follow_the_table() -> None:
    water = np.array([[bool(w) for w, _, _ in TABLE]])
    occurrence = np.array([[np.nan if o is None else o for _, o, _ in TABLE]], np.float32)
    assert flood_classes(water, occurrence).tolist() == [[c for _, _, c in TABLE]]


def test_without_reference_no_water_is_called_flood() -> None:
    water = np.array([[True, False]])
    assert flood_classes(water, None).tolist() == [[FloodClass.WATER_NOT_SEPARATED, FloodClass.DRY]]


def test_own_thresholds_move_the_classes() -> None:
    water = np.ones((1, 3), bool)
    occurrence = np.array([[4, 5, 50]], np.float32)
    assert flood_classes(water, occurrence, permanent_min=50, seasonal_min=5).tolist() == [[3, 2, 1]]


@pytest.mark.parametrize(("permanent", "seasonal"), [(20, 30), (90, 0), (101, 30), (90, -1)])
def test_thresholds_out_of_order_are_refused(permanent: float, seasonal: float) -> None:
    with pytest.raises(ConfigError, match="seasonal_min"):
        flood_classes(np.ones((1, 1), bool), None, permanent_min=permanent, seasonal_min=seasonal)


def test_a_reference_of_another_shape_is_refused() -> None:
    with pytest.raises(GridMismatchError, match=r"\(2, 2\)"):
        flood_classes(np.ones((1, 1), bool), np.zeros((2, 2), np.float32))


def test_the_graph_follows_the_table_and_is_masked_where_the_water_is(engine_session: Any) -> None:
    import ee

    def column(water: ee.Image, occurrence: float | None) -> ee.Image:
        reference = ee.Image.constant(occurrence or 0.0)
        return flood_classes_graph(water, reference if occurrence is not None else reference.updateMask(0))

    columns = [column(ee.Image.constant(water), occurrence) for water, occurrence, _ in TABLE]
    columns.append(column(ee.Image.constant(1).updateMask(0), 50))
    names = [f"c{index}" for index in range(len(columns))]
    image = ee.Image.cat([part.rename(name) for part, name in zip(columns, names, strict=True)])
    answer = image.reduceRegion(ee.Reducer.first(), ee.Geometry.Point([10, 45]), 30).getInfo()
    assert [answer.get(name) for name in names] == [*(expected for _, _, expected in TABLE), None]
