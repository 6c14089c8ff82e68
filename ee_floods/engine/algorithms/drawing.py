"""Pictures of feature collections: outlines over fills, markers and dashed lines, in red, green and blue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.ops import substring

from ee_floods.engine.algorithms.vectors import burnt
from ee_floods.engine.algorithms.visualize import colour
from ee_floods.engine.errors import bad_request
from ee_floods.engine.geometry_sets import as_area
from ee_floods.engine.reading import Reader
from ee_floods.engine.records import Raster
from ee_floods.engine.registry import algorithm
from ee_floods.engine.values.collection import Collection
from ee_floods.engine.values.elements import Element, element_get
from ee_floods.engine.values.geometry import Geometry
from ee_floods.engine.values.image import Band, Image
from ee_floods.engine.values.pixeltype import PixelType
from ee_floods.engine.values.projection import WGS84
from ee_floods.grid import Grid

_BYTE = PixelType("int", 0, 255)
_FILL_OPACITY = 0.66

_Ink = tuple[int, int, int, float]

# Matlab's abbreviations, and names for the same marker.
_SAME = {
    "o": "circle", "s": "square", "d": "diamond", "x": "cross", "+": "plus", "p": "pentagram",
    "star5": "pentagram",
    "h": "hexagram", "star6": "hexagram", "triangle": "triangle_up", "^": "triangle_up", "v": "triangle_down",
    "<": "triangle_left", ">": "triangle_right",
}  # fmt: skip
# Corners of regular polygons and the bearing of the first one, degrees clockwise from north.
_REGULAR = {
    "square": (4, 45), "diamond": (4, 0), "triangle_up": (3, 0), "triangle_down": (3, 180),
    "triangle_left": (3, 270), "triangle_right": (3, 90), "pentagon": (5, 0), "hexagon": (6, 0),
}  # fmt: skip
# Points of stars, and the radius of their inner corners: where lines between every other point cross.
_STARS = {"pentagram": (5, 0.381966), "hexagram": (6, 0.577350)}
_CROSSES = {"plus": 0, "cross": 45}
# Lengths on and off, in widths of the line.
_DASHES = {"dashed": (3.0, 2.0), "dotted": (1.0, 2.0)}


@dataclass(frozen=True)
class _Style:
    line: _Ink
    fill: _Ink
    width: float
    size: float
    shape: str = "circle"
    line_type: str = "solid"


@algorithm("Collection.draw")
def draw(collection: Collection, color: str, radius: int, width: int) -> Image:
    """Features in one colour, filled at 2/3."""
    line = colour(color)
    return _picture(collection, lambda _: _Style(line, _faint(line), float(width), float(radius)))


@algorithm("Collection.style")
def style(
    collection: Collection, color: str, size: int, point_shape: str, width: float, fill: str | None,
    key: str | None, neighborhood: int, line_type: str,
) -> Image:  # fmt: skip
    """Features in one style, and in what the dictionary of a property says of each."""
    _known(point_shape, line_type)

    def of(element: Element) -> _Style:
        own = element_get(element, key) if key is not None else None
        given: dict[str, Any] = own if isinstance(own, dict) else {}
        line = colour(str(given.get("color", color)))
        area = given.get("fillColor", fill)
        shape_, dashes = str(given.get("pointShape", point_shape)), str(given.get("lineType", line_type))
        _known(shape_, dashes)
        inside = _faint(line) if area is None else colour(str(area))
        thick, big = float(given.get("width", width)), float(given.get("pointSize", size))
        return _Style(line, inside, thick, big, _SAME.get(shape_, shape_), dashes)

    return _picture(collection, of)


def _faint(line: _Ink) -> _Ink:
    return (*line[:3], line[3] * _FILL_OPACITY)


def _known(shape: str, line_type: str) -> None:
    if _SAME.get(shape, shape) not in ("circle", *_REGULAR, *_STARS, *_CROSSES):
        raise bad_request(f"Unknown pointShape '{shape}'.")
    if line_type not in ("solid", *_DASHES):
        raise bad_request(f"Unknown lineType '{line_type}'. Use 'solid', 'dotted' or 'dashed'.")


def _picture(collection: Collection, style_of: Callable[[Element], _Style]) -> Image:
    def compute(channel: int) -> Callable[[Reader, Grid], Raster]:
        def run(reader: Reader, grid: Grid) -> Raster:
            values, mask = np.zeros(grid.shape, np.uint8), np.zeros(grid.shape, np.float32)
            for element in collection:
                if element.geometry is None:
                    continue
                chosen = style_of(element)
                for ink, drawn, width in _strokes(element.geometry, chosen, grid):
                    covered = burnt(drawn, grid, width)
                    if covered is not None:
                        values[covered], mask[covered] = ink[channel], ink[3]
            return Raster(values, mask)

        return run

    bands = (Band(f"vis-{name}", _BYTE, WGS84, compute(i)) for i, name in enumerate(("red", "green", "blue")))
    return Image(tuple(bands))


def _strokes(place: Geometry, style: _Style, grid: Grid) -> list[tuple[_Ink, Geometry, float | None]]:
    """What is drawn one over the other: ink, shape, and the width of an outline (None fills)."""
    pixel = grid.scale
    if "Point" in place.kind:
        points = shapely.get_parts(place.planar(grid.crs))
        found = shapely.union_all([_marker(style.shape, p.x, p.y, style.size * pixel) for p in points])
    else:
        found = as_area(place.planar(grid.crs))
    planar = Geometry(found, grid.crs, geodesic=False)
    strokes: list[tuple[_Ink, Geometry, float | None]] = []
    filled = "Polygon" in found.geom_type
    if filled:
        strokes.append((style.fill, planar, None))
    if style.width > 0:
        if style.line_type != "solid":
            edge = shapely.boundary(found) if filled else found
            planar = Geometry(_dashed(edge, style, pixel), grid.crs, geodesic=False)
        strokes.append((style.line, planar, style.width))
    return strokes


def _marker(shape: str, x: float, y: float, radius: float) -> Any:
    if shape in _CROSSES:
        ends = [_corners(x, y, radius, 2, _CROSSES[shape] + turn) for turn in (0, 90)]
        return shapely.MultiLineString(ends)
    if shape in _REGULAR:
        return shapely.Polygon(_corners(x, y, radius, *_REGULAR[shape]))
    if shape in _STARS:
        count, inner = _STARS[shape]
        outer, notches = _corners(x, y, radius, count, 0), _corners(x, y, radius * inner, count, 180 / count)
        return shapely.Polygon(np.stack([outer, notches], 1).reshape(-1, 2))
    return shapely.Point(x, y).buffer(radius)


def _corners(x: float, y: float, radius: float, count: int, bearing: float) -> Any:
    angles = np.radians(bearing + np.arange(count) * 360 / count)
    return np.stack([x + radius * np.sin(angles), y + radius * np.cos(angles)], -1)


def _dashed(edge: Any, style: _Style, pixel: float) -> Any:
    on, off = (length * max(style.width, 1) * pixel for length in _DASHES[style.line_type])
    pieces = []
    for line in shapely.get_parts(edge):
        starts = np.arange(0, line.length, on + off)
        pieces += [substring(line, start, min(start + on, line.length)) for start in starts]
    return shapely.union_all(pieces)
