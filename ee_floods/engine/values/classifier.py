"""Classifiers and clusterers: what is learned from a table, and its answers for other rows.

The learning is scikit-learn's, so trees and clusters are not the service's own: the same method with other
random numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.errors import bad_request
from ee_floods.engine.values.confusion import ConfusionMatrix

__all__ = ["MODES", "Classifier", "Clusterer", "Learned"]

MODES = ("CLASSIFICATION", "REGRESSION", "PROBABILITY", "MULTIPROBABILITY")


@dataclass(frozen=True, eq=False)
class Learned:
    """A fitted estimator.

    Args:
        estimator: Has `predict`, and `predict_proba` where probabilities are asked for.
        schema: Names of the columns it takes.
        classes: Class labels in ascending order.
        confusion: How it does on its own training rows; None for regression and clusters.
    """

    estimator: Any
    schema: tuple[str, ...]
    classes: tuple[int, ...]
    confusion: ConfusionMatrix | None = None


@dataclass(frozen=True, eq=False)
class Classifier:
    """A classifier.

    Args:
        name: As in `smileRandomForest`.
        make: Makes the estimator for an output mode and a number of columns.
        options: As they were given.
        mode: One of `MODES`.
        learned: What `train` found.
    """

    name: str
    make: Callable[[str, int], Any]
    options: Mapping[str, Any] = field(default_factory=dict)
    mode: str = "CLASSIFICATION"
    learned: Learned | None = None

    def in_mode(self, mode: str) -> Classifier:
        """Return the classifier with another output mode.

        Raises:
            EngineError: If there is no such mode, or it has learned something else already.
        """
        wanted = mode.upper()
        if wanted not in MODES:
            raise bad_request(f"Output mode '{mode}' is not available: one of {', '.join(MODES)}.")
        if self.learned is not None and (wanted == "REGRESSION") != (self.mode == "REGRESSION"):
            raise bad_request("The output mode must be set before the classifier is trained.")
        return replace(self, mode=wanted)

    def trained(self, rows: NDArray[np.float64], labels: NDArray[Any], schema: Sequence[str]) -> Classifier:
        """Return the classifier with what the rows teach.

        Raises:
            EngineError: If there is nothing to learn from.
        """
        if not len(rows):
            raise bad_request("No valid training data were found.")
        estimator = self.make(self.mode, rows.shape[1])
        if self.mode == "REGRESSION":
            estimator.fit(rows, labels.astype(float))
            return replace(self, learned=Learned(estimator, tuple(schema), ()))
        whole = labels.astype(np.int64)
        if len(np.unique(whole)) < 2:
            raise bad_request("Only one class was found in the training data; two are needed.")
        estimator.fit(rows, whole)
        classes = tuple(int(label) for label in np.unique(whole))
        told = [int(v) for v in estimator.predict(rows)]
        order = tuple(range(max(classes) + 1)) if min(classes) >= 0 else classes
        confusion = ConfusionMatrix.tallied(list(zip(whole.tolist(), told, strict=True)), order)
        return replace(self, learned=Learned(estimator, tuple(schema), classes, confusion))

    def require(self) -> Learned:
        """Return what was learned.

        Raises:
            EngineError: If nothing was.
        """
        if self.learned is None:
            raise bad_request("The classifier must be trained first.")
        return self.learned

    def answers(self, rows: NDArray[np.float64]) -> NDArray[Any]:
        """Return one answer per row: a label, a number, or one probability per class."""
        learned = self.require()
        if self.mode == "REGRESSION":
            return np.asarray(learned.estimator.predict(rows), np.float64)
        if self.mode == "CLASSIFICATION":
            return np.asarray(learned.estimator.predict(rows), np.int64)
        if not hasattr(learned.estimator, "predict_proba"):
            raise bad_request(f"Classifier.{self.name} has no probabilities.")
        shares = np.asarray(learned.estimator.predict_proba(rows), np.float32)
        if self.mode == "MULTIPROBABILITY":
            return shares
        if len(learned.classes) != 2:
            raise bad_request("PROBABILITY needs two classes; use MULTIPROBABILITY.")
        return shares[:, 1]

    def to_json(self) -> dict[str, Any]:
        """Return the kind and the options."""
        given = {key: value for key, value in self.options.items() if value is not None}
        return {"type": f"Classifier.{self.name}", **given}


@dataclass(frozen=True, eq=False)
class Clusterer:
    """A clusterer.

    Args:
        name: As in `wekaKMeans`.
        make: Makes the estimator.
        learned: What `train` found.
    """

    name: str
    make: Callable[[], Any]
    learned: Learned | None = None

    def trained(self, rows: NDArray[np.float64], schema: Sequence[str]) -> Clusterer:
        """Return the clusterer with the clusters of the rows.

        Raises:
            EngineError: If there are none.
        """
        if not len(rows):
            raise bad_request("No valid training data were found.")
        estimator = self.make()
        estimator.fit(rows)
        return replace(self, learned=Learned(estimator, tuple(schema), ()))

    def require(self) -> Learned:
        """Return what was learned.

        Raises:
            EngineError: If nothing was.
        """
        if self.learned is None:
            raise bad_request("The clusterer must be trained first.")
        return self.learned

    def answers(self, rows: NDArray[np.float64]) -> NDArray[Any]:
        """Return the number of each row's cluster."""
        return np.asarray(self.require().estimator.predict(rows), np.int64)

    def to_json(self) -> dict[str, Any]:
        """Return the kind."""
        return {"type": f"Clusterer.{self.name}"}
