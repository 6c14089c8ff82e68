"""Projections, resampling, samples, vectors and collections of images against pyproj, SciPy and pandas."""

from __future__ import annotations

from typing import Any

import ee
import numpy as np
import pyproj
from scipy import ndimage

from tests.engine.algorithms.case import STORED, Case
from tests.engine.algorithms.cases_image_bands import WITHIN, inside, radar
from tests.engine.algorithms.cases_image_elementwise import VV, N, n
from tests.engine.memory_library import UTM

ALL = [500000, 2999360, 500640, 3000000]
B = {name: values.astype(float) for name, values in STORED["C/b"].items()}


def _coarse() -> ee.Projection:
    return ee.Projection(UTM.crs, [40, 0, 500000, 0, -40, 3000000])


def _blocks(values: Any, size: int = 4) -> Any:
    """Mean of blocks, as large as the image."""
    side = 64 // size
    means = values.astype(float).reshape(side, size, side, size).mean(axis=(1, 3))
    return np.kron(means, np.ones((size, size)))


def _described(crs: str, transform: list[float]) -> dict[str, Any]:
    return {"type": "Projection", "crs": crs, "transform": transform}


def _plain(function: Any) -> Any:
    return lambda projection: function(ee.Projection(projection))


COL = np.broadcast_to(np.arange(64.0), UTM.shape)
_RIM = (COL + 0.5 <= 3) | (COL + 0.5 >= 60)
_HALFWAY = np.ma.MaskedArray(ndimage.shift(N.astype(float), (0, -0.5), order=1, mode="nearest"), COL == 63)
"""Between two columns; the last one's right half lies beyond the image."""


def _columns() -> ee.Image:
    return ee.Image.pixelCoordinates(ee.Projection(UTM.crs, list(UTM.transform))).select("x")


