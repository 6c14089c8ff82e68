"""Classifiers and clusterers, on tables whose right answer needs none.

Trees and machines learn classes that are apart; nearest neighbours and means are compared with NumPy.
"""

from __future__ import annotations

from typing import Any

import ee
import numpy as np

from tests.engine.algorithms.case import STORED, Case

_rng = np.random.default_rng(11)
TABLE = np.column_stack([_rng.uniform(-9, 9, 80), _rng.uniform(0, 5, 80)]).round(3)
TABLE = TABLE[np.abs(TABLE[:, 0] - 1) > 0.5]
LABELS = np.where(TABLE[:, 0] > 1, 7, 3)
"""Class 7 is right of x = 1, class 3 left of it, with a gap of 1 between them."""
ASKED = np.array([[-8, 2.0], [0.4, 4.4], [1.6, 0.1], [8.5, 3]])
TOLD = [3, 3, 7, 7]
N = STORED["C/whole"]["n"].astype(float)


def table() -> Any:
    return ee.FeatureCollection([
        ee.Feature(None, {"x": float(x), "y": float(y), "class": int(label)})
        for (x, y), label in zip(TABLE, LABELS, strict=True)
    ])  # fmt: skip


def asked() -> Any:
    return ee.FeatureCollection([ee.Feature(None, {"x": float(x), "y": float(y)}) for x, y in ASKED])


def _learned(classifier: Any) -> Any:
    return ee.Classifier(classifier).train(table(), "class", ["x", "y"])


def _told(classifier: Any) -> Any:
    return asked().classify(_learned(classifier), "told").aggregate_array("told")


def _told_by(classifier: Any) -> Any:
    return asked().classify(ee.Classifier(classifier)).aggregate_array("classification")


def _forest() -> Any:
    return _learned(ee.Classifier.smileRandomForest(20))


def _nearest(k: int) -> list[int]:
    distance = np.hypot(*(TABLE[None] - ASKED[:, None]).transpose(2, 0, 1))
    near = LABELS[np.argsort(distance, axis=1)[:, :k]]
    return np.where((near == 7).mean(axis=1) > 0.5, 7, 3).tolist()


def _nearest_mean(order: int) -> list[int]:
    means = np.array([TABLE[label == LABELS].mean(axis=0) for label in (3, 7)])
    # The mean of a Manhattan distance is the median of each column.
    if order == 1:
        means = np.array([np.median(TABLE[label == LABELS], axis=0) for label in (3, 7)])
    distance = np.linalg.norm(means[None] - ASKED[:, None], ord=order, axis=2)
    return np.array([3, 7])[distance.argmin(axis=1)].tolist()


COUNTS = np.array([[8, 1, 1], [7, 2, 0], [1, 9, 2], [0, 8, 1], [2, 1, 9]])
COUNTED = np.array([1, 1, 2, 2, 2])


def _bayes() -> list[int]:
    """The multinomial model of COUNTS with a smoothing of 0.5, for two mixed rows."""
    scores = []
    for label in (1, 2):
        rows = COUNTS[label == COUNTED]
        share = (rows.sum(axis=0) + 0.5) / (rows.sum() + 1.5)
        scores.append(np.log(len(rows) / len(COUNTS)) + np.array([[6, 2, 1], [2, 3, 6]]) @ np.log(share))
    return (1 + np.argmax(scores, axis=0)).tolist()


def _counted(classifier: Any) -> Any:
    def collection(rows: Any, labels: Any) -> Any:
        return ee.FeatureCollection([
            ee.Feature(None, {"a": int(r[0]), "b": int(r[1]), "c": int(r[2]), "class": int(label)})
            for r, label in zip(rows, labels, strict=True)
        ])  # fmt: skip

    model = ee.Classifier(classifier).train(collection(COUNTS, COUNTED), "class", ["a", "b", "c"])
    mixed = collection([[6, 2, 1], [2, 3, 6]], [0, 0])
    return mixed.classify(model).aggregate_array("classification")


def _line() -> Any:
    """y = 2 x, to be learned by regression."""
    xs = np.linspace(-10, 10, 81)
    return ee.FeatureCollection([ee.Feature(None, {"x": float(x), "v": float(2 * x)}) for x in xs])


