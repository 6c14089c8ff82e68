"""Confusion matrices and what is read off them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.coerce import coerce
from ee_floods.engine.errors import bad_request
from ee_floods.engine.registry import algorithm, register
from ee_floods.engine.values.collection import Collection
from ee_floods.engine.values.confusion import ConfusionMatrix
from ee_floods.engine.values.elements import element_get


@algorithm("ConfusionMatrix")
def confusion_matrix(array: Any, order: list[int] | None) -> ConfusionMatrix:
    """A matrix from an array; classes are counted from 0 unless they are named."""
    if isinstance(array, ConfusionMatrix):
        return array
    counts = np.asarray(coerce(array, "Array", "array"), float)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
        raise bad_request(f"A confusion matrix must be square, not {'x'.join(map(str, counts.shape))}.")
    if order is not None and len(order) != len(counts):
        raise bad_request(f"'order' has {len(order)} classes, but the matrix has {len(counts)}.")
    return ConfusionMatrix(counts, tuple(order) if order is not None else tuple(range(len(counts))))


@algorithm("Collection.errorMatrix")
def error_matrix(
    collection: Collection, actual: str, predicted: str, order: list[int] | None
) -> ConfusionMatrix:
    """Actual against predicted classes of the features; features without either are left out."""
    pairs = []
    for element in collection:
        values = (element_get(element, actual), element_get(element, predicted))
        if None not in values:
            pairs.append((int(values[0]), int(values[1])))
    if order is None:
        if any(min(pair) < 0 for pair in pairs):
            raise bad_request("Classes must not be negative; give 'order'.")
        order = list(range(max((max(pair) for pair in pairs), default=-1) + 1))
    return ConfusionMatrix.tallied(pairs, tuple(order))


@algorithm("ConfusionMatrix.array")
def array(matrix: ConfusionMatrix) -> NDArray[np.int64] | NDArray[np.float64]:
    """The counts."""
    whole = matrix.counts.astype(np.int64)
    return whole if (whole == matrix.counts).all() else matrix.counts


@algorithm("ConfusionMatrix.order")
def order_of(matrix: ConfusionMatrix) -> list[int]:
    """The classes of rows and columns."""
    return list(matrix.order)


@algorithm("ConfusionMatrix.fscore")
def fscore(matrix: ConfusionMatrix, beta: float) -> NDArray[np.float64]:
    """F-beta of each class."""
    return matrix.fscore(beta)


for _name, _property in (
    ("accuracy", "accuracy"), ("kappa", "kappa"), ("producersAccuracy", "producers"),
    ("consumersAccuracy", "consumers"),
):  # fmt: skip
    register(f"ConfusionMatrix.{_name}", lambda matrix, name=_property: getattr(matrix, name))
