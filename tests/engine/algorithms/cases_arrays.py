"""Shapes, parts, orders and matrices of arrays, against NumPy and SciPy."""

from __future__ import annotations

from typing import Any

import ee
import numpy as np
import scipy

from tests.engine.algorithms.case import Case

A = [[3, -1, 4], [1, 5, -9]]
N = np.array(A)
CUBE = np.arange(24).reshape(2, 3, 4)
SQUARE = [[4.0, 1.0, -2.0], [1.0, 3.0, 0.5], [0.5, -1.0, 5.0]]
M = np.array(SQUARE)
SYMMETRIC = [[4.0, 1.0, -2.0], [1.0, 3.0, 0.5], [-2.0, 0.5, 5.0]]
S = np.array(SYMMETRIC)
TALL = [[1.0, 2.0], [3.0, 5.0], [-1.0, 4.0], [0.5, 0.5]]
T = np.array(TALL)


def _reducer(name: str) -> Any:
    return lambda: ee.ApiFunction.call_(f"Reducer.{name}")


def _product(*names: str, transpose_last: bool = False) -> Any:
    """Multiply the parts of a decomposition: signs and orders are the library's own."""

    def ask(found: ee.Dictionary) -> ee.Array:
        parts = [ee.Array(found.get(name)) for name in names]
        if transpose_last:
            parts[-1] = parts[-1].matrixTranspose()
        answer = parts[0]
        for part in parts[1:]:
            answer = answer.matrixMultiply(part)
        return answer

    return ask


def _eigen_pairs(found: ee.Array) -> ee.Array:
    """A v - lambda v of the first pair, after its value."""
    vector = found.slice(0, 0, 1).slice(1, 1).matrixTranspose()
    return ee.Array(SYMMETRIC).matrixMultiply(vector).subtract(vector.multiply(found.get([0, 0])))


SHAPES = [
    Case("Array", [[[1, 2.7], [-3, 300]], "int8"], [[1, 3], [-3, 127]], name="typed"),
    Case("Array", [[[[1, 2]], [[3, 4]]]], [2, 1, 2], lambda array: array.length(), mutant=False),
    Case("Array.get", [A, [1, 2]], -9),
    Case("Array.length", [CUBE.tolist()], [2, 3, 4]),
    Case("Array.toList", [A], A, mutant=False),
    Case("Array.toList", [A], "List", lambda v: ee.Algorithms.ObjectType(v), name="type"),
    Case("Array.slice", [CUBE.tolist(), 2, -3, None, 2], CUBE[:, :, -3::2].tolist()),
    Case("Array.slice", [A, 1, 5, 9], [[], []], name="out of range"),
    Case("Array.cut", [CUBE.tolist(), [-1, 2, 0]], CUBE[:, 2:3, 0:1].tolist(), source="apidocs/ee-array-cut"),
    Case("Array.cat", [[A, [[7, 8], [9, 0]]], 1], np.concatenate([N, [[7, 8], [9, 0]]], 1).tolist()),
    Case("Array.cat", [[[1, 2], [3, 4]], 1], [[1, 3], [2, 4]], name="a new axis"),
    Case("Array.project", [[[[5], [6]]], [1]], [5, 6]),
    Case("Array.repeat", [A, 1, 2], np.tile(N, (1, 2)).tolist()),
    Case("Array.repeat", [[1, 2], 1, 2], [[1, 1], [2, 2]], name="a new axis"),
    Case("Array.reshape", [CUBE.tolist(), [3, -1]], CUBE.reshape(3, -1).tolist()),
    Case("Array.transpose", [CUBE.tolist(), 0, 2], CUBE.swapaxes(0, 2).tolist()),
    Case("Array.matrixTranspose", [A], N.T.tolist()),
    Case("Array.pad", [A, [3, 2], -1], np.pad(N, ((0, 1), (0, 0)), constant_values=-1).tolist()),
    Case("Array.mask", [A, [[1, 0, -2]]], N[:, [0, 2]].tolist(), name="columns"),
    Case("Array.mask", [A, [[0], [3]]], N[[1]].tolist(), name="rows"),
    Case("Array.sort", [[3, -1, 2]], [-1, 2, 3]),
    Case("Array.sort", [A, [[2, 3, 1]]], N[:, [2, 0, 1]].tolist(), name="by keys"),
    Case("Array.argmax", [A], [1, 1]),
    Case("Array.argmax", [[4, 9, 9]], [1], name="the first of equals"),
    Case("Array.reduce", [A, _reducer("mean"), [1]], N.mean(axis=1, keepdims=True).tolist()),
    Case("Array.reduce", [np.column_stack([[1, 2, 4], [5, 3, -2]]).tolist(), _reducer("linearFit"), [0], 1],
         np.polyfit([1, 2, 4], [5, 3, -2], 1)[None].tolist(), name="fields", rtol=1e-9),
    Case("Array.accum", [A, 1], np.cumsum(N, axis=1).tolist()),
    Case("Array.accum", [A, 1, _reducer("max")], np.maximum.accumulate(N, axis=1).tolist(), name="maxima"),
    Case("Array.dotProduct", [[1, -2, 3], [4, 5, 0.5]], float(np.dot([1, -2, 3], [4, 5, 0.5]))),
    Case("Array.identity", [3], np.eye(3).tolist()),
    Case("Array.bitsToArray", [0b11010], [0, 1, 0, 1, 1]),
]  # fmt: skip

