"""Neighbourhoods, kernels, regions, edges and terrain against SciPy and scikit-image."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ee
import numpy as np
from scipy import ndimage, stats
from skimage.feature import canny
from skimage.filters import rank
from skimage.measure import label

from tests.engine.algorithms.case import HOLES, Case
from tests.engine.algorithms.cases_image_bands import radar, whole
from tests.engine.algorithms.cases_image_elementwise import VH, VV, M, N, X, m, n, x

EDGE = 8
"""Beyond the image's edge are no neighbours, and SciPy invents some: cases compare what is further inside."""
INNER = (slice(EDGE, -EDGE), slice(EDGE, -EDGE))


def core(truth: Any) -> Any:
    """The truth inside, and the rest masked as `inside` masks the answer."""
    kept = np.zeros(np.shape(truth)[:2], bool)
    kept[INNER] = True
    return np.ma.MaskedArray(truth, np.ma.getmaskarray(truth) | ~kept)


def inside(image: Any) -> ee.Image:
    """The answer inside."""
    corners = [500000 + 10 * EDGE, 2999360 + 10 * EDGE, 500640 - 10 * EDGE, 3000000 - 10 * EDGE]
    return ee.Image(image).clip(ee.Geometry.Rectangle(corners, "EPSG:32642", False))


def disk(radius: float) -> Any:
    """A circle of pixels."""
    r = int(radius)
    y, xx = np.mgrid[-r : r + 1, -r : r + 1]
    return xx * xx + y * y <= radius * radius


def _core(algorithm: str, arguments: Any, truth: Any, **more: Any) -> Case:
    ask: Callable[[Any], Any] = more.pop("ask", lambda image: image)
    return Case(algorithm, arguments, core(truth), pixels=True, ask=lambda i: inside(ask(i)),
                **{"rtol": 1e-5, "atol": 1e-6, **more})  # fmt: skip


def _mode(values: Any) -> float:
    return float(stats.mode(values).mode)


_FOCAL: dict[str, Callable[[Any, Any], Any]] = {
    "min": lambda v, f: ndimage.minimum_filter(v, footprint=f),
    "max": lambda v, f: ndimage.maximum_filter(v, footprint=f),
    "median": lambda v, f: ndimage.median_filter(v, footprint=f),
    "mean": lambda v, f: ndimage.correlate(v.astype(float), f / f.sum()),
}
_SHAPES = {
    "circle": disk(2), "square": np.ones((5, 5)), "plus": np.abs(np.indices((5, 5)) - 2).min(0) == 0,
    "cross": np.abs(np.arange(5) - 2)[:, None] == np.abs(np.arange(5) - 2),
    "diamond": np.abs(np.indices((5, 5)) - 2).sum(0) <= 2,
    "octagon": np.abs(np.indices((5, 5)) - 2).sum(0) <= 3,
}  # fmt: skip
_LOP = np.array([[0, 1, 2], [0, 0, 0], [0, 0, 0]], float)
CASES: list[Case] = []
for _name, _filter in _FOCAL.items():
    for _full in (f"Image.focal{_name.title()}", f"Image.focal_{_name}", f"Window.{_name}"):
        CASES += [
            _core(_full, [radar], _filter(VV, disk(1.5)), name="default"),
            _core(_full, [n, 20, "square", "meters", 2], _filter(_filter(N, np.ones((5, 5))), np.ones((5,
                5))),
                  name="iterations, metres", rtol=1e-4),
            *(_core(_full, [n, 2, shape], _filter(N, footprint), name=shape) for shape,
                footprint in _SHAPES.items()),
        ]  # fmt: skip
