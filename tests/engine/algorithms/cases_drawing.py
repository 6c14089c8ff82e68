"""Painted, drawn and styled features, against distances of NumPy; and a stored table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ee
import numpy as np

from tests.engine.algorithms.case import WELLS, Case
from tests.engine.memory_library import UTM

LEFT, TOP, RIGHT, BOTTOM = 500_100, 2_999_900, 500_300, 2_999_800
"""A rectangle on the pixels' edges: rows 10..19, columns 10..29."""
CORNER = (500_320.0, 2_999_680.0)
"""Where four pixels meet."""

_X = UTM.transform[2] + 10 * (np.arange(64) + 0.5)
_Y = (UTM.transform[5] - 10 * (np.arange(64) + 0.5))[:, None]
_DX, _DY = np.abs(_X - CORNER[0]), np.abs(_Y - CORNER[1])
_UP = _Y - CORNER[1]
_FROM = np.hypot(_DX, _DY)
_PLUS = np.minimum(np.hypot(np.maximum(_DX - 30, 0), _DY), np.hypot(_DX, np.maximum(_DY - 30, 0)))

INSIDE = (_X > LEFT) & (_X < RIGHT) & (_Y < TOP) & (_Y > BOTTOM)
_WEST, _NORTH = np.maximum(LEFT - _X, _X - RIGHT), np.maximum(_Y - TOP, BOTTOM - _Y)
_EDGE = np.where(INSIDE, -np.maximum(_WEST, _NORTH), np.hypot(np.maximum(_WEST, 0), np.maximum(_NORTH, 0)))
RIM = _EDGE < 10
"""Within a pixel of the rectangle's edges: a line two pixels wide."""


def field(**properties: Any) -> Callable[[], Any]:
    corners = [[LEFT, BOTTOM], [RIGHT, BOTTOM], [RIGHT, TOP], [LEFT, TOP]]
    return lambda: _one(ee.Geometry.Polygon([corners], UTM.crs, False), properties)


def well(**properties: Any) -> Callable[[], Any]:
    return lambda: _one(ee.Geometry.Point(CORNER, UTM.crs), properties)


def road() -> Any:
    return _one(ee.Geometry.LineString([CORNER, [CORNER[0] + 200, CORNER[1]]], UTM.crs, False), {})


def _one(geometry: Any, properties: dict[str, Any]) -> Any:
    return ee.FeatureCollection([ee.Feature(geometry, properties)])


def shown(where: Any, value: Any) -> np.ma.MaskedArray:
    return np.ma.MaskedArray(np.broadcast_to(value, (64, 64)), ~np.broadcast_to(where, (64, 64)))


def _dashes() -> Any:
    """Six pixels on and four off, with round ends, of a line two pixels wide and 20 long."""
    along = _X - CORNER[0]
    gaps = [np.hypot(np.maximum(np.maximum(on - along, along - on - 60), 0), _DY) for on in (0, 100)]
    return np.minimum(*gaps) < 10


def _picture(
    name: str, given: dict[str, Any], where: Any, value: Any, band: int = 0, by: str = "style"
) -> Case:
    return Case(f"Collection.{by}", given, lambda: shown(where, value), pixels=True, band=band, name=name)


def _marker(shape: str, where: Any, size: float = 3, width: float = 0) -> Case:
    style = {"pointShape": shape, "pointSize": size, "width": width, "fillColor": "0a0b0c", "color": "0a0b0c"}
    given = {"collection": well(look=style), "styleProperty": "look"}
    return _picture(shape, given, where, 10)


_RED = {"color": "ff0000", "strokeWidth": 2, "collection": field()}
_STYLE = {"color": "ff0000", "collection": field()}

CASES = [
    # https://developers.google.com/earth-engine/guides/feature_collections_visualizing paints an empty image.
    Case(
        "Image.paint",
        [lambda: ee.Image().byte(), field(a=7), "a"],
        lambda: shown(INSIDE, 7),
        pixels=True,
        name="an empty image",
    ),
    Case(
        "Image.paint",
        [lambda: ee.Image().byte(), field(), 3, 2],
        lambda: shown(RIM, 3),
        pixels=True,
        name="edges alone",
    ),
    _picture("red", _RED, INSIDE | RIM, 255, by="draw"),
    _picture("no blue", _RED, INSIDE | RIM, 0, band=2, by="draw"),
    Case(
        "Collection.draw",
        _RED,
        lambda: np.ma.MaskedArray(np.where(RIM, 1, np.where(INSIDE, 0.66, 0)), mask=False),
        ask=lambda image: image.mask(),
        pixels=True,
        name="fainter inside",
        rtol=1e-6,
    ),
    _picture(
        "radius",
        {"collection": well(), "color": "00ff00", "pointRadius": 3, "strokeWidth": 0},
        _FROM < 30,
        255,
        band=1,
        by="draw",
    ),
    _picture("fill", {**_STYLE, "fillColor": "00ff0080"}, INSIDE | RIM, np.where(RIM, 0, 255), band=1),
    Case(
        "Collection.style",
        {**_STYLE, "fillColor": "00ff0080"},
        lambda: np.ma.MaskedArray(np.where(RIM, 1, np.where(INSIDE, 128 / 255, 0)), mask=False),
        ask=lambda image: image.mask(),
        pixels=True,
        name="opacity",
        rtol=1e-6,
    ),
    _picture(
        "own style",
        {"collection": field(look={"color": "0000ff", "width": 0}), "styleProperty": "look"},
        INSIDE,
        255,
        band=2,
    ),
    _marker("circle", _FROM < 30),
    _marker("s", np.maximum(_DX, _DY) < 30 / np.sqrt(2)),
    _marker("diamond", _DX + _DY < 35, size=3.5),
    _marker("+", _PLUS < 10, width=2),
    _marker("triangle_down", (_UP > -40) & (_UP < 20) & (_DX * np.sqrt(3) < 40 + _UP), size=4),
    _picture("dashed", {"collection": road, "color": "ff0000", "lineType": "dashed"}, _dashes(), 255),
    Case(
        "Collection.loadTable",
        ["C/wells"],
        [row["properties"] for row in WELLS],
        ask=lambda table: table.toList(9).map(lambda f: ee.Feature(f).toDictionary(["name", "depth"])),
    ),
]
