"""Reducers whose outputs are tables: lists, collections, histograms, frequency tables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.arguments import numeric
from ee_floods.engine.array_pixels import compressed
from ee_floods.engine.errors import bad_request
from ee_floods.engine.registry import algorithm
from ee_floods.engine.values.elements import Feature
from ee_floods.engine.values.pixeltype import PixelType
from ee_floods.engine.values.reducer import Output, Records, Reducer, Samples, Typing

_MOST_BUCKETS = 256


def array_of(dimensions: int) -> Typing:
    """Return the typing of an output that is an array of doubles."""
    return lambda type_: PixelType("double", None, None, dimensions)


def _same_array(type_: PixelType) -> PixelType:
    return type_.array(type_.dimensions + 1)


@algorithm("Reducer.toList")
def to_list(size: int | None, optional: int) -> Reducer:
    """All inputs as a list, in tuples if a size is given; records that lack a required value are dropped."""
    inputs = size or 1
    required = inputs - optional

    def collect(records: Records) -> list[Any]:
        rows = [row for row in records.unweighted().rows if all(v is not None for v in row[:required])]
        return [[list(row) if size is not None else row[0] for row in rows]]

    def stack(samples: Samples) -> list[Output]:
        """In pixels a list is an array of the valid inputs, with a second axis for tuples."""
        flags = samples.counted  # (N, H, W)
        if flags.ndim != 3 or samples.columns[0].ndim != 3:
            raise bad_request("Reducer.toList: The outputs of this reducer cannot be stored in pixels.")
        keep = np.moveaxis(flags, 0, -1)
        values = np.stack([np.moveaxis(column, 0, -1) for column in samples.columns], axis=-1)
        values = values[..., 0] if size is None else values
        return [(compressed(values, keep, 0, np.ones(keep.shape[:2])), np.asarray(keep.any(axis=-1)))]

    types = (_same_array if size is None else lambda type_: type_.array(2),)
    return Reducer("toList", ("list",), inputs, stack, collect, types, by_record=True)


@algorithm("Reducer.toCollection")
def to_collection(names: list[str], optional: int) -> Reducer:
    """All records as features without geometry; those that lack a required value are dropped."""
    required = len(names) - optional

    def collect(records: Records) -> list[Any]:
        from ee_floods.engine.values.collection import Collection

        rows = [row for row in records.unweighted().rows if all(v is not None for v in row[:required])]
        features = [Feature(None, {**dict(zip(names, row, strict=True)), "system:index": str(i)})
                    for i, row in enumerate(rows)]  # fmt: skip
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

    def collect(records: Records) -> list[Any]:
        table: dict[Any, float] = {}
        kept = records.weighted()
        for row, weight in zip(kept.rows, kept.weights, strict=True):
            table[row[0]] = table.get(row[0], 0.0) + weight
        order = sorted(table, key=lambda v: (isinstance(v, str), v is None, v if v is not None else 0))
        return [{_label(v): table[v] for v in order}]

    return Reducer("frequencyHistogram", ("histogram",), 1, None, collect, (), True)


def _numbers(records: Records) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    kept = [
        (numeric(row[0], "What is reduced"), w)
        for row, w in zip(records.rows, records.weights, strict=True)
        if row[0] is not None and w > 0
    ]
    return np.array([value for value, _ in kept]), np.array([w for _, w in kept])


def _bucketed(
    values: NDArray[Any], weights: NDArray[Any], most: int | None, narrowest: float | None
) -> tuple[NDArray[Any], float, NDArray[Any], NDArray[Any]]:
    """Lower edges, width, weights and means of buckets whose width is a power of two.

    The width is the smallest that needs no more than `most` buckets (256 by default), and not below
    `narrowest`. The service starts from the first `maxRaw` values and may come out coarser (assumed).
    """
    if most is not None and most < 0:
        raise bad_request(f"The number of buckets must not be negative, received {most}.")
    limit = 2 ** math.ceil(math.log2(most or _MOST_BUCKETS))
    low, high = float(values.min()), float(values.max())
    if not math.isfinite(high - low):
        raise bad_request(f"Buckets need a finite range of values, not {low} to {high}.")
    if narrowest is not None and narrowest < 0:
        raise bad_request(f"The width of a bucket must not be negative, received {narrowest}.")
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


def _histogram(values: NDArray[Any], weights: NDArray[Any], most: int | None, narrowest: float | None) -> Any:
    if values.size == 0:
        return None
    edges, width, total, means = _bucketed(values, weights, most, narrowest)
    return {
        "bucketMeans": means.tolist(), "bucketMin": float(edges[0]), "bucketWidth": width,
        "histogram": total.tolist(),
    }  # fmt: skip


@algorithm("Reducer.histogram")
def histogram(most: int | None, narrowest: float | None, raw: int | None) -> Reducer:
    """A dictionary with `bucketMeans`, `bucketMin`, `bucketWidth` and `histogram`."""

    def collect(records: Records) -> list[Any]:
        return [_histogram(*_numbers(records), most, narrowest)]

    return Reducer("histogram", ("histogram",), 1, None, collect, (), True)


@algorithm("Reducer.histogramCombiner")
def histogram_combiner(most: int | None, narrowest: float | None) -> Reducer:
    """One histogram of several: each bucket counts at its mean."""

    def collect(records: Records) -> list[Any]:
        means: list[float] = []
        weights: list[float] = []
        for row in records.unweighted().rows:
            if row[0] is None:
                continue
            if not isinstance(row[0], Mapping) or not {"bucketMeans", "histogram"} <= set(row[0]):
                raise bad_request("Reducer.histogramCombiner: The inputs must be histograms.")
            for mean, weight in zip(row[0]["bucketMeans"], row[0]["histogram"], strict=True):
                if weight > 0:
                    means.append(float(mean))
                    weights.append(float(weight))
        return [_histogram(np.array(means), np.array(weights), most, narrowest)]

    return Reducer("histogramCombiner", ("histogram",), 1, None, collect)


@algorithm("Reducer.autoHistogram")
def auto_histogram(most: int | None, narrowest: float | None, raw: int | None, cumulative: bool) -> Reducer:
    """An array of lower edges and counts."""

    def table(values: NDArray[Any], weights: NDArray[Any]) -> NDArray[Any]:
        edges, _, total, _ = _bucketed(values, weights, most, narrowest)
        return np.column_stack([edges, np.cumsum(total) if cumulative else total])

    def collect(records: Records) -> list[Any]:
        values, weights = _numbers(records)
        return [table(values, weights) if values.size else None]

    def stack(samples: Samples) -> list[Output]:
        return [_tables(samples, table)]

    return Reducer("autoHistogram", ("histogram",), 1, stack, collect, (array_of(2),), True, True)


def _tables(samples: Samples, table: Any) -> Output:
    """A table of each pixel's samples: as long as the pixel needs."""
    weights = samples.weights
    shape, number = weights.shape[1:], weights.shape[0]
    values = samples.columns[0].reshape(number, -1).astype(np.float64)
    flat = weights.reshape(number, -1)
    found = [table(values[w > 0, k], w[w > 0]) if (w > 0).any() else np.zeros((0, 2))
             for k, w in enumerate(flat.T)]  # fmt: skip
    longest = max((len(rows) for rows in found), default=0)
    cells = np.zeros((len(found), longest, 2))
    keep = np.zeros((len(found), longest), bool)
    for k, rows in enumerate(found):
        cells[k, : len(rows)], keep[k, : len(rows)] = rows, True
    valid = np.asarray(keep.any(axis=1)).reshape(shape)
    packed = compressed(cells.reshape(*shape, longest, 2), keep.reshape(*shape, longest), 0, valid)
    return packed, valid


