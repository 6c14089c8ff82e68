"""Linear algebra of stacks of matrices: the last two axes, whatever comes before them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from ee_floods.engine.errors import EngineError, bad_request

__all__ = ["DECOMPOSITIONS", "OF_ONE", "OF_TWO", "eigen", "wherever_possible"]

Array = NDArray[Any]


def _matrix(values: Array) -> Array:
    if values.ndim < 2:
        raise bad_request("A matrix is a 2-D array.")
    return values


def _square(values: Array) -> Array:
    if values.ndim < 2 or values.shape[-1] != values.shape[-2]:
        raise bad_request(f"The matrix must be square, not {list(values.shape[-2:])}.")
    return values


def inverse(values: Array) -> Array:
    """Return inverses.

    Raises:
        EngineError: If a matrix has none.
    """
    try:
        return np.linalg.inv(_square(values))
    except np.linalg.LinAlgError as error:
        raise bad_request("The matrix is singular.") from error


def _column(values: Array) -> Array:
    if _matrix(values).shape[-1] != 1:
        raise bad_request(f"The matrix must have a single column, not {values.shape[-1]}.")
    return np.asarray(values * np.eye(values.shape[-2]))


def _product(left: Array, right: Array) -> Array:
    if min(left.ndim, right.ndim) < 2 or left.shape[-1] != right.shape[-2]:
        raise bad_request(
            f"Matrix inner dimensions must agree: {list(left.shape[-2:])} times {list(right.shape[-2:])}."
        )
    return left @ right


def _solution(left: Array, right: Array) -> Array:
    """Return x of `left x = right`: exact where left is square, by least squares where it is taller."""
    if min(left.ndim, right.ndim) < 2 or left.shape[-2] != right.shape[-2]:
        raise bad_request(f"Cannot solve {list(left.shape[-2:])} x = {list(right.shape[-2:])}.")
    if left.shape[-2] == left.shape[-1]:
        try:
            return np.linalg.solve(left, right)
        except np.linalg.LinAlgError as error:
            raise bad_request("The matrix is singular.") from error
    return np.linalg.pinv(left) @ right


def _cholesky(values: Array) -> dict[str, Array]:
    try:
        return {"L": np.linalg.cholesky(_square(values))}
    except np.linalg.LinAlgError as error:
        raise bad_request("The matrix must be symmetric and positive definite.") from error


def _lu(values: Array) -> dict[str, Array]:
    """P A = L U; SciPy's permutation is the inverse of that."""
    if not np.isfinite(values).all():
        raise bad_request("A matrix must hold finite numbers.")
    permuted, lower, upper = scipy.linalg.lu(_square(values))
    return {"L": lower, "U": upper, "P": np.swapaxes(permuted, -1, -2)}


def _qr(values: Array) -> dict[str, Array]:
    q, r = np.linalg.qr(_matrix(values))
    return {"Q": q, "R": r}


def _svd(values: Array) -> dict[str, Array]:
    u, singular, vt = np.linalg.svd(_matrix(values), full_matrices=False)
    return {"U": u, "S": singular[..., None] * np.eye(singular.shape[-1]), "V": np.swapaxes(vt, -1, -2)}


def eigen(values: Array) -> Array:
    """Return eigenvalues, in falling order, each followed by its vector: one row for each.

    The matrix need not be symmetric; rows of eigenvalues that are not real are zeros, as in EJML.
    """
    square = _square(values)
    if np.allclose(square, np.swapaxes(square, -1, -2)):
        found, vectors = np.linalg.eigh(square)
    else:
        every, every_vector = np.linalg.eig(square)
        real = np.isreal(every)
        found = np.where(real, every.real, 0)
        vectors = np.where(real[..., None, :], every_vector.real, 0)
    order = np.argsort(-found, axis=-1, kind="stable")
    rows = np.swapaxes(np.take_along_axis(vectors, order[..., None, :], -1), -1, -2)
    return np.concatenate([np.take_along_axis(found, order, -1)[..., None], rows], axis=-1)


def wherever_possible(
    function: Callable[..., Any], first: Array, *others: Array
) -> tuple[Any, NDArray[np.bool_]]:
    """Return a function of matrices and where it has an answer: not of singular or infinite ones, say.

    Args:
        function: Takes stacks of matrices.
        first: `(..., m, n)`: the matrix that is inverted or decomposed.
        *others: More stacks.
    """
    possible = np.ones(first.shape[:-2], bool)
    try:
        return function(first, *others), possible
    except (EngineError, np.linalg.LinAlgError):
        if first.ndim < 2 or not possible.size:
            raise
    possible = np.asarray(np.isfinite(first).all(axis=(-2, -1)))
    unit = np.eye(*first.shape[-2:])
    for index in np.argwhere(possible):
        place = tuple(index)
        try:
            function(first[place], *(other[place] for other in others))
        except (EngineError, np.linalg.LinAlgError):
            possible[place] = False
    safe = np.where(possible[..., None, None], first, unit)
    return function(safe, *others), possible


OF_ONE: tuple[tuple[str, int, Callable[[Array], Array]], ...] = (
    ("matrixInverse", 2, inverse),
    ("matrixPseudoInverse", 2, lambda v: np.linalg.pinv(_matrix(v))),
    ("matrixDeterminant", 0, lambda v: np.linalg.det(_square(v))),
    ("matrixTrace", 0, lambda v: np.trace(_square(v), axis1=-2, axis2=-1)),
    ("matrixFnorm", 0, lambda v: np.linalg.norm(_matrix(v), axis=(-2, -1))),
    ("matrixDiagonal", 2, lambda v: np.diagonal(_matrix(v), axis1=-2, axis2=-1)[..., None]),
    ("matrixToDiag", 2, _column),
)
"""Name, dimensions of the result, function."""

OF_TWO: dict[str, Callable[[Array, Array], Array]] = {"matrixMultiply": _product, "matrixSolve": _solution}

DECOMPOSITIONS: dict[str, tuple[Callable[[Array], dict[str, Array]], str]] = {
    "matrixCholeskyDecomposition": (_cholesky, "L"),
    "matrixLUDecomposition": (_lu, "LUP"),
    "matrixQRDecomposition": (_qr, "QR"),
    "matrixSingularValueDecomposition": (_svd, "USV"),
}
"""The factors by name, and the order of the names."""
