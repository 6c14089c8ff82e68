"""Confusion matrices against scikit-learn, and closest points against shapely and pyproj."""

from __future__ import annotations

from typing import Any

import ee
import numpy as np
import pyproj
import shapely
from sklearn import metrics

from tests.engine.algorithms.case import Case

_rng = np.random.default_rng(4)
ACTUAL = _rng.integers(0, 3, 60)
PREDICTED = np.where(_rng.random(60) < 0.6, ACTUAL, _rng.integers(0, 3, 60))
COUNTS = metrics.confusion_matrix(ACTUAL, PREDICTED)
SEEN = {"y_true": ACTUAL, "y_pred": PREDICTED, "average": None}


def matrix() -> Any:
    return ee.ConfusionMatrix(ee.Array(COUNTS.tolist()))


def features() -> Any:
    pairs = zip(ACTUAL.tolist(), PREDICTED.tolist(), strict=True)
    return ee.FeatureCollection([ee.Feature(None, {"a": a, "p": p}) for a, p in pairs])


def _closest() -> np.ndarray:
    """Where the shortest line from a square to a meridian ends, in a plane around the square."""
    plane = "+proj=aeqd +lat_0=24.5 +lon_0=70.5 +datum=WGS84"
    there = pyproj.Transformer.from_crs("EPSG:4326", plane, always_xy=True)
    square = shapely.segmentize(shapely.box(70, 24, 71, 25), 0.001)
    line = shapely.LineString(np.column_stack([np.full(4001, 71.5), np.linspace(23, 27, 4001)]))
    here, other = (shapely.transform(g, there.transform, interleaved=False) for g in (square, line))
    end = shapely.shortest_line(here, other).coords[1]
    return np.array(there.transform(*end, direction="INVERSE"))


def _places() -> list[Any]:
    return [ee.Geometry.Rectangle([70, 24, 71, 25]), ee.Geometry.LineString([[71.5, 23], [71.5, 27]])]


def _coordinates(found: Any) -> Any:
    return ee.Geometry(found).coordinates()


CASES = [
    Case(
        "ConfusionMatrix", lambda: [ee.Array(COUNTS.tolist()), [5, 7, 9]], [5, 7, 9], ask=lambda m: m.order()
    ),
    Case("ConfusionMatrix.accuracy", [matrix], metrics.accuracy_score(ACTUAL, PREDICTED)),
    Case("ConfusionMatrix.kappa", [matrix], metrics.cohen_kappa_score(ACTUAL, PREDICTED)),
    Case(
        "ConfusionMatrix.array",
        lambda: [matrix()],
        int(COUNTS.sum()),
        ask=lambda a: a.reduce("sum", [0, 1]).get([0, 0]),
    ),
    Case("ConfusionMatrix.order", [matrix], [0, 1, 2]),
    Case("ConfusionMatrix.producersAccuracy", [matrix], lambda: metrics.recall_score(**SEEN)[:, None]),
    Case("ConfusionMatrix.consumersAccuracy", [matrix], lambda: metrics.precision_score(**SEEN)[None, :]),
    Case("ConfusionMatrix.fscore", [matrix, 2], lambda: metrics.fbeta_score(**SEEN, beta=2)),
    Case("Collection.errorMatrix", [features, "a", "p"], COUNTS),
    Case(
        "Collection.errorMatrix",
        [features, "a", "p", [2, 0]],
        metrics.confusion_matrix(ACTUAL, PREDICTED, labels=[2, 0]),
        name="order",
    ),
    Case("Geometry.closestPoint", _places, _closest, ask=_coordinates, atol=2e-4),
    Case(
        "Geometry.closestPoints",
        _places,
        _closest,
        ask=lambda d: _coordinates(ee.Dictionary(d).get("right")),
        atol=2e-4,
    ),
    Case(
        "Feature.closestPoint",
        lambda: [ee.Feature(g) for g in _places()],
        _closest,
        ask=_coordinates,
        atol=2e-4,
    ),
    Case(
        "Feature.closestPoints",
        lambda: [ee.Feature(g) for g in _places()],
        71,
        ask=lambda d: ee.Number(ee.List(_coordinates(ee.Dictionary(d).get("left"))).get(0)),
        atol=1e-6,
    ),
]
