"""Samples, vectors, reductions of regions and collections of images against NumPy,
scikit-image and shapely."""

from __future__ import annotations

from typing import Any

import ee
import numpy as np
from skimage.measure import label, regionprops

from tests.engine.algorithms.case import HOLES, STORED, Case
from tests.engine.algorithms.cases_image_bands import LAT, LON, WITHIN, box, inside, radar, whole
from tests.engine.algorithms.cases_image_elementwise import VH, VV, M, N, X, m, n, x
from tests.engine.memory_library import UTM

ALL = [500000, 2999360, 500640, 3000000]
BV, BH = (STORED["C/b"][name].astype(float) for name in ("VV", "VH"))
CORNER = [500000, 2999960, 500030, 3000000]
"""Columns 0..2 of rows 0..3."""


def everything() -> ee.Geometry:
    """The whole image."""
    return box(ALL)


def corner() -> ee.Geometry:
    """Twelve pixels."""
    return box(CORNER)


def _column(name: str) -> Any:
    return lambda features: ee.FeatureCollection(features).aggregate_array(name)


def _classes() -> ee.Image:
    return m().divide(11).int().rename("k").addBands(radar().select("VV"))


_K = M // 11
_REGIONS = {eight: label(_K + 1, connectivity=2 if eight else 1) for eight in (True, False)}


def _areas(eight: bool) -> list[Any]:
    return sorted(float(r.area) for r in regionprops(_REGIONS[eight]))


def _vectors(**arguments: Any) -> dict[str, Any]:
    return {"image": _classes, "geometry": everything, "scale": 10, "crs": UTM.crs, **arguments}


def _mean() -> ee.Reducer:
    return ee.Reducer.mean()


def _pair() -> ee.ImageCollection:
    return ee.ImageCollection([radar(), ee.Image("C/b")])


def _vectors_of(name: str) -> list[Case]:
    sums = [float(VV[_REGIONS[True] == r.label].mean()) for r in regionprops(_REGIONS[True])]
    return [
        Case(name, _vectors(reducer=_mean), sorted(sums),
            ask=lambda f: ee.FeatureCollection(f).aggregate_array(
             "mean").sort(), rtol=1e-5, name="mean"),
        Case(name, {**_vectors(eightConnected=False), "image": lambda: _classes().select("k")}, _areas(False),
             ask=lambda f: ee.FeatureCollection(f).aggregate_array("count").sort(), name="4-connected"),
        Case(name, {**_vectors(labelProperty="z"), "image": lambda: _classes().select("k")},
             {str(k): int((v == k).sum()) for v in [np.array([_K[_REGIONS[True] == r.label][0]
              for r in regionprops(_REGIONS[True])])] for k in (0, 1)},
             ask=lambda f: ee.FeatureCollection(f).aggregate_histogram("z"), name="label"),
        Case(name, {**_vectors(geometryType="bb", geometryInNativeProjection=True),
                    "image": lambda: _classes().select("k")},
             sorted(100.0 * r.area_bbox for r in regionprops(_REGIONS[True])), rtol=1e-6, name="boxes",
             ask=lambda f: ee.FeatureCollection(f).map(lambda e: e.set("a", e.geometry().area(1, UTM.crs)))
             .aggregate_array("a").sort()),
        Case(name, {**_vectors(geometryType="centroid", geometryInNativeProjection=True),
                    "image": lambda: _classes().select("k")},
             sorted(500005 + 10 * r.centroid[1] for r in regionprops(_REGIONS[True])), rtol=1e-9,
                 name="centroids",
             ask=lambda f: ee.FeatureCollection(f).map(lambda e: e.set("a",
                 e.geometry().coordinates().get(0)))
             .aggregate_array("a").sort()),
    ]  # fmt: skip