_SHIFT = np.full(UTM.shape, True)
_SHIFT[3:, 2:] = False
CASES = [
    Case("Projection", ["EPSG:3857", [2, 0, 3, 0, -4, 5]], _described("EPSG:3857", [2, 0, 3, 0, -4, 5])),
    Case("Projection.crs", [lambda: ee.Projection(UTM.crs)], UTM.crs),
    Case("Projection.wkt", [lambda: ee.Projection("EPSG:3857")],
         pyproj.CRS("EPSG:3857").to_wkt("WKT1_GDAL", pretty=True)),
    Case("Projection.transform", [lambda: ee.Projection(UTM.crs, [2, 0, 3, 0, -4, 5])],
         'PARAM_MT["Affine", \n  PARAMETER["num_row", 3], \n  PARAMETER["num_col", 3], \n  '
         'PARAMETER["elt_0_0", 2.0], \n  PARAMETER["elt_0_2", 3.0], \n  PARAMETER["elt_1_1", -4.0], \n  '
         'PARAMETER["elt_1_2", 5.0]]'),
    Case("Projection.nominalScale", [lambda: ee.Projection("EPSG:4326", [0.5, 0, 0, 0, -0.5, 0])],
         0.5 * np.radians(1) * 6378137.0, rtol=1e-9),
    Case("Projection.atScale", [lambda: ee.Projection(UTM.crs, [10, 0, 7, 0, -10, 9]), 30],
         30, ask=_plain(lambda p: p.nominalScale()), rtol=1e-9),
    Case("Projection.scale", [lambda: ee.Projection(UTM.crs, [10, 0, 7, 0, -10, 9]), 2, 3],
         _described(UTM.crs, [20, 0, 7, 0, -30, 9])),
    Case("Projection.translate", [lambda: ee.Projection(UTM.crs, [10, 0, 7, 0, -10, 9]), 2, 3],
         _described(UTM.crs, [10, 0, 27, 0, -10, -21])),
    Case("Image.setDefaultProjection", [lambda: ee.Image(1), UTM.crs, [10, 0, 7, 0, -10, 9]],
         _described(UTM.crs, [10, 0, 7, 0, -10, 9]), ask=lambda i: i.projection()),
    Case("Image.reproject", [n, _coarse], np.kron(N[2::4, 2::4], np.ones((4, 4))), pixels=True, mutant=False,
         atol=60, name="lattice"),
    Case("Image.reproject", [lambda: ee.Image.pixelCoordinates(ee.Projection(UTM.crs)), _coarse],
         np.broadcast_to(500000 + 40 * (np.arange(64) // 4 + 0.5), UTM.shape), pixels=True),
    Case("Image.reproject", [n, UTM.crs, None, 30], 30, ask=lambda i: i.projection().nominalScale(),
        name="scale"),
    Case("Image.resample", [lambda: n().toDouble()], _HALFWAY, pixels=True, ask=lambda i: _shifted(i)),
    # Keys' cubic convolution reproduces a parabola; linear interpolation does not.
    Case("Image.resample", [lambda: _columns().pow(2).reproject(UTM.crs, list(UTM.transform)), "bicubic"],
        np.ma.MaskedArray((COL + 1.0) ** 2, _RIM),
         pixels=True, name="cubic",
             ask=lambda i: _shifted(i).updateMask(_columns().gt(3).And(_columns().lt(60)))),
    Case("Image.reduceResolution", [radar, lambda: ee.Reducer.mean()], _blocks(VV), pixels=True, rtol=1e-5,
         ask=lambda i: i.reproject(_coarse())),
    Case("Image.reduceResolution", [radar, lambda: ee.Reducer.minMax(), False, 16], ["VV_min", "VV_max",
        "VH_min",
         "VH_max"], ask=lambda i: i.bandNames(), name="names"),
    Case("Image.changeProj", [radar, UTM.crs, lambda: ee.Projection(UTM.crs, [1, 0, -20, 0, 1, 30])],
         np.ma.MaskedArray(np.roll(VV, (-3, -2), (0, 1)), _SHIFT[::-1, ::-1]), pixels=True),
    Case("Image.translate", [radar, 20, -30], np.ma.MaskedArray(np.roll(VV, (3, 2), (0, 1)), _SHIFT),
        pixels=True),
    Case("Image.translate", [radar, 2, 3, "pixels"], np.ma.MaskedArray(np.roll(VV, (3, 2), (0, 1)), _SHIFT),
         pixels=True, name="pixels"),
    Case("Image.clipToBoundsAndScale",
        [lambda: ee.Image.pixelCoordinates(ee.Projection(UTM.crs)).reproject(UTM.crs,
         [10, 0, 500000, 0, -10, 3000000]), inside, 5, 4],
         np.ma.MaskedArray(500115 + 20 * ((COL - 10) // 2), ~WITHIN), pixels=True),
    Case("Image.clipToBoundsAndScale", [radar, inside, None, None, None, 20], [20, [5, 10]],
         ask=lambda i: [i.projection().nominalScale(), _size(i)], name="scale"),
    Case("Image.clipToBoundsAndScale", [radar, inside, None, None, 40], [2.5, 5.0], name="largest side",
         ask=lambda i: [i.projection().nominalScale().divide(2), i.projection().nominalScale()]),
]  # fmt: skip


def _size(image: ee.Image) -> Any:
    """Columns and rows that are not masked, counted by the pixels of the image's own lattice."""
    counted = image.select(0).mask().reduceRegion(ee.Reducer.count(), inside(), 20, UTM.crs).values().get(0)
    return [ee.Number(counted).divide(10), ee.Number(counted).divide(5)]


def _shifted(image: ee.Image) -> ee.Image:
    """Half a pixel to the right: between two columns."""
    half = ee.Projection(UTM.crs, [10, 0, 500005, 0, -10, 3000000])
    return ee.Image(image).reproject(half).changeProj(half, ee.Projection(UTM.crs, list(UTM.transform)))
