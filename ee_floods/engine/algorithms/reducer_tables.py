"""Reducers whose outputs are tables: lists, histograms, frequency tables, regressions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ee_floods.engine.errors import bad_request
from ee_floods.engine.registry import algorithm
from ee_floods.engine.values.elements import Feature
from ee_floods.engine.values.pixeltype import DOUBLE, PixelType
from ee_floods.engine.values.reducer import Output, Reducer, Samples

Records = Sequence[tuple[Any, ...]]


def _array(dimensions: int) -> Any:
    return lambda type_: PixelType("double", None, None, dimensions)


def _double(type_: PixelType) -> PixelType:
    return DOUBLE


@algorithm("Reducer.toList")
def to_list(size: int | None, optional: int) -> Reducer:
    """All inputs as a list, in tuples if a size is given; records that lack a required value are dropped."""
    inputs = size or 1

    def collect(records: Records, weights: Sequence[float]) -> list[Any]:
        kept = [r for r in records if all(v is not None for v in r[: inputs - optional])]
        return [[list(r) if size is not None else r[0] for r in kept]]

    return Reducer("toList", ("list",), inputs, None, collect)


@algorithm("Reducer.toCollection")
def to_collection(names: list[str], optional: int) -> Reducer:
    """All records as features without geometry."""

    def collect(records: Records, weights: Sequence[float]) -> list[Any]:
        from ee_floods.engine.values.collection import Collection

        features = [Feature(None, {**dict(zip(names, r, strict=True)), "system:index": str(i)})
                    for i, r in enumerate(records)]  # fmt: skip
        return [Collection.of(features, images=False)]

    return Reducer("toCollection", ("features",), len(names), None, collect)


def _label(value: Any) -> str:
    """Keys of frequency tables: integers without a point, null as `null`."""
    if value is None:
        return "null"
    if isinstance(value, (bool, int)):
        return str(int(value))
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


@algorithm("Reducer.frequencyHistogram")
def frequency_histogram() -> Reducer:
    """Weight of each distinct value, by its text."""

    def collect(records: Records, weights: Sequence[float]) -> list[Any]:
        table: dict[Any, float] = {}
        for record, weight in zip(records, weights, strict=True):
            table[record[0]] = table.get(record[0], 0.0) + weight
        order = sorted(table, key=lambda v: (isinstance(v, str), v is None, v if v is not None else 0))
        return [{_label(v): table[v] for v in order}]

    return Reducer("frequencyHistogram", ("histogram",), 1, None, collect, (), True)


def _weighted_values(records: Records, weights: Sequence[float]) -> tuple[NDArray[Any], NDArray[Any]]:
    values = np.array([float(r[0]) for r in records if r[0] is not None])
    given = np.array([w for r, w in zip(records, weights, strict=True) if r[0] is not None])
    return values, given


def _bucketed(
    values: NDArray[Any], weights: NDArray[Any], most: int | None, narrowest: float | None
) -> tuple[NDArray[Any], float, NDArray[Any], NDArray[Any]]:
    """Lower edges, width, weights and means of buckets whose width is a power of two.

    The width is the smallest that needs no more than `most` buckets (256 by default), and not below
    `narrowest`. The service starts from the first `maxRaw` values and may come out coarser (assumed).
    """
    limit = 2 ** math.ceil(math.log2(most or 256))
    low, high = float(values.min()), float(values.max())
    width = 2.0 ** math.ceil(math.log2((high - low) / limit)) if high > low else (narrowest or 1.0)
    if narrowest:
        width = max(width, narrowest)
    if high > low and narrowest and width > narrowest:
        width = narrowest * 2.0 ** math.ceil(math.log2(max((high - low) / limit, narrowest) / narrowest))
    start = math.floor(low / width) * width
    index = np.floor((values - start) / width).astype(np.intp)
    count = int(index.max()) + 1
    total = np.bincount(index, weights, count)
    sums = np.bincount(index, weights * values, count)
    edges = start + width * np.arange(count)
    means = np.where(total > 0, sums / np.where(total > 0, total, 1), edges + width / 2)
    return edges, width, total, means


@algorithm("Reducer.histogram")
def histogram(most: int | None, narrowest: float | None, raw: int | None) -> Reducer:
    """A dictionary with `bucketMeans`, `bucketMin`, `bucketWidth` and `histogram`."""

    def collect(records: Records, weights: Sequence[float]) -> list[Any]:
        values, given = _weighted_values(records, weights)
        if values.size == 0:
            return [None]
        edges, width, total, means = _bucketed(values, given, most, narrowest)
        return [{
            "bucketMeans": means.tolist(), "bucketMin": float(edges[0]), "bucketWidth": width,
            "histogram": total.tolist(),
        }]  # fmt: skip

    return Reducer("histogram", ("histogram",), 1, None, collect, (), True)


@algorithm("Reducer.autoHistogram")
def auto_histogram(most: int | None, narrowest: float | None, raw: int | None, cumulative: bool) -> Reducer:
    """An array of lower edges and counts."""

    def collect(records: Records, weights: Sequence[float]) -> list[Any]:
        values, given = _weighted_values(records, weights)
        if values.size == 0:
            return [None]
        edges, _, total, _ = _bucketed(values, given, most, narrowest)
        return [np.column_stack([edges, np.cumsum(total) if cumulative else total])]

    return Reducer("autoHistogram", ("histogram",), 1, None, collect, (_array(2),), True)


@algorithm("Reducer.fixedHistogram")
def fixed_histogram(low: float, high: float, steps: int, cumulative: bool) -> Reducer:
    """An array of lower edges and counts of buckets of equal width over [min, max)."""
    if steps < 1 or high <= low:
        raise bad_request("The histogram needs at least one step and max > min.")
    edges = low + (high - low) / steps * np.arange(steps)

    def stack(samples: Samples) -> list[Output]:
        values, weights = samples.columns[0].astype(np.float64), samples.weights
        shape = weights.shape[1:]
        flat = int(np.prod(shape, dtype=np.intp))
        inside = (values >= low) & (values < high) & (weights > 0)
        # Division first would put an exact edge into the bucket below it for some widths.
        bucket = np.floor((values - low) * steps / (high - low)).clip(0, steps - 1)
        pixel = np.broadcast_to(np.arange(flat).reshape(shape), values.shape)
        index = (pixel[inside] * steps + bucket[inside]).astype(np.intp)
        counts = np.bincount(index, weights[inside], flat * steps).reshape(*shape, steps)
        if cumulative:
            counts = np.cumsum(counts, axis=-1)
        table = np.stack([np.broadcast_to(edges, counts.shape), counts], axis=-1)  # (..., steps, 2)
        return [(table, np.ones(shape, bool))]

    return Reducer("fixedHistogram", ("histogram",), 1, stack, None, (_array(2),), True)


def _pairs(samples: Samples) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    x, y = (column.astype(np.float64) for column in samples.columns)
    w = samples.weights.astype(np.float64)
    return np.where(w > 0, x, 0), np.where(w > 0, y, 0), w, (w > 0).sum(axis=0)


@algorithm("Reducer.linearFit")
def linear_fit() -> Reducer:
    """Slope and offset of a weighted line through x and y."""

    def stack(samples: Samples) -> list[Output]:
        x, y, w, number = _pairs(samples)
        total = np.maximum(w.sum(axis=0), 1e-300)
        mean_x, mean_y = (w * x).sum(axis=0) / total, (w * y).sum(axis=0) / total
        sxx = (w * (x - mean_x) ** 2).sum(axis=0)
        sxy = (w * (x - mean_x) * (y - mean_y)).sum(axis=0)
        slope = np.where(sxx > 0, sxy / np.where(sxx > 0, sxx, 1), 0)
        valid = number >= 1
        return [(slope, valid), (mean_y - slope * mean_x, valid)]

    return Reducer("linearFit", ("scale", "offset"), 2, stack, None, (_double, _double), True)


def _rank_statistic(name: str, outputs: tuple[str, ...], function: Any) -> Reducer:
    def collect(records: Records, weights: Sequence[float]) -> list[Any]:
        kept = [(float(a), float(b)) for a, b in records if a is not None and b is not None]
        if len(kept) < 2:
            return [None] * len(outputs)
        x, y = np.array(kept).T
        return [float(v) for v in function(x, y)]

    def stack(samples: Samples) -> list[Output]:
        shape = samples.counted.shape[1:]
        flat = [c.reshape(c.shape[0], -1) for c in samples.columns]
        flags = samples.counted.reshape(samples.counted.shape[0], -1)
        answers = np.full((len(outputs), flags.shape[1]), np.nan)
        for pixel in range(flags.shape[1]):
            keep = flags[:, pixel]
            if keep.sum() >= 2:
                answers[:, pixel] = function(*(c[keep, pixel].astype(np.float64) for c in flat))
        valid = np.isfinite(answers)
        return [
            (np.nan_to_num(a).reshape(shape), v.reshape(shape)) for a, v in zip(answers, valid, strict=True)
        ]

    return Reducer(name, outputs, 2, stack, collect, (_double,) * len(outputs))


def _sen(x: NDArray[Any], y: NDArray[Any]) -> tuple[float, float]:
    slope = float(stats.theilslopes(y, x)[0])
    return slope, float(np.median(y - slope * x))


@algorithm("Reducer.pearsonsCorrelation")
def pearsons_correlation() -> Reducer:
    """Correlation of two inputs and its p value."""
    return _rank_statistic(
        "pearsonsCorrelation", ("correlation", "p-value"), lambda x, y: tuple(stats.pearsonr(x, y))
    )


@algorithm("Reducer.spearmansCorrelation")
def spearmans_correlation() -> Reducer:
    """Rank correlation of two inputs."""
    return _rank_statistic("spearmansCorrelation", ("correlation",), lambda x, y: (stats.spearmanr(x, y)[0],))


@algorithm("Reducer.sensSlope")
def sens_slope() -> Reducer:
    """Sen's slope and offset of y over x."""
    return _rank_statistic("sensSlope", ("slope", "offset"), _sen)


@algorithm("Reducer.linearRegression")
def linear_regression(num_x: int, num_y: int) -> Reducer:
    """Least squares of `num_y` variables on `num_x`: coefficients `(num_x, num_y)`, residuals `(num_y,)`."""

    def collect(records: Records, weights: Sequence[float]) -> list[Any]:
        rows = np.array([r for r in records if all(v is not None for v in r)], float)
        if rows.shape[0] < num_x:
            return [None, None]
        root = np.sqrt(np.asarray(weights, float))[:, None]
        x, y = rows[:, :num_x], rows[:, num_x:]
        found = np.linalg.lstsq(x * root, y * root, rcond=None)[0]
        freedom = max(rows.shape[0] - num_x, 1)
        return [found, np.sqrt(((y - x @ found) ** 2).sum(axis=0) / freedom)]

    return Reducer(
        "linearRegression",
        ("coefficients", "residuals"),
        num_x + num_y,
        None,
        collect,
        (_array(2), _array(1)),
        True,
    )