@algorithm("Reducer.fixedHistogram")
def fixed_histogram(low: float, high: float, steps: int, cumulative: bool) -> Reducer:
    """An array of lower edges and counts of buckets of equal width over [min, max)."""
    edges = _edges(low, high, steps)

    def stack(samples: Samples) -> list[Output]:
        values, weights = samples.columns[0].astype(np.float64), samples.weights
        bucket, inside = _bucket(values, low, high, steps)
        counts = _counts(bucket, weights * (inside & (weights > 0)), steps)
        if cumulative:
            counts = np.cumsum(counts, axis=-1)
        table = np.stack([np.broadcast_to(edges, counts.shape), counts], axis=-1)  # (..., steps, 2)
        return [(table, np.ones(weights.shape[1:], bool))]

    return Reducer("fixedHistogram", ("histogram",), 1, stack, None, (array_of(2),), True)


@algorithm("Reducer.fixed2DHistogram")
def fixed_2d_histogram(
    x_low: float, x_high: float, x_steps: int, y_low: float, y_high: float, y_steps: int
) -> Reducer:
    """Counts of two inputs together, `(xSteps, ySteps)`, and the lower edges of both axes; unweighted."""
    edges = _edges(x_low, x_high, x_steps), _edges(y_low, y_high, y_steps)

    def stack(samples: Samples) -> list[Output]:
        x, y = (column.astype(np.float64) for column in samples.columns)
        first, inside_x = _bucket(x, x_low, x_high, x_steps)
        second, inside_y = _bucket(y, y_low, y_high, y_steps)
        taken = (samples.counted & inside_x & inside_y).astype(np.float64)
        counts = _counts(first * y_steps + second, taken, x_steps * y_steps)
        shape = counts.shape[:-1]
        valid = np.ones(shape, bool)
        axes = [(np.broadcast_to(edge, (*shape, edge.size)), valid) for edge in edges]
        return [(counts.reshape(*shape, x_steps, y_steps), valid), *axes]

    types = (array_of(2), array_of(1), array_of(1))
    return Reducer("fixed2DHistogram", ("histogram", "xAxis", "yAxis"), 2, stack, None, types)


def _edges(low: float, high: float, steps: int) -> NDArray[np.float64]:
    if steps < 1 or high <= low:
        raise bad_request("The histogram needs at least one step and max > min.")
    return np.asarray(low + (high - low) / steps * np.arange(steps))


def _bucket(
    values: NDArray[Any], low: float, high: float, steps: int
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """The bucket of each value, and whether it lies in the range."""
    inside = (values >= low) & (values < high)
    # Division first would put an exact edge into the bucket below it for some widths.
    place = np.floor((np.where(inside, values, low) - low) * steps / (high - low)).clip(0, steps - 1)
    return place.astype(np.intp), inside


def _counts(bucket: NDArray[np.intp], weights: NDArray[Any], buckets: int) -> NDArray[np.float64]:
    """The sum of weights `(N, ...)` in each bucket, `(..., buckets)`."""
    shape = weights.shape[1:]
    flat = int(np.prod(shape, dtype=np.intp))
    pixel = np.broadcast_to(np.arange(flat).reshape(shape), weights.shape)
    found = np.bincount((pixel * buckets + bucket).ravel(), weights.ravel(), flat * buckets)
    return np.asarray(found, np.float64).reshape((*shape, buckets))