for _full in ("Image.focalMode", "Image.focal_mode", "Window.mode"):
    CASES.append(_core(_full, [lambda: m().divide(4).int(), 2, "square"],
                       ndimage.generic_filter(M // 4, _mode, 5)))  # fmt: skip
CASES += [
    _core("Image.focalMax", [n, 1.5, "circle", "pixels", 1, lambda: ee.Kernel.fixed(3, 3, _LOP.tolist())],
          ndimage.maximum_filter(N, footprint=_LOP != 0), name="kernel is not flipped"),
    _core("Image.convolve", [n, lambda: ee.Kernel.fixed(3, 3, _LOP.tolist())],
        ndimage.convolve(N.astype(float), _LOP)),
    _core("Image.convolve", [x, lambda: ee.Kernel.square(2, "pixels", False)],
          np.ma.MaskedArray(ndimage.convolve(np.where(HOLES, X, 0).astype(float), np.ones((5, 5))),
              HOLES == 0),
          name="masked add nothing", atol=1e-5),
    _core("Image.convolve", [n, lambda: ee.Kernel.gaussian(30, 10, "meters", True, 2)],
          2 * ndimage.gaussian_filter(N.astype(float), 1, radius=2), name="gaussian"),
    _core("Image.entropy", [m, lambda: ee.Kernel.square(2)],
          rank.entropy(M.astype(np.uint8), np.ones((5, 5)))),
    _core("Image.neighborhoodToBands", [whole, lambda: ee.Kernel.square(1)], np.roll(M, 1, 1),
          ask=lambda i: i.select("m_-1_0")),
    Case("Image.neighborhoodToBands", [n, lambda: ee.Kernel.plus(1)], ["n_0_-1", "n_-1_0", "n_0_0", "n_1_0",
        "n_0_1"],
         ask=lambda i: i.bandNames(), name="names"),
    Case("Image.neighborhoodToArray", [n, lambda: ee.Kernel.rectangle(2, 1), -7.9],
         np.lib.stride_tricks.sliding_window_view(np.pad(N, ((1, 1), (2, 2)), constant_values=-7), (3, 5)),
         pixels=True),
    _core("Image.reduceNeighborhood", [n, lambda: ee.Reducer.variance(), lambda: ee.Kernel.square(2)],
          ndimage.generic_filter(N.astype(float), np.var, 5)),
    Case("Image.reduceNeighborhood", [whole, lambda: ee.Reducer.minMax(), lambda: ee.Kernel.square(1)],
         ["n_min", "n_max", "m_min", "m_max"], ask=lambda i: i.bandNames(), name="names"),
    _core("Image.reduceNeighborhood", [n, lambda: ee.Reducer.sum(), lambda: ee.Kernel.fixed(3, 3,
        _LOP.tolist())],
          ndimage.correlate(N.astype(float), _LOP), name="kernel weighs"),
    _core("Image.reduceNeighborhood", [n, lambda: ee.Reducer.sum(), lambda: ee.Kernel.circle(2), "mask"],
          ndimage.correlate(N.astype(float), disk(2).astype(float)), name="mask weighs"),
    _core("Image.reduceNeighborhood", [x, lambda: ee.Reducer.mean(), lambda: ee.Kernel.square(1), "kernel",
        False],
          ndimage.correlate(np.where(HOLES, X, 0).astype(float), np.ones((3, 3)))
          / ndimage.correlate(HOLES, np.ones((3, 3))), name="not skipped", atol=1e-5),
]  # fmt: skip
_ONES = (M > 17).astype(int)


def ones() -> ee.Image:
    """Few pixels of 1."""
    return m().gt(17)


_AWAY = ~(_ONES > 0)
CASES += [
    _core("Image.fastDistanceTransform", [ones, 64], ndimage.distance_transform_edt(_AWAY) ** 2),
    _core("Image.fastDistanceTransform", [ones, 64, "pixels", "manhattan"],
          ndimage.distance_transform_cdt(_AWAY, "taxicab"), name="manhattan"),
    _core("Image.fastDistanceTransform", [ones, 64, "pixels", "chebyshev"],
          ndimage.distance_transform_cdt(_AWAY, "chessboard"), name="chebyshev"),
    _core("Image.distance", [ones, lambda: ee.Kernel.euclidean(4)],
          np.ma.masked_greater(ndimage.distance_transform_edt(_AWAY), 4 * 2**0.5), atol=1e-9),
    _core("Image.distance", [ones, lambda: ee.Kernel.manhattan(60, "meters")],
          10 * ndimage.distance_transform_cdt(_AWAY, "taxicab"), name="metres"),
    _core("Image.distance", [ones, lambda: ee.Kernel.chebyshev(4)],
          ndimage.distance_transform_cdt(_AWAY, "chessboard"), name="chebyshev"),
    _core("Image.distance", [ones, lambda: ee.Kernel.fixed(3, 1, [[3, 9, 4]])],
          np.ma.masked_equal(np.min([np.where(np.roll(_ONES, k, 1), w, 99) for k, w in ((1, 3), (0, 9), (-1,
              4))], 0),
                             99), name="any weights"),
    _core("Image.distance", [lambda: ones().updateMask(x().mask()), lambda: ee.Kernel.euclidean(9), False],
          ndimage.distance_transform_edt(_AWAY | (HOLES == 0)), name="masked ones too"),
]  # fmt: skip
_CLASSES = M // 11


def classes() -> ee.Image:
    """0 or 1."""
    return m().divide(11).int()


def _sizes(values: Any, connectivity: int) -> Any:
    regions = label(values + 1, connectivity=connectivity)
    return np.bincount(regions.ravel())[regions]


def _region_mean(values: Any, connectivity: int, most: int) -> Any:
    regions = label(values + 1, connectivity=connectivity)
    wide = [max(s.stop - s.start for s in box) > most for box in ndimage.find_objects(regions)]
    return np.ma.MaskedArray(ndimage.mean(VV, regions, regions), np.array([True, *wide])[regions])


CASES += [
    Case("Image.connectedPixelCount", [classes, 9, False], np.minimum(_sizes(_CLASSES, 1), 9), pixels=True,
        name="4"),
    Case("Image.connectedPixelCount", [lambda: m().divide(3).int(), 200], _sizes(M // 3, 2), pixels=True,
        name="8"),
    Case("Image.connectedComponents", [lambda: m().divide(3).int(), lambda: ee.Kernel.plus(1), 5],
         np.ma.masked_greater(_sizes(M // 3, 1), 5), pixels=True,
         ask=lambda i: i.select("labels").connectedPixelCount(64, False)),
    Case("Image.connectedComponents", [lambda: m().divide(3).int(), lambda: ee.Kernel.square(1), 256],
         len(np.unique(label(M // 3 + 1, connectivity=2))), name="as many labels as regions",
         ask=lambda i: i.select("labels").reduceRegion(
             ee.Reducer.countDistinct(), ee.Geometry.Rectangle([500000, 2999360, 500640, 3000000],
                 "EPSG:32642", False),
             10, "EPSG:32642").get("labels")),
    Case("Image.reduceConnectedComponents",
         [lambda: radar().select("VV").addBands(m().divide(3).int()), lambda: ee.Reducer.mean(), "m", 64],
         _region_mean(M // 3, 2, 64), pixels=True, rtol=1e-5),
    Case("Image.reduceConnectedComponents",
         [lambda: m().divide(3).int().addBands(radar().select("VV")), lambda: ee.Reducer.mean(), None, 6],
         _region_mean(M // 3, 2, 6), pixels=True, rtol=1e-5, name="first band, too large"),
    Case("Image.reduceConnectedComponents",
         [lambda: m().divide(3).int().addBands(radar()), lambda: ee.Reducer.mean()], ["VV", "VH"],
         ask=lambda i: i.bandNames(), name="names"),
]  # fmt: skip


def _canny(values: Any, sigma: float, threshold: float) -> Any:
    edges = canny(values, sigma, threshold * 8, threshold * 8, mode="nearest")
    smooth = ndimage.gaussian_filter(values, sigma)
    return np.where(edges, np.hypot(ndimage.sobel(smooth, 0), ndimage.sobel(smooth, 1)) / 8, 0)


def _crossing(values: Any) -> Any:
    up = np.pad(values > 0, 1, constant_values=True)
    beside = up[:-2, 1:-1] & up[2:, 1:-1] & up[1:-1, :-2] & up[1:-1, 2:]
    return (values > 0) & ~beside


_EAST, _NORTH = np.gradient(VV, 10, axis=1), -np.gradient(VV, 10, axis=0)
_SLOPE = np.arctan(np.hypot(_EAST, _NORTH))
_ASPECT = np.degrees(np.arctan2(-_EAST, -_NORTH)) % 360


def _shade(azimuth: float, elevation: float) -> Any:
    """Lambert's law: the cosine between the light and the ground's normal."""
    a, e = np.radians([azimuth, elevation])
    light = np.array([np.sin(a) * np.cos(e), np.cos(a) * np.cos(e), np.sin(e)])
    normal = np.stack([-_EAST, -_NORTH, np.ones_like(_EAST)])
    return np.clip(np.tensordot(light, normal / np.linalg.norm(normal, axis=0), 1), 0, 1) * 255


def _vv() -> ee.Image:
    return radar().select("VV")


CASES += [
    _core("CannyEdgeDetector", [_vv, 0.5, 1.5], _canny(VV, 1.5, 0.5)),
    _core("Image.zeroCrossing", [n], _crossing(N)),
    _core("Image.gradient", [_vv], _EAST, name="x"),
    _core("Image.gradient", [_vv], _NORTH, name="y", ask=lambda i: i.select("y")),
    _core("Image.derivative", [radar], np.gradient(VH, axis=1), ask=lambda i: i.select("VH_x"), name="x"),
    _core("Image.derivative", [radar], np.gradient(VH, axis=0), ask=lambda i: i.select("VH_y"), name="y"),
    _core("Terrain.slope", [_vv], np.degrees(_SLOPE)),
    _core("Terrain.aspect", [_vv], _ASPECT, atol=1e-3),
    _core("Terrain.hillshade", [_vv, 200, 30], _shade(200, 30), atol=1.0),
    _core("Terrain.hillshade", [_vv], _shade(270, 45), atol=1.0, name="default"),
]  # fmt: skip
for _full in ("Terrain", "Terrain.products"):
    CASES += [
        Case(_full, [_vv], ["VV", "slope", "aspect", "hillshade"], ask=lambda i: ee.Image(i).bandNames(),
             name="names"),
        _core(_full, [_vv], _ASPECT, ask=lambda i: ee.Image(i).select("aspect"), atol=1e-3, name="aspect"),
        _core(_full, [lambda: radar().select(["VH", "VV"], ["other", "elevation"])], np.degrees(_SLOPE),
              ask=lambda i: ee.Image(i).select("slope"), name="band named elevation"),
    ]  # fmt: skip


def _weights(kernel: Any) -> Any:
    """Convolution of a lone 1 with the kernel: the kernel itself."""
    lone = ee.Image.pixelCoordinates(ee.Projection("EPSG:32642", [10, 0, 500000, 0, -10, 3000000]))
    return lone.select("x").floor().eq(32).And(lone.select("y").floor().eq(32)).convolve(ee.Kernel(kernel))


def _kernel(name: str, arguments: list[Any], weights: Any, tag: str = "", focus: Any = None,
            atol: float = 1e-9) -> Case:  # fmt: skip
    values = np.asarray(weights, float)
    h, w = values.shape
    fy, fx = focus or ((h - 1) // 2, (w - 1) // 2)
    truth = np.zeros((64, 64))
    truth[32 - fy : 32 - fy + h, 32 - fx : 32 - fx + w] = values
    return Case(f"Kernel.{name}", arguments, truth, ask=_weights, pixels=True, name=tag, atol=atol)


_Y, _X = np.mgrid[-3:4, -3:4]
_DISTANCES = {"euclidean": np.hypot(_X, _Y), "manhattan": abs(_X) + abs(_Y),
              "chebyshev": np.maximum(abs(_X), abs(_Y))}  # fmt: skip
for _name, _footprint in _SHAPES.items():
    CASES += [
        _kernel(_name, [2], _footprint / _footprint.sum(), "normalised"),
        _kernel(_name, [20, "meters", False, -3], -3.0 * _footprint, "metres"),
    ]
for _name, _distance in _DISTANCES.items():
    CASES += [
        _kernel(_name, [3], _distance, "pixels"),
        _kernel(_name, [35, "meters", False, 2], 20 * _distance, "metres"),
        _kernel(_name, [3, "pixels", True, 2], 2 * _distance / _distance.sum(), "normalised"),
    ]
_GAUSS = np.exp(-(_X**2 + _Y**2) / (2 * 1.5**2))
_PRINTED = np.array([[0.162, 0, 0], [0.098, 0, 0], [0.021, 0.059, 0], [0, 0.013, 0], [0, 0, 0.002]])
_LAPLACE = ndimage.laplace(np.pad([[1.0]], 1))
_KIRSCH = [[5, -3, -3], [5, 0, -3], [5, -3, -3]]
_EDGES = {
    "laplacian4": _LAPLACE, "laplacian8": np.ones((3, 3)) - 9 * np.pad([[1]], 1),
    "sobel": np.outer([1, 2, 1], [-1, 0, 1]), "prewitt": np.outer([1, 1, 1], [1, 0, -1]),
    "roberts": [[1, 0], [0, -1]], "compass": [[1, 1, -1], [1, -2, -1], [1, 1, -1]], "kirsch": _KIRSCH,
}  # fmt: skip
CASES += [_kernel(name, [2], 2 * np.asarray(weights, float)) for name, weights in _EDGES.items()]
_PART = [[1.0, 2, 3], [4, 5, 6]]


def _part() -> ee.Kernel:
    return ee.Kernel.fixed(3, 2, _PART, 0, 1)


CASES += [
    _kernel("rectangle", [3, 1], np.full((3, 7), 1 / 21)),
    _kernel("gaussian", [4, 1.5], _GAUSS / _GAUSS.sum()),
    _kernel("gaussian", [40, 15, "meters", False, 4], 4 * _GAUSS, "metres"),
    # Printed in apidocs/ee-kernel-gaussian, cut after three digits.
    _kernel("gaussian", [3], _PRINTED[np.abs(np.indices((5, 5)) - 2).sum(0), np.abs(np.indices((5,
        5)) - 2).min(0)],
            "printed", atol=1e-3),
    _kernel("fixed", [3, 2, _PART, 0, 1], _PART, "focus", focus=(1, 0)),
    _kernel("fixed", [-1, -1, _PART, 1, 0, True], np.array(_PART) / 21, "normalised", focus=(0, 1)),
    _kernel("rotate", [_part, 1], np.rot90(_PART, -1), "clockwise", focus=(0, 0)),
    _kernel("rotate", [_part, -1], np.rot90(_PART, 1), "anticlockwise", focus=(2, 1)),
    _kernel("inverse", [lambda: ee.Kernel.euclidean(3)], 1 / np.where(_X**2 + _Y**2, np.hypot(_X, _Y),
        np.inf)),
    _kernel("add", [_part, lambda: ee.Kernel.square(1, "pixels", False)],
            np.array([[1, 2, 3, 3], [1, 5, 6, 6], [1, 1, 1, 0]]) - [[0, 0, 0, 0], [0] * 4, [0] * 4],
                focus=(1, 1)),
]  # fmt: skip
