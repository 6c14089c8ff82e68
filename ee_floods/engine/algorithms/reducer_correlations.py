"""Reducers of several inputs together: correlations, trends, covariances, the geometric median."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from ee_floods.engine.algorithms.reducer_tables import array_of
from ee_floods.engine.errors import bad_request
from ee_floods.engine.registry import algorithm
from ee_floods.engine.series import Statistic, centred, matrices, pair_signs, per_series, ranks, ties
from ee_floods.engine.values.reducer import Output, Reducer, Samples, double

Floats = NDArray[np.float64]
_ROUNDS = 200


def _reducer(name: str, outputs: tuple[str, ...], inputs: int, statistic: Statistic) -> Reducer:
    stack = per_series(statistic, weighted=False)
    return Reducer(name, outputs, inputs, stack, None, (double,) * len(outputs))


def _correlation(x: Floats, y: Floats, kept: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    a, b = centred(x, kept)[0], centred(y, kept)[0]
    spread = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    valid = spread > 0
    return np.where(valid, (a * b).sum(axis=1) / np.where(valid, spread, 1), 0).clip(-1, 1), valid


@algorithm("Reducer.pearsonsCorrelation")
def pearsons_correlation() -> Reducer:
    """Correlation of two inputs and its two-sided p value."""

    def statistic(columns: list[Floats], kept: Floats) -> list[tuple[Any, Any]]:
        found, valid = _correlation(columns[0], columns[1], kept)
        freedom = kept.sum(axis=1) - 2
        with np.errstate(all="ignore"):
            t = np.abs(found) * np.sqrt(freedom / (1 - found**2))
        chance = 2 * scipy.special.stdtr(np.maximum(freedom, 1), -np.where(np.isnan(t), np.inf, t))
        return [(found, valid), (chance, valid & (freedom > 0))]

    return _reducer("pearsonsCorrelation", ("correlation", "p-value"), 2, statistic)


@algorithm("Reducer.spearmansCorrelation")
def spearmans_correlation() -> Reducer:
    """Rank correlation of two inputs."""

    def statistic(columns: list[Floats], kept: Floats) -> list[tuple[Any, Any]]:
        x, y = (ranks(column, kept > 0) for column in columns)
        return [_correlation(x, y, kept)]

    return _reducer("spearmansCorrelation", ("correlation",), 2, statistic)


@algorithm("Reducer.kendallsCorrelation")
def kendalls_correlation(inputs: int) -> Reducer:
    """Kendall's tau-b and its two-sided p value; of one input against its place in the order."""
    if inputs not in (1, 2):
        raise bad_request(f"'numInputs' must be 1 or 2, not {inputs}.")

    def statistic(columns: list[Floats], weights: Floats) -> list[tuple[Any, Any]]:
        kept = weights > 0
        y = columns[-1]
        x = np.cumsum(kept, axis=1).astype(np.float64) if inputs == 1 else columns[0]
        number = kept.sum(axis=1).astype(np.float64)
        pairs = number * (number - 1) / 2
        same = [ties(column, kept) for column in (x, y)]
        tied = [np.where(kept, t - 1, 0).sum(axis=1) / 2 for t in same]  # pairs that are equal
        score = pair_signs(x, y, kept)
        scale = np.sqrt((pairs - tied[0]) * (pairs - tied[1]))
        valid = scale > 0
        tau = np.where(valid, score / np.where(valid, scale, 1), 0)
        # The variance of the score with ties: Kendall, Rank Correlation Methods, 1975, chapter 4.
        m = number * (number - 1)
        five = [np.where(kept, (t - 1) * (2 * t + 5), 0).sum(axis=1) for t in same]
        three = [np.where(kept, (t - 1) * (t - 2), 0).sum(axis=1) for t in same]
        variance = (m * (2 * number + 5) - five[0] - five[1]) / 18
        variance += 2 * tied[0] * tied[1] / np.maximum(m, 1)
        variance += three[0] * three[1] / (9 * np.maximum(m * (number - 2), 1))
        z = np.abs(score) / np.sqrt(np.maximum(variance, 1e-300))
        return [(tau, valid), (2 * scipy.special.ndtr(-z), valid)]

    return _reducer("kendallsCorrelation", ("tau", "p-value"), inputs, statistic)