def _regressed(classifier: Any) -> Any:
    model = ee.Classifier(classifier).setOutputMode("REGRESSION").train(_line(), "v", ["x"])
    return asked().classify(model, "told").aggregate_array("told")


def _blobs() -> Any:
    centres = np.repeat([[0.0, 0.0], [40, 0], [0, 40]], 12, axis=0)
    rows = centres + np.random.default_rng(2).normal(0, 1, centres.shape)
    return ee.FeatureCollection([ee.Feature(None, {"x": float(x), "y": float(y)}) for x, y in rows])


def _clusters() -> Any:
    return ee.Clusterer.wekaKMeans(3, init=1).train(_blobs(), ["x", "y"])


def _sizes(features: Any) -> Any:
    """How many rows each cluster has; which is which is free."""
    return ee.List(
        ee.Dictionary(ee.FeatureCollection(features).aggregate_histogram("cluster")).values()
    ).sort()


def _image() -> Any:
    return ee.Image.cat(ee.Image("C/whole").select("n").toDouble().divide(5), ee.Image(2)).rename("x", "y")


def _right_of_one() -> Any:
    return np.ma.MaskedArray(np.where(N / 5 > 1, 7, 3), np.zeros(N.shape, bool))


def _with_gap(image: Any) -> Any:
    """Where the training table has no rows the border may be anywhere."""
    x = _image().select("x")
    return ee.Image(image).where(x.gt(0.4).And(x.lt(1.6)), ee.Image(3).where(x.gt(1), 7))


MACHINE = {"kernelType": "RBF", "gamma": 0.5, "cost": 10}


def _printed(seed: int) -> str:
    """A tree of scikit-learn, as geemap writes it for the service."""
    from geemap.ml import tree_to_string
    from sklearn.tree import DecisionTreeClassifier

    return str(tree_to_string(_grown(DecisionTreeClassifier, seed), ["x", "y"]))


def _grown(kind: Any, seed: int) -> Any:
    return kind(random_state=seed, max_features=1, max_depth=4).fit(TABLE, STRIPES)


def _votes(trees: int) -> Any:
    from sklearn.tree import DecisionTreeClassifier

    told = np.array([_grown(DecisionTreeClassifier, seed).predict(PROBES) for seed in range(trees)])
    return [int(np.bincount(column).argmax()) for column in told.T]


def _probed(classifier: Any) -> Any:
    probes = ee.FeatureCollection([ee.Feature(None, {"x": float(x), "y": float(y)}) for x, y in PROBES])
    return probes.classify(ee.Classifier(classifier)).aggregate_array("classification")


STRIPES = (np.floor(TABLE[:, 0] / 3) % 3).astype(int)
PROBES = _rng.uniform([-9, 0], [9, 5], (40, 2)).round(3)
RPART = """n= 100

node), split, n, loss, yval, (yprob)
      * denotes terminal node

1) root 100 40 3 (0.6 0.4)
  2) x< 1 60 0 3 (1 0) *
  3) x>=1 40 5 7 (0.1 0.9)
    6) y< 2.5 5 0 3 (1 0) *
    7) y>=2.5 35 0 7 (0 1) *
"""

