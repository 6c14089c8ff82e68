"""Training classifiers and clusterers on tables, and applying them to tables and images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.errors import bad_request
from ee_floods.engine.reading import Reader
from ee_floods.engine.records import Raster
from ee_floods.engine.registry import algorithm, register
from ee_floods.engine.values.classifier import Classifier, Clusterer
from ee_floods.engine.values.collection import Collection
from ee_floods.engine.values.confusion import ConfusionMatrix
from ee_floods.engine.values.elements import Element, element_get
from ee_floods.engine.values.image import Band, Image, masks_and, shared
from ee_floods.engine.values.pixeltype import DOUBLE, FLOAT, PixelType
from ee_floods.grid import Grid

Model = Classifier | Clusterer


def _number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


def _schema(features: Collection, given: list[str] | None, label: str | None) -> list[str]:
    """The columns to learn from: all numbers of the first feature unless they are named."""
    if given is not None:
        return given
    first = features.first()
    names = [] if first is None else [k for k, v in first.properties.items() if _number(v) and k != label]
    return sorted(name for name in names if not name.startswith("system:"))


def _rows(
    features: Collection, schema: list[str], label: str | None, share: float, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rows whose columns, and label if there is one, are all numbers; a random share of them."""
    names = [*schema, *([label] if label is not None else [])]
    rows = ([element_get(element, name) for name in names] for element in features)
    found = [row for row in rows if all(_number(v) for v in row)]
    table = np.array(found, np.float64).reshape(len(found), len(names))
    if share < 1:
        table = table[np.random.default_rng(abs(seed)).random(len(table)) < share]
    width = len(schema)
    return table[:, :width], table[:, width] if label is not None else np.empty(0)


@algorithm("Classifier.train")
def train(
    classifier: Classifier,
    features: Collection,
    label: str,
    inputs: list[str] | None,
    share: float,
    seed: int,
) -> Classifier:
    """A classifier that has learned from features."""
    schema = _schema(features, inputs, label)
    rows, labels = _rows(features, schema, label, share, seed)
    return classifier.trained(rows, labels, schema)


@algorithm("Clusterer.train")
def train_clusterer(
    clusterer: Clusterer, features: Collection, inputs: list[str] | None, share: float, seed: int
) -> Clusterer:
    """A clusterer that has learned from features."""
    schema = _schema(features, inputs, None)
    if not schema:
        raise bad_request("There is no property to learn from: name some in 'inputProperties'.")
    return clusterer.trained(_rows(features, schema, None, share, seed)[0], schema)


@algorithm("Classifier.setOutputMode")
def set_output_mode(classifier: Classifier, mode: str) -> Classifier:
    """The classifier with another output."""
    return classifier.in_mode(mode)


@algorithm("Classifier.mode")
def mode_of(classifier: Classifier) -> str:
    """What it puts out."""
    return classifier.mode


@algorithm("Classifier.schema", "Clusterer.schema")
def schema_of(model: Model) -> list[str]:
    """The names that it takes."""
    return list(model.require().schema)


@algorithm("Classifier.confusionMatrix")
def confusion(classifier: Classifier) -> ConfusionMatrix:
    """How it does on its own training rows."""
    found = classifier.require().confusion
    if found is None:
        raise bad_request("A regression has no confusion matrix.")
    return found


@algorithm("Classifier.explain")
def explain(classifier: Classifier) -> dict[str, Any]:
    """Its options and, of trees, how much each variable matters."""
    learned = classifier.require()
    answer: dict[str, Any] = {key: v for key, v in classifier.options.items() if v is not None}
    if learned.classes:
        answer["classes"] = list(learned.classes)
    weights = getattr(learned.estimator, "feature_importances_", None)
    if weights is not None:
        answer["importance"] = dict(zip(learned.schema, map(float, weights), strict=True))
    return answer


def _told(model: Model, rows: NDArray[np.float64]) -> NDArray[Any]:
    """Answers for rows; of no rows, none."""
    if len(rows):
        return model.answers(rows)
    return model.answers(np.zeros((1, len(model.require().schema))))[:0]


def _table(features: Collection, model: Model, name: str) -> Collection:
    """Features with the answer as a property; one that lacks a number has none."""
    schema = model.require().schema

    def elements() -> Iterator[Element]:
        for element in features:
            row = [element_get(element, column) for column in schema]
            if not all(_number(v) for v in row):
                yield element
                continue
            answer = _told(model, np.array([row], np.float64))[0]
            value = answer.astype(float).tolist() if np.ndim(answer) else answer.item()
            yield element.with_properties({**element.properties, name: value})

    return features.derived(elements)


def _pixels(image: Image, model: Model, name: str) -> Image:
    """A band of answers, masked where an input is."""
    bands = [image.band(column) for column in model.require().schema]
    type_ = _type(model)

    def compute(reader: Reader, grid: Grid) -> Raster:
        rasters = reader.read_all(tuple(bands), grid)
        mask = masks_and(raster.mask for raster in rasters)
        seen = mask > 0
        rows = np.stack([np.asarray(raster.values)[seen] for raster in rasters], axis=1).astype(np.float64)
        told = _told(model, rows)
        values = np.zeros((*grid.shape, *told.shape[1:]), type_.dtype)
        values[seen] = type_.cast(told)
        return Raster(values, np.asarray(mask))

    band = Band(name, type_, shared(bands), compute, tuple(bands), bands[0].size)
    return Image((band,), image.only_index(), image.footprint)


def _type(model: Model) -> PixelType:
    if isinstance(model, Clusterer):
        return PixelType.named("int32")
    if model.mode == "CLASSIFICATION":
        classes = model.require().classes
        return PixelType("int", min(classes), max(classes))
    if model.mode == "MULTIPROBABILITY":
        return PixelType("float", None, None, 1)
    return DOUBLE if model.mode == "REGRESSION" else FLOAT


register("FeatureCollection.classify", _table)
register("FeatureCollection.cluster", _table)
register("Image.classify", _pixels)
register("Image.cluster", _pixels)
