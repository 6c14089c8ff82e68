"""Kinds of classifiers and clusterers, each made of scikit-learn's when it is trained."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from ee_floods.engine.decision_trees import Trees, parsed_tree
from ee_floods.engine.errors import bad_request
from ee_floods.engine.registry import algorithm
from ee_floods.engine.values.classifier import Classifier, Clusterer, Learned


def _sklearn(room: str, name: str, **options: Any) -> Any:
    """An estimator; the library is loaded by the first one."""
    return getattr(import_module(f"sklearn.{room}"), name)(**options)


def _kind(room: str, name: str, **options: Any) -> Callable[[str, int], Any]:
    """What makes `nameClassifier` or, for regression, `nameRegressor`."""

    def make(mode: str, columns: int) -> Any:
        return _sklearn(room, name + ("Regressor" if mode == "REGRESSION" else "Classifier"), **options)

    return make


@algorithm("Classifier.smileRandomForest")
def random_forest(
    trees: int, variables: int | None, leaf: int, bag: float, nodes: int | None, seed: int
) -> Classifier:
    """A random forest; each split looks at the square root of the number of variables unless told."""

    def make(mode: str, columns: int) -> Any:
        if variables is not None and not 0 < variables <= columns:
            raise bad_request(f"'variablesPerSplit' must be from 1 to {columns}, not {variables}.")
        kind = _kind(
            "ensemble", "RandomForest", n_estimators=trees, max_features=variables or "sqrt",
            min_samples_leaf=leaf, max_samples=bag, max_leaf_nodes=nodes, random_state=seed,
        )  # fmt: skip
        return kind(mode, columns)

    options = {
        "numberOfTrees": trees, "variablesPerSplit": variables, "minLeafPopulation": leaf,
        "bagFraction": bag, "maxNodes": nodes, "seed": seed,
    }  # fmt: skip
    return Classifier("smileRandomForest", make, options)


@algorithm("Classifier.smileCart")
def cart(nodes: int | None, leaf: int) -> Classifier:
    """A decision tree."""
    kind = _kind("tree", "DecisionTree", max_leaf_nodes=nodes, min_samples_leaf=leaf, random_state=0)
    return Classifier("smileCart", kind, {"maxNodes": nodes, "minLeafPopulation": leaf})


_LOSSES = {"LeastAbsoluteDeviation": "absolute_error", "LeastSquares": "squared_error", "Huber": "huber"}


@algorithm("Classifier.smileGradientTreeBoost")
def gradient_boost(
    trees: int, shrinkage: float, sampling: float, nodes: int | None, loss: str, seed: int
) -> Classifier:
    """Boosted trees; the loss is for regression only."""
    if loss not in _LOSSES:
        raise bad_request(f"Unknown loss '{loss}'. Use one of {', '.join(_LOSSES)}.")

    def make(mode: str, columns: int) -> Any:
        own = {"loss": _LOSSES[loss]} if mode == "REGRESSION" else {}
        kind = _kind(
            "ensemble", "GradientBoosting", n_estimators=trees, learning_rate=shrinkage,
            subsample=sampling, max_leaf_nodes=nodes, random_state=seed, **own,
        )  # fmt: skip
        return kind(mode, columns)

    options = {
        "numberOfTrees": trees, "shrinkage": shrinkage, "samplingRate": sampling, "maxNodes": nodes,
        "loss": loss, "seed": seed,
    }  # fmt: skip
    return Classifier("smileGradientTreeBoost", make, options)


_METRICS = {"EUCLIDEAN": "euclidean", "MANHATTAN": "manhattan", "MAHALANOBIS": "", "BRAYCURTIS": "braycurtis"}


@algorithm("Classifier.smileKNN")
def nearest_neighbours(k: int, search: str, metric: str) -> Classifier:
    """The majority among the nearest training rows."""
    chosen = _METRICS.get(metric.upper())
    if not chosen:
        raise bad_request(f"The metric '{metric}' is not available.")
    ways = {"COVER_TREE": "ball_tree", "KD_TREE": "kd_tree", "LINEAR_SEARCH": "brute", "AUTO": "auto"}
    if search.upper() not in ways:
        raise bad_request(f"Unknown search method '{search}'. Use one of {', '.join(ways)}.")
    kind = _kind("neighbors", "KNeighbors", n_neighbors=k, metric=chosen, algorithm=ways[search.upper()])
    return Classifier("smileKNN", kind, {"k": k, "searchMethod": search, "metric": metric})


def _no_regression(name: str, make: Callable[[], Any]) -> Callable[[str, int], Any]:
    def build(mode: str, columns: int) -> Any:
        if mode == "REGRESSION":
            raise bad_request(f"Classifier.{name} does not do regression.")
        return make()

    return build


@algorithm("Classifier.smileNaiveBayes")
def naive_bayes(smoothing: float) -> Classifier:
    """A multinomial model of counts."""
    make = _no_regression(
        "smileNaiveBayes", lambda: _sklearn("naive_bayes", "MultinomialNB", alpha=smoothing)
    )
    return Classifier("smileNaiveBayes", make, {"lambda": smoothing})


@algorithm("Classifier.libsvm")
def support_vectors(
    decision: str, kind: str, kernel: str, shrinking: bool, degree: int | None, gamma: float | None,
    offset: float | None, cost: float | None, nu: float | None, end: float | None, loss: float | None,
    one_class: int | None,
) -> Classifier:  # fmt: skip
    """A support vector machine."""
    kernels = {"LINEAR": "linear", "POLY": "poly", "RBF": "rbf", "SIGMOID": "sigmoid"}
    if kernel.upper() not in kernels:
        raise bad_request(f"Unknown kernel type '{kernel}'. Use one of {', '.join(kernels)}.")
    # The defaults are libsvm's own.
    shared = {
        "kernel": kernels[kernel.upper()], "shrinking": shrinking, "degree": 3 if degree is None else degree,
        "gamma": "auto" if gamma is None else gamma, "coef0": offset or 0.0, "tol": end or 0.001,
    }  # fmt: skip
    price, share = {"C": 1.0 if cost is None else cost}, {"nu": 0.5 if nu is None else nu}
    slack = {"epsilon": 0.1 if loss is None else loss}
    machines: dict[str, tuple[str, dict[str, Any]]] = {
        "C_SVC": ("SVC", price), "NU_SVC": ("NuSVC", share),
        "EPSILON_SVR": ("SVR", {**price, **slack}), "NU_SVR": ("NuSVR", {**price, **share}),
    }  # fmt: skip
    if kind not in machines:
        raise bad_request(f"The SVM type '{kind}' is not available: one of {', '.join(machines)}.")
    name, own = machines[kind]

    def make(mode: str, columns: int) -> Any:
        if (mode == "REGRESSION") != name.endswith("SVR"):
            raise bad_request(f"The SVM type {kind} does not go with the output mode {mode}.")
        machine = _sklearn("svm", name, **shared, **own)
        if mode in ("PROBABILITY", "MULTIPROBABILITY"):
            return _sklearn("calibration", "CalibratedClassifierCV", estimator=machine, ensemble=False)
        return machine

    options = {
        "decisionProcedure": decision,
        "svmType": kind,
        "kernelType": kernel,
        "gamma": gamma,
        "cost": cost,
    }
    return Classifier("libsvm", make, options)


@algorithm("Classifier.minimumDistance")
def minimum_distance(metric: str, nearest: int) -> Classifier:
    """The class whose mean is nearest."""
    if metric not in ("euclidean", "manhattan") or nearest != 1:
        raise bad_request("Only metric 'euclidean' or 'manhattan' and kNearest 1 are available.")
    make = _no_regression("minimumDistance", lambda: _sklearn("neighbors", "NearestCentroid", metric=metric))
    return Classifier("minimumDistance", make, {"metric": metric, "kNearest": nearest})


@algorithm("Classifier.decisionTree")
def decision_tree(text: str) -> Classifier:
    """A tree that is given as R prints it; it has learned already."""
    return _of_trees("decisionTree", [text])


@algorithm("Classifier.decisionTreeEnsemble")
def decision_trees(texts: list[str]) -> Classifier:
    """Trees that vote."""
    if not texts or None in texts:
        raise bad_request("At least one tree is needed.")
    return _of_trees("decisionTreeEnsemble", texts)


def _of_trees(name: str, texts: list[str]) -> Classifier:
    trees = Trees([parsed_tree(text) for text in texts])

    def make(mode: str, columns: int) -> Any:
        raise bad_request(f"Classifier.{name} cannot be trained.")

    return Classifier(name, make, {}, learned=Learned(trees, trees.schema, trees.classes))


@algorithm("Clusterer.wekaKMeans")
def k_means(
    clusters: int, start: int, canopies: bool, candidates: int, pruning: int, density: int, t1: float,
    t2: float, distance: str, most: int | None, ordered: bool, fast: bool, seed: int,
) -> Clusterer:  # fmt: skip
    """K means, from random rows or (`init` 1) from rows far apart."""
    if distance != "Euclidean" or start not in (0, 1) or canopies:
        raise bad_request(
            "Only the distance function 'Euclidean' and init 0 or 1 without canopies are available."
        )
    if clusters < 1 or (most is not None and most < 0):
        raise bad_request(
            f"'nClusters' must be positive and 'maxIterations' not negative, received {clusters} and {most}."
        )
    first = "k-means++" if start else "random"
    return Clusterer(
        "wekaKMeans",
        lambda: _sklearn("cluster", "KMeans", n_clusters=clusters, init=first, n_init=1,
                         max_iter=most or 500, random_state=seed),
    )  # fmt: skip
