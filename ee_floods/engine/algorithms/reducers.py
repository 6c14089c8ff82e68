"""Reducers of numbers: sums, moments, extremes, order statistics, logic."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.registry import algorithm, register
from ee_floods.engine.values.pixeltype import BOOLEAN, DOUBLE, PixelType
from ee_floods.engine.values.reducer import Output, Records, Reducer, Samples, Typing, double, same

_INT32 = PixelType.named("int32")


def _count_type(type_: PixelType) -> PixelType:
    return _INT32


def _boolean(type_: PixelType) -> PixelType:
    return BOOLEAN


def _sum_type(type_: PixelType) -> PixelType:
    return PixelType.named("int64") if type_.integral else DOUBLE


Statistic = Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]]


def _weighted(statistic: Statistic, *, empty: bool = False) -> Callable[[Samples], list[Output]]:
    """Wrap a statistic of values (0 where left out) and weights; `empty`: valid without samples."""

    def stack(samples: Samples) -> list[Output]:
        weights = samples.weights.astype(np.float64, copy=False)
        values = np.where(_like(weights, samples.columns[0]) > 0, samples.columns[0], 0)
        with np.errstate(all="ignore"):
            found = statistic(values, _like(weights, values))
        valid = np.ones(weights.shape[1:], bool) if empty else np.asarray((weights > 0).any(axis=0))
        return [(found, valid)]

    return stack


def _like(weights: NDArray[Any], values: NDArray[Any]) -> NDArray[Any]:
    """Weights with the array dimensions of the values added."""
    return weights.reshape(weights.shape + (1,) * (values.ndim - weights.ndim))


def _sum(values: NDArray[Any], weights: NDArray[Any]) -> NDArray[Any]:
    return np.asarray((values * weights).sum(axis=0))


def _mean(values: NDArray[Any], weights: NDArray[Any]) -> NDArray[Any]:
    total = weights.sum(axis=0)
    return np.asarray((values * weights).sum(axis=0) / np.where(total > 0, total, 1))


def _variance(values: NDArray[Any], weights: NDArray[Any], sample: bool = False) -> NDArray[Any]:
    total = weights.sum(axis=0)
    mean = (values * weights).sum(axis=0) / np.where(total > 0, total, 1)
    squares = (weights * (values - mean) ** 2).sum(axis=0)
    divisor = total - 1 if sample else total
    return np.asarray(squares / np.where(divisor > 0, divisor, 1))


def _moment(values: NDArray[Any], weights: NDArray[Any], order: int) -> NDArray[Any]:
    mean, variance = _mean(values, weights), _variance(values, weights)
    central = _mean((values - mean) ** order, weights)
    return np.asarray(central / np.where(variance > 0, variance, 1) ** (order / 2) - (3 if order == 4 else 0))


def _circular(values: NDArray[Any], weights: NDArray[Any], what: str) -> NDArray[Any]:
    sine, cosine = _mean(np.sin(values), weights), _mean(np.cos(values), weights)
    length = np.hypot(sine, cosine)
    if what == "mean":
        return np.asarray(np.arctan2(sine, cosine))
    return np.asarray(1 - length if what == "variance" else np.sqrt(-2 * np.log(length)))


def _numeric(name: str, output: str, statistic: Statistic, typing: Typing, *, empty: bool = False) -> None:
    reducer = Reducer(name, (output,), 1, _weighted(statistic, empty=empty), None, (typing,), True)
    register(f"Reducer.{name}", lambda: reducer)


_numeric("sum", "sum", _sum, _sum_type, empty=True)
_numeric("mean", "mean", _mean, double)
_numeric("variance", "variance", _variance, double)
_numeric("stdDev", "stdDev", lambda v, w: np.sqrt(_variance(v, w)), double)
_numeric("sampleVariance", "variance", functools.partial(_variance, sample=True), double)
_numeric("sampleStdDev", "stdDev", lambda v, w: np.sqrt(_variance(v, w, True)), double)
_numeric("skew", "skew", functools.partial(_moment, order=3), double)
_numeric("kurtosis", "kurtosis", functools.partial(_moment, order=4), double)
_numeric("circularMean", "circularMean", functools.partial(_circular, what="mean"), double)
_numeric("circularVariance", "circularVariance", functools.partial(_circular, what="variance"), double)
_numeric("circularStddev", "circularStdDev", functools.partial(_circular, what="deviation"), double)


def _counted(
    statistic: Callable[[NDArray[Any], NDArray[np.bool_]], NDArray[Any]], *, empty: bool = False
) -> Callable[[Samples], list[Output]]:
    """Wrap a statistic of values and the flags of those that count."""

    def stack(samples: Samples) -> list[Output]:
        values, counted = samples.columns[0], samples.counted
        flags = np.broadcast_to(_like(counted, values), values.shape)
        valid = np.ones(counted.shape[1:], bool) if empty else np.asarray(counted.any(axis=0))
        if values.shape[0] == 0 and not empty:
            return [(np.zeros(values.shape[1:]), valid)]
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # all-NaN columns are masked by `valid`
            return [(np.asarray(statistic(values, flags)), valid)]

    return stack


def _extreme(values: NDArray[Any], flags: NDArray[np.bool_], largest: bool) -> NDArray[Any]:
    if values.dtype.kind == "f":
        fill: Any = -np.inf if largest else np.inf
    elif values.dtype.kind == "b":
        values, fill = values.astype(np.int8), 0 if largest else 1
    else:
        info = np.iinfo(values.dtype)
        fill = info.min if largest else info.max
    filled = np.where(flags, values, fill)
    return np.asarray(filled.max(axis=0) if largest else filled.min(axis=0))


def _min(values: NDArray[Any], flags: NDArray[np.bool_]) -> NDArray[Any]:
    return _extreme(values, flags, largest=False)


def _max(values: NDArray[Any], flags: NDArray[np.bool_]) -> NDArray[Any]:
    return _extreme(values, flags, largest=True)


def percentiles(values: NDArray[Any], flags: NDArray[np.bool_], wanted: Sequence[float]) -> NDArray[Any]:
    """Return percentiles `(len(wanted), ...)` along the first axis, interpolated linearly between ranks."""
    narrow = values.dtype.name in ("float32", "uint8", "int8", "uint16", "int16")
    work = values.astype(np.float32 if narrow else np.float64)
    ordered = np.sort(np.where(flags, work, np.inf), axis=0)
    number = flags.sum(axis=0)
    answer = np.empty((len(wanted), *values.shape[1:]), np.float64)
    for position, percent in enumerate(wanted):
        rank = np.maximum(number - 1, 0) * (percent / 100)
        low = np.floor(rank).astype(np.intp)
        high = np.minimum(low + 1, np.maximum(number - 1, 0))
        a = np.take_along_axis(ordered, low[None], 0)[0].astype(np.float64)
        b = np.take_along_axis(ordered, high[None], 0)[0].astype(np.float64)
        answer[position] = np.where(low == high, a, a + (b - a) * (rank - low))
    return answer


def _mode(values: NDArray[Any], flags: NDArray[np.bool_]) -> NDArray[Any]:
    """Most frequent value; the smallest of several."""
    ordered = np.sort(np.where(flags, values.astype(np.float64), np.inf), axis=0)
    best, most = ordered[0].copy(), np.ones(ordered.shape[1:], np.int64)
    run = np.ones(ordered.shape[1:], np.int64)
    for k in range(1, ordered.shape[0]):
        run = np.where((ordered[k] == ordered[k - 1]) & np.isfinite(ordered[k]), run + 1, 1)
        better = (run > most) & np.isfinite(ordered[k])
        best, most = np.where(better, ordered[k], best), np.where(better, run, most)
    return np.asarray(best)


def _at(values: NDArray[Any], index: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(np.take_along_axis(values, index[None], 0)[0])


def _first(values: NDArray[Any], flags: NDArray[np.bool_]) -> NDArray[Any]:
    return np.asarray(_at(values, flags.argmax(axis=0)))


def _last(values: NDArray[Any], flags: NDArray[np.bool_]) -> NDArray[Any]:
    return _at(values, values.shape[0] - 1 - flags[::-1].argmax(axis=0))


def _distinct(values: NDArray[Any], flags: NDArray[np.bool_]) -> NDArray[Any]:
    ordered = np.sort(np.where(flags, values.astype(np.float64), np.inf), axis=0)
    changes = (ordered[1:] != ordered[:-1]) & np.isfinite(ordered[1:])
    return np.asarray(changes.sum(axis=0) + flags.any(axis=0))


def _runs(values: NDArray[Any], flags: NDArray[np.bool_]) -> NDArray[Any]:
    runs, previous = np.zeros(values.shape[1:], np.int64), np.full(values.shape[1:], np.nan)
    for value, flag in zip(values, flags, strict=True):
        runs += flag & (value != previous)
        previous = np.where(flag, value, previous)
    return runs


def _simple(name: str, output: str, statistic: Any, typing: Typing, *, empty: bool = False) -> None:
    reducer = Reducer(name, (output,), 1, _counted(statistic, empty=empty), None, (typing,))
    register(f"Reducer.{name}", lambda: reducer)


def _countable(name: str, statistic: Any, count: Callable[[list[Any]], int]) -> None:
    def collect(records: Records) -> list[Any]:
        return [count([row[0] for row in records.unweighted().rows])]

    reducer = Reducer(name, ("count",), 1, _counted(statistic, empty=True), collect, (_count_type,))
    register(f"Reducer.{name}", lambda: reducer)


def _key(value: Any) -> Any:
    return value if isinstance(value, (str, int, float, bool, type(None))) else repr(value)


_countable("count", lambda v, f: f.sum(axis=0), lambda values: sum(v is not None for v in values))
_countable("countEvery", lambda v, f: np.full(v.shape[1:], v.shape[0]), len)
_countable("countDistinct", _distinct, lambda values: len({_key(v) for v in values}))
_countable("countDistinctNonNull", _distinct, lambda values: len({_key(v) for v in values if v is not None}))
_simple("countRuns", "count", _runs, _count_type, empty=True)
_simple("product", "product", lambda v, f: np.where(f, v.astype(np.float64), 1).prod(axis=0), double)
for _name in ("allNonZero", "and"):
    _simple(_name, "all", lambda v, f: ((v != 0) | ~f).all(axis=0), _boolean)
for _name in ("anyNonZero", "or"):
    _simple(_name, "any", lambda v, f: ((v != 0) & f).any(axis=0), _boolean)
_simple(
    "bitwiseAnd", "bitwiseAnd", lambda v, f: np.bitwise_and.reduce(np.where(f, v.astype(np.int64), -1)), same
)
_simple("bitwiseOr", "bitwiseOr", lambda v, f: np.bitwise_or.reduce(np.where(f, v.astype(np.int64), 0)), same)


def _picking(name: str, output: str, statistic: Any, nulls: bool) -> None:
    """Register `first` and its kin, which also take values that are not numbers."""

    def collect(records: Records) -> list[Any]:
        values = [row[0] for row in records.unweighted().rows if nulls or row[0] is not None]
        return [None] if not values else [values[0] if output == "first" else values[-1]]

    reducer = Reducer(name, (output,), 1, _counted(statistic), collect, (same,))
    register(f"Reducer.{name}", lambda: reducer)


_picking("first", "first", _first, True)
_picking("firstNonNull", "first", _first, False)
_picking("last", "last", _last, True)
_picking("lastNonNull", "last", _last, False)


@algorithm("Reducer.minMax")
def min_max() -> Reducer:
    """Smallest and largest."""
    low, high = _counted(_min), _counted(_max)
    return Reducer("minMax", ("min", "max"), 1, lambda s: low(s) + high(s), None, (same, same))


def extreme(name: str, inputs: int) -> Reducer:
    """Return `min` or `max`; with several inputs the others come from the sample of the extreme first one."""
    statistic = _counted(_min if name == "min" else _max)
    if inputs == 1:
        return Reducer(name, (name,), 1, statistic, None, (same,))

    def stack(samples: Samples) -> list[Output]:
        found, valid = statistic(samples)[0]
        hit = (samples.columns[0] == found) & samples.counted
        index = hit.argmax(axis=0)
        return [(found, valid), *((_at(column, index), valid) for column in samples.columns[1:])]

    names = (name, *(f"{name}{i}" for i in range(1, inputs)))
    return Reducer(name, names, inputs, stack, None, (same,) * inputs)


register("Reducer.min", lambda n: extreme("min", n))
register("Reducer.max", lambda n: extreme("max", n))


@algorithm("Reducer.median")
def median(buckets: int | None, width: float | None, raw: int | None) -> Reducer:
    """Median; exact for any number of inputs (the service approximates beyond `maxRaw`)."""
    stack = _counted(lambda v, f: percentiles(v, f, [50.0])[0])
    return Reducer("median", ("median",), 1, stack, None, (double,))


@algorithm("Reducer.percentile")
def percentile(
    wanted: list[float], names: list[str] | None, buckets: int | None, width: float | None, raw: int | None
) -> Reducer:
    """Percentiles, named `p50` and so on; exact for any number of inputs."""
    outputs = tuple(names or (f"p{p:g}" for p in wanted))

    def stack(samples: Samples) -> list[Output]:
        if samples.columns[0].shape[0] == 0:
            return [(np.zeros(samples.counted.shape[1:]), np.zeros(samples.counted.shape[1:], bool))] * len(
                wanted
            )
        found = percentiles(samples.columns[0], samples.counted, wanted)
        return [(values, np.asarray(samples.counted.any(axis=0))) for values in found]

    return Reducer("percentile", outputs, 1, stack, None, (double,) * len(outputs))


@algorithm("Reducer.mode")
def mode(buckets: int | None, width: float | None, raw: int | None) -> Reducer:
    """Most frequent value."""
    return Reducer("mode", ("mode",), 1, _counted(_mode), None, (same,))


@algorithm("Reducer.intervalMean")
def interval_mean(
    low: float, high: float, buckets: int | None, width: float | None, raw: int | None
) -> Reducer:
    """Mean of the inputs between two percentiles."""

    def statistic(values: NDArray[Any], flags: NDArray[np.bool_]) -> NDArray[Any]:
        bottom, top = percentiles(values, flags, [low, high])
        inside = flags & (values >= bottom) & (values <= top)
        return np.asarray(np.where(inside, values, 0).sum(axis=0) / np.maximum(inside.sum(axis=0), 1))

    return Reducer("intervalMean", ("mean",), 1, _counted(statistic), None, (double,))