CASES = [
    Case("Image.sample", [radar, corner, 10], VV[:4, :3].ravel(), ask=_column("VV"), rtol=1e-6),
    Case("Image.sample", [radar, everything, 20, UTM.crs], 32 * 32,
        ask=lambda f: ee.FeatureCollection(f).size(),
         name="scale"),
    Case("Image.sample", {"image": radar, "region": everything, "scale": 10, "factor": 0.25}, 1024,
        atol=6 * 28,
         ask=lambda f: ee.FeatureCollection(f).size(), name="factor"),
    Case("Image.sample", {"image": x, "region": everything, "scale": 10, "numPixels": 50,
        "dropNulls": False}, 50,
         ask=lambda f: ee.FeatureCollection(f).size(), name="number"),
    Case("Image.sample", {"image": x, "region": corner, "scale": 10, "geometries": True},
         LON[:4, :3][HOLES[:4, :3] > 0], rtol=1e-9, name="points of pixels that are not masked",
         ask=lambda f: ee.FeatureCollection(f).map(lambda e: e.set("c", e.geometry().coordinates().get(0)))
         .aggregate_array("c")),
    Case("Image.sampleRegions", [whole, lambda: ee.FeatureCollection([ee.Feature(corner(), {"a": 1,
        "b": 2})]),
         ["a"], 10], [sorted({"a", "m", "n"}), N[:4, :3].ravel().tolist()],
         ask=lambda f: [
             ee.Feature(ee.FeatureCollection(f).first()).propertyNames().remove("system:index").sort(),
                        ee.FeatureCollection(f).aggregate_array("n")]),
    Case("Image.sampleRectangle", [whole, corner, None, 7], N[:4, :3],
         ask=lambda f: ee.Feature(f).getArray("n")),
    Case("Image.sampleRectangle", [x, corner, None, -9], np.where(HOLES, X, -9)[:4, :3], rtol=1e-6,
         ask=lambda f: ee.Feature(f).getArray("x"), name="filled"),
    Case("Image.stratifiedSample", [_classes, 7, "k", everything, 10, None, 3, [1], [4]], {"0": 7, "1": 4},
         ask=lambda f: ee.FeatureCollection(f).aggregate_histogram("k")),
    Case("Image.reduceRegion", [radar, _mean, inside, 10], {"VV": VV[WITHIN].mean(), "VH": VH[WITHIN].mean()},
         rtol=1e-6),
    Case("Image.reduceRegion", [m, lambda: ee.Reducer.minMax(), everything, 10], {"m_min": int(M.min()),
         "m_max": int(M.max())}, name="names"),
    Case("Image.reduceRegions", [whole, lambda: ee.FeatureCollection([ee.Feature(inside(), {"a": 1}),
         ee.Feature(corner())]), _mean, 10], [N[WITHIN].mean(), N[:4, :3].mean()], ask=_column("n"),
             rtol=1e-6),
    *_vectors_of("Image.reduceToVectors"), *_vectors_of("Image.reduceToVectorsStreaming"),
    Case("ImageCollection.load", ["C"], ["C/a", "C/b", "C/holes", "C/whole"],
         ask=lambda c: ee.ImageCollection(c).toList(9).map(lambda i: ee.Image(i).id()).sort()),
    Case("ImageCollection.fromImages", [[radar, n]], [["VV", "VH"], ["n"]],
         ask=lambda c: ee.ImageCollection(c).toList(9).map(lambda i: ee.Image(i).bandNames()), mutant=False),
    Case("ImageCollection.fromImages", [[radar, n]], "ImageCollection", name="type",
         ask=lambda c: ee.Algorithms.ObjectType(c)),
    Case("ImageCollection.merge", [_pair, lambda: ee.ImageCollection([n()])], [["VV", "VH"], ["VV", "VH"],
        ["n"]],
         ask=lambda c: ee.ImageCollection(c).toList(9).map(lambda i: ee.Image(i).bandNames())),
    Case("ImageCollection.mosaic", [lambda: ee.ImageCollection([n().toFloat().rename("x"), x()])],
         np.where(HOLES, X, N), pixels=True, rtol=1e-6, mutant=False),
    Case("ImageCollection.mosaic", [_pair], "Image", ask=lambda i: ee.Algorithms.ObjectType(i), name="type"),
    Case("ImageCollection.qualityMosaic", [_pair, "VH"], np.where(BH > VH, BV, VV), pixels=True, rtol=1e-6),
    Case("ImageCollection.reduce", [_pair, lambda: ee.Reducer.max()], np.maximum(VV, BV), pixels=True,
        rtol=1e-6),
    Case("ImageCollection.reduce", [_pair, lambda: ee.Reducer.minMax()], ["VV_min", "VV_max", "VH_min",
        "VH_max"],
         ask=lambda i: ee.Image(i).bandNames(), name="names"),
    Case("ImageCollection.toBands", [_pair], ["0_VV", "0_VH", "1_VV", "1_VH"],
        ask=lambda i: ee.Image(i).bandNames()),
    Case("ImageCollection.toBands", [_pair], BH, pixels=True, band=3, rtol=1e-6, name="pixels"),
    Case("ImageCollection.combine", [_pair, lambda: _pair().select("VV").limit(1)], [["VV", "VH", "VV_1"]],
         ask=lambda c: ee.ImageCollection(c).toList(9).map(lambda i: ee.Image(i).bandNames())),
    Case("ImageCollection.combine", [_pair, lambda: _pair().map(lambda i: i.multiply(0).select("VV")
         .copyProperties(i, ["system:index"])), True], [0, 0], name="overwritten",
         ask=lambda c: ee.ImageCollection(c).toList(9).map(lambda i: ee.Image(i).reduceRegion(
             "max", corner(), 10).get("VV"))),
    Case("ImageCollection.cast", [_pair, {"VV": "int8", "VH": "float", "q": "double"}, ["q", "VH", "VV"]],
         [["q", "VH", "VV"]] * 2,
         ask=lambda c: ee.ImageCollection(c).toList(9).map(lambda i: ee.Image(i).bandNames())),
    Case("ImageCollection.cast", [_pair, {"VV": "int8", "VH": "float"}, ["VV", "VH"]], np.trunc(BV),
        pixels=True,
         ask=lambda c: ee.ImageCollection(c).mosaic(), name="pixels"),
    Case("ImageCollection.getRegion", [_pair, corner, 10, UTM.crs],
         lambda: [["id", "longitude", "latitude", "time", "VV", "VH"], *_rows()], rtol=1e-6),
]  # fmt: skip


def _rows() -> list[list[Any]]:
    """One row a pixel and image, image by image."""
    return [
        [index, LON[r, c], LAT[r, c], 1_600_000_000_000, first[r, c], second[r, c]]
        for index, first, second in (("0", VV, VH), ("1", BV, BH))
        for r in range(4)
        for c in range(3)
    ]