CASES = [
    Case("Classifier.decisionTree", [RPART], [3, 3, 3, 7], ask=_told_by),
    Case("Classifier.decisionTree", lambda: [_printed(0)], lambda: _votes(1), ask=_probed, name="geemap"),
    Case(
        "Classifier.decisionTreeEnsemble",
        lambda: [[_printed(s) for s in range(5)]],
        lambda: _votes(5),
        ask=_probed,
    ),
    Case("Classifier.smileRandomForest", [20], TOLD, ask=_told),
    Case(
        "Classifier.smileRandomForest",
        {"numberOfTrees": 50, "bagFraction": 0.9},
        2 * ASKED[:, 0],
        ask=_regressed,
        atol=0.5,
        name="regression",
    ),
    Case("Classifier.smileCart", [], TOLD, ask=_told),
    Case("Classifier.smileGradientTreeBoost", {"numberOfTrees": 60, "shrinkage": 0.2}, TOLD, ask=_told),
    Case(
        "Classifier.smileGradientTreeBoost",
        {"numberOfTrees": 200, "shrinkage": 0.2, "loss": "LeastSquares"},
        2 * ASKED[:, 0],
        ask=_regressed,
        atol=0.5,
        name="regression",
    ),
    Case("Classifier.smileKNN", [5], _nearest(5), ask=_told),
    Case("Classifier.smileNaiveBayes", [0.5], _bayes(), ask=_counted),
    Case("Classifier.libsvm", [], TOLD, ask=_told),
    Case("Classifier.libsvm", MACHINE, TOLD, ask=_told, name="radial"),
    Case("Classifier.minimumDistance", [], _nearest_mean(2), ask=_told),
    Case("Classifier.minimumDistance", ["manhattan"], _nearest_mean(1), ask=_told, name="manhattan"),
    Case(
        "Classifier.train",
        lambda: [ee.Classifier.smileCart(), table(), "class"],
        ["x", "y"],
        ask=lambda c: c.schema(),
    ),
    Case("Classifier.schema", [_forest], ["x", "y"]),
    Case("Classifier.mode", lambda: [_forest().setOutputMode("PROBABILITY")], "PROBABILITY"),
    Case(
        "Classifier.setOutputMode",
        lambda: [ee.Classifier.smileRandomForest(20), "PROBABILITY"],
        [0, 0, 1, 1],
        ask=_told,
        atol=0.3,
    ),
    Case(
        "Classifier.setOutputMode",
        lambda: [ee.Classifier.smileCart(), "MULTIPROBABILITY"],
        [[1, 0], [1, 0], [0, 1], [0, 1]],
        ask=_told,
        name="all classes",
    ),
    Case(
        "Classifier.explain",
        lambda: [_learned(ee.Classifier.smileCart())],
        {"x": 1, "y": 0},
        ask=lambda d: ee.Dictionary(d).get("importance"),
    ),
    Case(
        "Classifier.confusionMatrix",
        lambda: [_learned(ee.Classifier.smileCart())],
        [[0] * 8] * 3
        + [[0] * 3 + [int((LABELS == 3).sum())] + [0] * 4]
        + [[0] * 8] * 3
        + [[0] * 7 + [int((LABELS == 7).sum())]],
    ),
    Case(
        "FeatureCollection.classify",
        lambda: [asked(), _forest()],
        TOLD,
        ask=lambda f: f.aggregate_array("classification"),
    ),
    Case("Image.classify", lambda: [_image(), _forest(), "water"], _right_of_one, pixels=True, ask=_with_gap),
    Case(
        "Clusterer.wekaKMeans",
        {"nClusters": 3, "init": 1},
        [12, 12, 12],
        ask=lambda c: _sizes(_blobs().cluster(ee.Clusterer(c).train(_blobs(), ["x", "y"]))),
    ),
    Case(
        "Clusterer.train",
        lambda: [ee.Clusterer.wekaKMeans(3, init=1), _blobs()],
        ["x", "y"],
        ask=lambda c: ee.Clusterer(c).schema(),
    ),
    Case("Clusterer.schema", [_clusters], ["x", "y"]),
    Case("FeatureCollection.cluster", lambda: [_blobs(), _clusters()], [12, 12, 12], ask=_sizes),
    Case(
        "Image.cluster",
        lambda: [_image().multiply(8), _clusters()],
        # The clusters' middles are 0 and 40 along x; y = 16 is nearer to those at y = 0.
        lambda: np.ma.MaskedArray((N / 5 * 8 > 20).astype(int), np.zeros(N.shape, bool)),
        pixels=True,
        ask=lambda i: ee.Image(i).neq(
            ee.Image.constant(0)
            .add(_image().select("x").multiply(0))
            .toInt()
            .add(ee.Image.constant(_at_origin()))
        ),
    ),
]


def _at_origin() -> Any:
    """The number of the cluster at the origin."""
    origin = ee.FeatureCollection([ee.Feature(None, {"x": 0.0, "y": 0.0})])
    return ee.Number(origin.cluster(_clusters()).first().get("cluster"))
