"""Distances in a direction against a walk along the line."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import ee
import numpy as np

from tests.engine.algorithms.case import STORED, Case


def _walk(angle: float, furthest: int, carry: bool) -> np.ma.MaskedArray:
    """Go from each pixel towards the angle, pixel by pixel of the longer axis."""
    labels, values = STORED["C/whole"]["n"] > 45, STORED["C/whole"]["m"]
    answer = np.ma.masked_all(labels.shape)
    across, up = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    scale = max(abs(across), abs(up))
    for row in range(labels.shape[0]):
        for column in range(labels.shape[1]):
            for i in range(furthest + 1):
                r, c = row - round(i * up / scale), column + round(i * across / scale)
                inside = 0 <= r < labels.shape[0] and 0 <= c < labels.shape[1]
                if not inside or math.hypot(r - row, c - column) > furthest:
                    break
                if labels[r, c]:
                    answer[row, column] = values[r, c] if carry else math.hypot(r - row, c - column)
                    break
    return answer


def _source() -> ee.Image:
    return ee.Image("C/whole").select("n").gt(45)


def _plain(angle: float) -> Callable[[], dict[str, Any]]:
    return lambda: {"source": _source(), "angle": angle, "maxDistance": 9}


def _two_bands() -> dict[str, Any]:
    source = ee.Image("C/whole").select("m").addBands(_source())
    return {"source": source, "angle": 30.0, "maxDistance": 6, "labelBand": "n"}


CASES = [
    Case(
        "Image.directionalDistanceTransform",
        _plain(angle),
        lambda angle=angle: _walk(angle, 9, carry=False),
        pixels=True,
        rtol=1e-6,
        name=f"towards {angle:.0f}",
    )
    for angle in (0.0, 90.0, -45.0, 200.0)
] + [
    Case(
        "Image.directionalDistanceTransform",
        _two_bands,
        lambda: _walk(30.0, 6, carry=True),
        pixels=True,
        name="labelBand",
    )
]
