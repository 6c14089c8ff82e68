"""Ways, shadows, superpixels, warps and styles against SciPy and NumPy."""

from __future__ import annotations

from typing import Any

import ee
import numpy as np
from scipy import ndimage, sparse
from scipy.sparse import csgraph

from tests.engine.algorithms.case import HOLES, Case
from tests.engine.algorithms.cases_image_bands import radar
from tests.engine.algorithms.cases_image_elementwise import VV, M, N, m, n, x
from tests.engine.algorithms.cases_neighbourhood import core, inside, ones
from tests.engine.memory_library import UTM

_ROW, _COL = np.mgrid[:64, :64]


def _dijkstra(prices: Any, begins: Any) -> Any:
    """Least cost in metres times price over a graph of eight neighbours, by SciPy."""
    places = np.arange(prices.size).reshape(prices.shape)
    edges = []
    for down, across in ((0, 1), (1, 0), (1, 1), (1, -1)):
        a = (slice(0, 64 - down), slice(max(-across, 0), 64 - max(across, 0)))
        b = (slice(down, 64), slice(max(across, 0), 64 + min(across, 0)))
        weight = 10 * np.hypot(down, across) * (prices[a] + prices[b]) / 2
        held = np.isfinite(weight)
        edges.append((weight[held], places[a][held], places[b][held]))
    weights, left, right = (np.concatenate(parts) for parts in zip(*edges, strict=True))
    graph = sparse.coo_matrix((weights, (left, right)), shape=(prices.size,) * 2).tocsr()
    found = csgraph.dijkstra(graph, directed=False, indices=places[begins], min_only=True)
    return found.reshape(prices.shape)


_PRICES = np.where(HOLES, M + 1.0, np.inf)
_BEGINS = (_ROW == 20) & (_COL == 30)
_NEAR = np.hypot(_ROW - 20, _COL - 30) * 10 <= 150
_CHEAPEST = np.ma.masked_where(~(_NEAR & (HOLES > 0)), _dijkstra(_PRICES, _BEGINS))


def _pixel(row: int, col: int) -> ee.Image:
    place = ee.Image.pixelCoordinates(ee.Projection(UTM.crs, list(UTM.transform))).floor()
    return place.select("x").eq(col).And(place.select("y").eq(row))


def _lit(row: int, col: int, reach: int, zenith: float) -> Any:
    """Where no ground within reach, in steps of `row` and `col`, stands above the ray to the light."""
    rise = 10 * np.hypot(row, col) / np.tan(np.radians(zenith))
    padded = np.pad(VV, reach, constant_values=-np.inf)
    lit = np.ones((64, 64), bool)
    for k in range(1, reach + 1):
        there = padded[reach + k * row : reach + k * row + 64, reach + k * col : reach + k * col + 64]
        lit &= there <= VV + k * rise
    return lit


def _ground() -> ee.Image:
    return radar().select("VV")


CASES = [
    Case("Image.cumulativeCost", [lambda: m().add(1).updateMask(x().mask()), lambda: _pixel(20, 30), 150,
        False],
         _CHEAPEST, pixels=True, rtol=1e-9),
    # On the ground a metre of the grid is 1 / 0.9996 m in the middle of a zone; a sphere is up to 0.4 % off.
    Case("Image.cumulativeCost", [1, lambda: _pixel(20, 30), 150], 10.0, rtol=5e-3, name="geodetic",
         ask=lambda i: _value(ee.Image(i), 20, 31)),
    Case("HillShadow", [_ground, 90, 80, 7], _lit(0, 1, 7, 80), pixels=True),
    Case("Terrain.hillShadow", [_ground, 225, 75, 5], _lit(1, -1, 5, 75), pixels=True),
    Case("Terrain.hillShadow", [_ground, 0, 85, 9], _lit(-1, 0, 9, 85), pixels=True, name="north"),
    Case("Terrain.hillShadow", [_ground, 0, 85, 9], ["shadow"], ask=lambda i: i.bandNames(), name="name"),
]  # fmt: skip


def _value(image: ee.Image, row: int, col: int) -> Any:
    corners = [500000 + 10 * col, 3000000 - 10 * (row + 1), 500010 + 10 * col, 3000000 - 10 * row]
    pixel = ee.Geometry.Rectangle(corners, UTM.crs, False)
    return image.reduceRegion("first", pixel, 10, UTM.crs).values().get(0)


def _moves() -> ee.Image:
    return ee.Image.cat([n().multiply(0.3), m()])


def _moved(order: int) -> Any:
    return ndimage.map_coordinates(VV, [_ROW - M / 10, _COL + N * 0.03], order=order, mode="nearest")


def _displaced(arguments: list[Any], truth: Any, tag: str) -> Case:
    return Case(
        "Image.displace", [_ground, *arguments], core(truth), ask=inside, pixels=True, name=tag, rtol=1e-5
    )


