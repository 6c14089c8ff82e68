"""Samples of several inputs, one series per pixel: what regressions and correlations work on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.values.reducer import Output, Samples

__all__ = ["Statistic", "centred", "matrices", "pair_signs", "per_series", "ranks", "ties"]

Floats = NDArray[np.float64]
Statistic = Callable[[list[Floats], Floats], list[tuple[NDArray[Any], NDArray[np.bool_]]]]
"""Takes columns `(P, N)`, 0 where left out, and weights `(P, N)`; returns values `(P, ...)`, valid `(P,)`."""

_CHUNK = 4_000_000
"""Samples that are worked on at once: 32 MB a column."""


def per_series(statistic: Statistic, *, weighted: bool) -> Callable[[Samples], list[Output]]:
    """Return a stack function of a reducer that gives each pixel's series to a statistic.

    Args:
        statistic: What is computed.
        weighted: Whether it gets the weights; else a sample that counts has weight 1.
    """

    def stack(samples: Samples) -> list[Output]:
        given = samples.weights if weighted else samples.counted
        number, shape = given.shape[0], given.shape[1:]
        weights = given.reshape(number, -1).T.astype(np.float64)
        columns = [column.reshape(number, -1).T.astype(np.float64) for column in samples.columns]
        columns = [np.where(weights > 0, column, 0.0) for column in columns]
        if number == 0:  # one sample that is left out, for statistics that need an axis to look along
            weights = np.zeros((weights.shape[0], 1))
            columns = [weights] * len(columns)
        parts = [
            statistic([column[rows] for column in columns], weights[rows])
            for rows in _chunks(weights.shape[0], number)
        ]
        answer = []
        for output in range(len(parts[0])):
            values = np.concatenate([part[output][0] for part in parts])
            valid = np.concatenate([part[output][1] for part in parts])
            answer.append((values.reshape((*shape, *values.shape[1:])), valid.reshape(shape)))
        return answer

    return stack


def _chunks(pixels: int, number: int) -> Iterator[slice]:
    size = max(1, _CHUNK // max(number, 1))
    for start in range(0, max(pixels, 1), size):
        yield slice(start, start + size)


def centred(values: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Return series less their weighted means (0 where left out), and the means `(P, 1)`."""
    total = weights.sum(axis=1, keepdims=True)
    mean = (values * weights).sum(axis=1, keepdims=True) / np.where(total > 0, total, 1)
    return np.where(weights > 0, values - mean, 0.0), mean


def ranks(values: Floats, kept: NDArray[np.bool_]) -> Floats:
    """Return the rank of each value in its series, 1 the smallest; equal values share their mean rank."""
    below = np.zeros(values.shape)
    equal = np.zeros(values.shape)
    for other in range(values.shape[1]):
        column, taken = values[:, other, None], kept[:, other, None]
        below += taken & (column < values)
        equal += taken & (column == values)
    return np.where(kept, below + (equal + 1) / 2, 0.0)


def pair_signs(x: Floats, y: Floats, kept: NDArray[np.bool_]) -> Floats:
    """Return concordant less discordant pairs of each series."""
    found = np.zeros(x.shape[0])
    for i in range(x.shape[1] - 1):
        both = kept[:, i, None] & kept[:, i + 1 :]
        signs = np.sign(x[:, i + 1 :] - x[:, i, None]) * np.sign(y[:, i + 1 :] - y[:, i, None])
        found += np.where(both, signs, 0).sum(axis=1)
    return found


def ties(values: Floats, kept: NDArray[np.bool_]) -> Floats:
    """Return how many samples each sample equals, itself among them; 0 where left out."""
    equal = np.zeros(values.shape)
    for other in range(values.shape[1]):
        equal += kept[:, other, None] & (values[:, other, None] == values)
    return np.where(kept, equal, 0.0)


def matrices(columns: Sequence[Floats]) -> Floats:
    """Return columns `(P, N)` as one matrix for each series, `(P, N, k)`."""
    return np.stack(columns, axis=-1)
