"""Reducers that fit lines and planes: least squares, ridge, robust."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from ee_floods.engine.algorithms.reducer_tables import array_of
from ee_floods.engine.errors import bad_request
from ee_floods.engine.registry import algorithm
from ee_floods.engine.series import Statistic, centred, matrices, per_series
from ee_floods.engine.values.reducer import Reducer, double

Floats = NDArray[np.float64]
_SINGULAR = 1e-13
"""Smallest eigenvalue of scaled normal equations, as a share of the largest, that still has a solution."""

_TALWAR = 2.795
"""Residuals, in robust standard deviations, that the Talwar function keeps: 95 % efficiency at the normal
distribution (Holland and Welsch, 1977)."""

_NORMAL_MAD = 0.6745
"""Median absolute deviation of a standard normal variable."""

_ROUNDS = 30


@algorithm("Reducer.linearFit")
def linear_fit() -> Reducer:
    """Slope and offset of a weighted line through x and y."""

    def statistic(columns: list[Floats], weights: Floats) -> list[tuple[Any, Any]]:
        (x, mean_x), (y, mean_y) = (centred(column, weights) for column in columns)
        sxx, sxy = (weights * x * x).sum(axis=1), (weights * x * y).sum(axis=1)
        slope = np.where(sxx > 0, sxy / np.where(sxx > 0, sxx, 1), 0)
        valid = (weights > 0).any(axis=1)
        return [(slope, valid), (mean_y[:, 0] - slope * mean_x[:, 0], valid)]

    return Reducer(
        "linearFit", ("scale", "offset"), 2, per_series(statistic, weighted=True), None, (double,) * 2, True
    )


def _solved(x: Floats, y: Floats, w: Floats, extra: Floats | None = None) -> tuple[Floats, NDArray[np.bool_]]:
    """Weighted least squares of every series, `(P, k, m)`, and where the system has one solution.

    The normal equations of columns scaled to length 1 are solved twice: the second time for what is left,
    which gives back the digits that squaring the condition number took.
    """
    length = np.sqrt((w[..., None] * x * x).sum(axis=1, keepdims=True))  # (P, 1, k)
    scale = np.where(length > 0, length, 1)
    scaled = x / scale
    normal = np.einsum("pni,pn,pnj->pij", scaled, w, scaled)
    if extra is not None:
        normal = normal + extra * np.eye(x.shape[2]) / np.swapaxes(scale, 1, 2) ** 2
    spread = np.linalg.eigvalsh(normal)
    valid = spread[:, 0] > _SINGULAR * np.maximum(spread[:, -1], 1e-300)
    safe = np.where(valid[:, None, None], normal, np.eye(x.shape[2]))
    found = np.zeros((x.shape[0], x.shape[2], y.shape[2]))
    for _ in range(2):
        left = np.einsum("pni,pn,pnm->pim", scaled, w, y - scaled @ found)
        if extra is not None:
            left = left - extra * found / np.swapaxes(scale, 1, 2) ** 2
        found = found + np.linalg.solve(safe, left)
    return found / np.swapaxes(scale, 1, 2), valid


def _root_mean_square(x: Floats, y: Floats, w: Floats, found: Floats) -> Floats:
    """Of the residuals of each dependent variable, `(P, m)`."""
    squares = (w[..., None] * (y - x @ found) ** 2).sum(axis=1)
    total = w.sum(axis=1)[:, None]
    return np.asarray(np.sqrt(squares / np.where(total > 0, total, 1)))


def _regression(name: str, num_x: int, num_y: int, statistic: Statistic, *more: tuple[str, Any]) -> Reducer:
    if num_x < 1 or num_y < 1:
        raise bad_request(f"Reducer.{name}: 'numX' and 'numY' must be positive.")
    return Reducer(
        name, ("coefficients", "residuals", *(output for output, _ in more)), num_x + num_y,
        per_series(statistic, weighted=True), None,
        (array_of(2), array_of(1), *(typing for _, typing in more)), True,
    )  # fmt: skip


@algorithm("Reducer.linearRegression")
def linear_regression(num_x: int, num_y: int) -> Reducer:
    """Least squares of `num_y` variables on `num_x`: coefficients `(num_x, num_y)`, residuals `(num_y,)`."""

    def statistic(columns: list[Floats], weights: Floats) -> list[tuple[Any, Any]]:
        x, y = matrices(columns[:num_x]), matrices(columns[num_x:])
        found, valid = _solved(x, y, weights)
        valid = valid & ((weights > 0).sum(axis=1) > num_x)
        return [(found, valid), (_root_mean_square(x, y, weights, found), valid)]

    return _regression("linearRegression", num_x, num_y, statistic)


@algorithm("Reducer.robustLinearRegression")
def robust_linear_regression(num_x: int, num_y: int, beta: float | None) -> Reducer:
    """Least squares without outliers: points whose residuals are larger than `beta` are left out in turn."""

    def statistic(columns: list[Floats], weights: Floats) -> list[tuple[Any, Any]]:
        x, y = matrices(columns[:num_x]), matrices(columns[num_x:])
        valid = (weights > 0).sum(axis=1) >= num_x
        kept = weights
        for _ in range(_ROUNDS):
            found, solved = _solved(x, y, kept)
            size = np.sqrt(((y - x @ found) ** 2).mean(axis=2))  # (P, N)
            margin = np.full(size.shape[0], beta) if beta is not None else _margin(size, weights)
            inside = np.where(size <= margin[:, None] * (1 + 1e-9) + 1e-12, weights, 0.0)
            enough = (inside > 0).sum(axis=1) >= num_x
            again = np.where((enough & solved)[:, None], inside, kept)
            if (again == kept).all():
                break
            kept = again
        found, solved = _solved(x, y, kept)
        return [(found, valid & solved), (_root_mean_square(x, y, kept, found), valid & solved)]

    return _regression("robustLinearRegression", num_x, num_y, statistic)


def _margin(size: Floats, weights: Floats) -> Floats:
    """The outlier margin from the spread of the residuals themselves."""
    median = np.nanmedian(np.where(weights > 0, size, np.nan), axis=1)
    return np.asarray(_TALWAR * np.nan_to_num(median) / _NORMAL_MAD)


@algorithm("Reducer.ridgeRegression")
def ridge_regression(num_x: int, num_y: int, penalty: float) -> Reducer:
    """Least squares with a penalty on the coefficients' squares, but not on the intercept, the last row."""

    def statistic(columns: list[Floats], weights: Floats) -> list[tuple[Any, Any]]:
        pairs = [centred(column, weights) for column in columns]
        x, y = matrices([c for c, _ in pairs[:num_x]]), matrices([c for c, _ in pairs[num_x:]])
        mean_x = np.stack([m[:, 0] for _, m in pairs[:num_x]], axis=-1)
        mean_y = np.stack([m[:, 0] for _, m in pairs[num_x:]], axis=-1)
        slopes, solved = _solved(x, y, weights, np.asarray(penalty))
        intercept = mean_y - np.einsum("pk,pkm->pm", mean_x, slopes)
        number = (weights > 0).sum(axis=1)
        valid = solved & (number >= num_x + 1)
        rest = (weights[..., None] * (y - x @ slopes) ** 2).sum(axis=1)
        explained = (weights[..., None] * (x @ slopes) ** 2).sum(axis=1)
        freedom = np.maximum(number - num_x - 1, 1)[:, None]
        ratio = explained / num_x / np.maximum(rest / freedom, 1e-300)
        chance = scipy.special.fdtrc(num_x, freedom, ratio)
        return [
            (np.concatenate([slopes, intercept[:, None, :]], axis=1), valid),
            (_root_mean_square(x, y, weights, slopes), valid),
            (chance, valid),
        ]

    return _regression("ridgeRegression", num_x, num_y, statistic, ("pValue", array_of(1)))