@algorithm("Reducer.sensSlope")
def sens_slope() -> Reducer:
    """The median slope between pairs of points, and the median offset of the lines of that slope."""

    def statistic(columns: list[Floats], weights: Floats) -> list[tuple[Any, Any]]:
        x, y = columns
        kept = weights > 0
        slopes = [np.full((x.shape[0], 1), np.nan)]
        for i in range(x.shape[1] - 1):
            dx, dy = x[:, i + 1 :] - x[:, i, None], y[:, i + 1 :] - y[:, i, None]
            usable = kept[:, i, None] & kept[:, i + 1 :] & (dx != 0)
            slopes.append(np.where(usable, dy / np.where(dx == 0, 1, dx), np.nan))
        every = np.concatenate(slopes, axis=1)
        valid = np.isfinite(every).any(axis=1)
        slope = _median(every, valid)
        offset = _median(np.where(kept, y - slope[:, None] * x, np.nan), valid)
        return [(slope, valid), (offset, valid)]

    return _reducer("sensSlope", ("slope", "offset"), 2, statistic)


def _median(values: Floats, valid: NDArray[np.bool_]) -> Floats:
    """Medians of rows without their gaps; 0 where a row has nothing else."""
    return np.asarray(np.nanmedian(np.where(valid[:, None], values, 0.0), axis=1))


def _covariance(name: str, centre: bool) -> None:
    def reduce(samples: Samples) -> list[Output]:
        weights = samples.counted.astype(np.float64)
        values = samples.columns[0]
        if values.ndim != weights.ndim + 1:
            raise bad_request(f"Reducer.{name}: The inputs must be 1-D arrays of the same length.")
        vectors = np.where(weights[..., None] > 0, values, 0).astype(np.float64)
        total = weights.sum(axis=0)[..., None]
        safe = np.where(total > 0, total, 1)
        if centre:
            mean = vectors.sum(axis=0) / safe
            vectors = np.where(weights[..., None] > 0, vectors - mean, 0)
        found = np.einsum("n...i,n...j->...ij", vectors, vectors) / safe[..., None]
        return [(found, np.asarray((weights > 0).any(axis=0)))]

    reducer = Reducer(name, (name,), 1, reduce, None, (array_of(2),))
    algorithm(f"Reducer.{name}")(lambda: reducer)


_covariance("covariance", centre=True)
_covariance("centeredCovariance", centre=False)


@algorithm("Reducer.geometricMedian")
def geometric_median(num_x: int, eta: float, step: float) -> Reducer:
    """The point with the smallest sum of distances to all inputs.

    Found by Weiszfeld's iteration, with the correction of Vardi and Zhang (2000) where it meets an input, to
    far below `eta`; the service steps down a gradient until it gains less than `eta`.
    """

    def statistic(columns: list[Floats], weights: Floats) -> list[tuple[Any, Any]]:
        points = matrices(columns)  # (P, N, k)
        kept = weights > 0
        total = np.maximum(kept.sum(axis=1), 1)[:, None]
        here = points.sum(axis=1) / total
        for _ in range(_ROUNDS):
            gap = points - here[:, None]
            distance = np.sqrt((gap * gap).sum(axis=2))
            away = kept & (distance > 1e-12)
            inverse = np.where(away, 1 / np.where(away, distance, 1), 0)
            sums = np.maximum(inverse.sum(axis=1), 1e-300)[:, None]
            pull = (inverse[..., None] * gap).sum(axis=1)
            strength = np.sqrt((pull * pull).sum(axis=1))[:, None]
            met = (kept & ~away).sum(axis=1)[:, None]
            share = np.where(strength > 0, np.maximum(0, 1 - met / np.where(strength > 0, strength, 1)), 0)
            move = share * pull / sums
            here = here + move
            if np.abs(move).max(initial=0) < min(eta, 1e-9):
                break
        valid = kept.any(axis=1)
        return [(here[:, k], valid) for k in range(num_x)]

    if num_x < 1:
        raise bad_request(f"'numX' must be positive, not {num_x}.")
    names = ("median", *(f"median_{k}" for k in range(1, num_x)))
    return _reducer("geometricMedian", names, num_x, statistic)
