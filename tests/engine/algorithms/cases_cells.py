"""Cells of the S2 grid against the corners that another service prints."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.engine.algorithms.case import Case

# Token 89c259, printed by `geo_s2cell_to_polygon`.
_PRINTED = [
    [-74.030012249838478, 40.8012684339439],
    [-74.030012249838478, 40.7222262918358],
    [-73.935982114337421, 40.708880489804564],
    [-73.935982114337421, 40.787917134506841],
]
_SOURCE = "https://learn.microsoft.com/kusto/query/geo-s2cell-to-polygon-function"
_NUMBER = 0x89C2590000000000


def _corners(geometry: Any) -> Any:
    import ee

    return ee.Geometry(geometry).coordinates().flatten()


def _ring() -> np.ndarray:
    return np.array([*_PRINTED, _PRINTED[0]]).ravel()


CASES = [
    Case(name, [given], _ring, ask=_corners, source=_SOURCE, rtol=1e-12)
    for name, given in (
        ("Geometry.fromS2CellToken", "89c2590000000000"),
        ("Geometry.fromS2CellId", _NUMBER - 2**64),
        ("Geometry.s2Cell", _NUMBER - 2**64),
    )
]