CASES += [
    _displaced([lambda: ee.Image([20, -30]).setDefaultProjection(UTM.crs), "nearest_neighbor"],
               np.roll(VV, (-3, -2), (0, 1)), "metres to the right and down"),
    _displaced([_moves, "bilinear"], _moved(1), "bilinear"),
]  # fmt: skip
_FIELDS = np.where(_COL + _ROW // 3 < 30, 10.0, 200.0)


def _fields() -> ee.Image:
    place = ee.Image.pixelCoordinates(ee.Projection(UTM.crs, list(UTM.transform))).floor()
    left = place.select("x").add(place.select("y").divide(3).floor()).lt(30)
    return (
        left.multiply(-190).add(200).rename("f").reproject(UTM.crs, list(UTM.transform)).clip(_everything())
    )


def _everything() -> ee.Geometry:
    return ee.Geometry.Rectangle([500000, 2999360, 500640, 3000000], UTM.crs, False)


def _distinct(image: Any) -> Any:
    found = ee.Image(image).reduceRegion(ee.Reducer.countDistinct(), _everything(), 10, UTM.crs)
    return found.values().get(0)


_SNIC = "Image.Segmentation.SNIC"
CASES += [
    # Coordinates of the first pixel are multiples of 8 pixels: a seed in the middle of each 8 x 8 pixels.
    Case("Image.Segmentation.seedGrid", [8], np.ma.masked_where((_ROW % 8 != 4) | (_COL % 8 != 4),
         np.ones((64, 64))), pixels=True, atol=0),
    Case("Image.Segmentation.seedGrid", [8, "hex"], np.ma.masked_where((_ROW % 8 != 4)
         | ((_COL + 4 * (_ROW // 8 % 2)) % 8 != 4), np.ones((64, 64))), pixels=True, name="hex"),
    Case(_SNIC, [_fields, 8, 0], _FIELDS, pixels=True, ask=lambda i: ee.Image(i).select("f_mean"),
         name="clusters end at edges"),
    Case(_SNIC, [_fields, 8, 1], 64, ask=lambda i: _distinct(ee.Image(i).select("clusters")),
        name="one a seed"),
    Case(_SNIC, [_fields], ["clusters", "f_mean", "seeds"], ask=lambda i: ee.Image(i).bandNames(),
        name="names"),
    Case(_SNIC, [_fields, 8, 1, 4, None, lambda: ones()], ["clusters", "f_mean"],
         ask=lambda i: ee.Image(i).bandNames(), name="names with seeds"),
    Case(_SNIC, [lambda: n(), 8, 1, 8, 64, lambda: _pixel(9, 9).Or(_pixel(9, 10)).Or(_pixel(50, 50))], 2,
         ask=lambda i: _distinct(ee.Image(i).select("clusters")), name="seeds that touch are one"),
    Case("Image.randomVisualizer", [m], ["viz-red", "viz-green", "viz-blue", "m"],
         ask=lambda i: ee.Image(i).bandNames()),
    Case("Image.randomVisualizer", [m], len(np.unique(M)), name="a colour for each value",
         ask=lambda i: _distinct(ee.Image(i).expression("b(0) * 65536 + b(1) * 256 + b(2)"))),
]  # fmt: skip


def _sld(kind: str, *entries: tuple[str, float, float]) -> str:
    rows = "".join(f'<ColorMapEntry color="{c}" quantity="{q}" opacity="{o}"/>' for c, q, o in entries)
    return f'<RasterSymbolizer><ColorMap type="{kind}">{rows}</ColorMap></RasterSymbolizer>'


_STOPS = (("#ff0000", -20.0, 1.0), ("#00ff80", 5.0, 1.0), ("#0000ff", 30.0, 1.0))
_GREEN = [0, 255, 0]
_CHANNELS = """<?xml version="1.0"?>
<StyledLayerDescriptor version="1.0.0" xmlns="http://www.opengis.net/sld"><UserStyle><RasterSymbolizer>
<ChannelSelection><RedChannel><SourceChannelName>2</SourceChannelName></RedChannel><GreenChannel>
<SourceChannelName>n</SourceChannelName><ContrastEnhancement><GammaValue>2</GammaValue></ContrastEnhancement>
</GreenChannel><BlueChannel><SourceChannelName>m</SourceChannelName></BlueChannel></ChannelSelection>
</RasterSymbolizer></UserStyle></StyledLayerDescriptor>"""


def _green(image: Any) -> ee.Image:
    return ee.Image(image).select("vis-green")


CASES += [
    Case("Image.sldStyle", [n, _sld("ramp", *_STOPS)], np.interp(N, [-20, 5, 30], _GREEN), pixels=True,
        ask=_green,
         atol=0.51, name="ramp"),
    Case("Image.sldStyle", [n, _sld("intervals", *_STOPS)], np.ma.masked_where(N > 30, np.select(
         [N <= -20, N <= 5], [0, 255], 0)), pixels=True, ask=_green, name="intervals"),
    Case("Image.sldStyle", [n, _sld("values", *_STOPS[:2], ("#0a0b0c", 7.0, 0.0))], np.ma.masked_where(
         ~np.isin(N, [-20, 5]), np.where(N == 5, 255, 0)), pixels=True, ask=_green, name="values"),
    Case("Image.sldStyle", [lambda: ee.Image("C/whole"), _CHANNELS], np.sqrt(np.clip(N, 0, 255) / 255) * 255,
         pixels=True, ask=_green, atol=0.51, name="channels"),
    Case("Image.sldStyle", [lambda: ee.Image("C/whole"), _CHANNELS], ["vis-red", "vis-green", "vis-blue"],
         ask=lambda i: ee.Image(i).bandNames(), name="names"),
]  # fmt: skip