MATRICES = [
    Case("Array.matrixMultiply", [A, TALL[:3]], N @ T[:3]),
    Case("Array.matrixSolve", [SQUARE, [[1], [2], [3]]], np.linalg.solve(M, [[1], [2], [3]])),
    Case("Array.matrixSolve", [TALL, [[1], [2], [3], [4]]],
         np.linalg.lstsq(T, np.array([[1], [2], [3], [4]]), rcond=None)[0], name="overdetermined", rtol=1e-9),
    Case("Array.matrixInverse", [SQUARE], np.linalg.inv(M), rtol=1e-9),
    Case("Array.matrixPseudoInverse", [TALL], np.linalg.pinv(T), rtol=1e-9),
    Case("Array.matrixDeterminant", [SQUARE], float(np.linalg.det(M)), rtol=1e-9),
    Case("Array.matrixTrace", [SQUARE], 12.0),
    Case("Array.matrixFnorm", [TALL], float(np.sqrt((T**2).sum()))),
    Case("Array.matrixDiagonal", [SQUARE], [[4.0], [3.0], [5.0]]),
    Case("Array.matrixToDiag", [[[1], [-2], [3]]], np.diag([1, -2, 3]).tolist()),
    Case("Array.eigen", [SYMMETRIC], np.sort(np.linalg.eigvalsh(S))[::-1],
         lambda found: found.slice(1, 0, 1).project([0]), rtol=1e-9),
    Case("Array.eigen", [SYMMETRIC], np.zeros((3, 1)), _eigen_pairs, name="vectors", atol=1e-9),
    Case("Array.eigen", [[[2.0, 1.0], [0.0, 3.0]]], [3.0, 2.0],
         lambda found: found.slice(1, 0, 1).project([0]), name="not symmetric", rtol=1e-9),
    Case("Array.matrixCholeskyDecomposition", [SYMMETRIC], np.linalg.cholesky(S),
         lambda found: ee.Array(found.get("L")), rtol=1e-9),
    Case("Array.matrixLUDecomposition", [SQUARE], scipy.linalg.lu(M)[1], lambda d: ee.Array(d.get("L")),
         name="L", rtol=1e-9, atol=1e-12),
    Case("Array.matrixLUDecomposition", [[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 10.0]]],
         np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 10]]),
         lambda d: ee.Array(d.get("P")).matrixTranspose().matrixMultiply(_product("L", "U")(d)),
         name="P A = L U", rtol=1e-9),
    Case("Array.matrixQRDecomposition", [TALL], T, _product("Q", "R"), rtol=1e-9),
    Case("Array.matrixQRDecomposition", [TALL], np.eye(2),
         lambda d: ee.Array(d.get("Q")).matrixTranspose().matrixMultiply(ee.Array(d.get("Q"))),
         name="Q is orthogonal", atol=1e-12),
    Case("Array.matrixSingularValueDecomposition", [TALL], T, _product("U", "S", "V", transpose_last=True),
         rtol=1e-9),
    Case("Array.matrixSingularValueDecomposition", [TALL], np.diag(np.linalg.svd(T)[1]),
         lambda d: ee.Array(d.get("S")), name="S", atol=1e-12),
]  # fmt: skip

CASES = [*SHAPES, *MATRICES]
