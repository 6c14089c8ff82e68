"""Images of arrays and matrices, against NumPy; `test_ragged_arrays` has pixels of different lengths."""

from __future__ import annotations

from typing import Any

import ee
import numpy as np
import scipy

from tests.engine.algorithms.case import HOLES, STORED, Case
from tests.engine.algorithms.cases_elementwise import UNARY

A, B = STORED["C/a"], STORED["C/b"]
PAIR = np.stack([A["VV"], A["VH"]], axis=-1).astype(np.float64)  # (H, W, 2)
FOUR = np.concatenate([PAIR, np.stack([B["VV"], B["VH"]], axis=-1)], axis=-1)
TWO = FOUR.reshape(*FOUR.shape[:2], 2, 2)
N = STORED["C/whole"]["n"].astype(np.int64)
M = STORED["C/whole"]["m"].astype(np.int64)
SYMMETRIC = TWO @ TWO.swapaxes(2, 3)


def pair() -> ee.Image:
    return ee.Image("C/a").toArray()


def four() -> ee.Image:
    return pair().arrayCat(ee.Image("C/b").toArray(), 0)


def two() -> ee.Image:
    """2 x 2 matrices: the rows are C/a and C/b."""
    return four().arrayReshape(ee.Image(ee.Array([2, 2])), 2)


def symmetric() -> ee.Image:
    return two().matrixMultiply(two().matrixTranspose())


def collection() -> ee.ImageCollection:
    return ee.ImageCollection([ee.Image("C/a"), ee.Image("C/b")])


def m() -> ee.Image:
    return ee.Image("C/whole").select("m")


def _case(name: str, arguments: list[Any], truth: Any, tag: str = "", **more: Any) -> Case:
    more.setdefault("rtol", 1e-6)
    return Case(f"Image.{name}", arguments, truth, pixels=True, name=tag, **more)


def _reducer(name: str, *arguments: Any) -> Any:
    return lambda: ee.ApiFunction.call_(f"Reducer.{name}", *arguments)


def _multiplied(*names: str) -> Any:
    def ask(image: ee.Image) -> ee.Image:
        parts = [image.select(name) for name in names]
        if names[-1] == "V":
            parts[-1] = parts[-1].matrixTranspose()
        answer = parts[0].rename("product")
        for part in parts[1:]:
            answer = answer.matrixMultiply(part.rename("product"))
        return answer

    return ask


BITS = np.array([[(v >> k) & 1 for k in range(5)] for v in range(32)])

ARRAYS = [
    _case("toArray", [lambda: ee.Image("C/a")], PAIR),
    _case("toArray", [lambda: ee.Image("C/a"), 1], PAIR[:, :, None, :], "along 1"),
    _case("toArray", [lambda: ee.Image("C/whole").select("n").addBands(ee.Image("C/holes"))],
          np.ma.MaskedArray(np.stack([N, STORED["C/holes"]["x"]], -1), np.stack([HOLES == 0] * 2, -1)),
          "masked where a band is"),
    _case("arrayFlatten", [two, [["p", "q"], ["x", "y"]], "-"], TWO[:, :, 1, 0], band=2),
    Case("Image.arrayFlatten", [two, [["p", "q"], ["x", "y"]], "-"], ["p-x", "p-y", "q-x", "q-y"],
         lambda image: image.bandNames(), name="names"),
    _case("arrayGet", [two, [1, 0]], TWO[:, :, 1, 0]),
    _case("arrayGet", [four, lambda: m().mod(4)], np.take_along_axis(FOUR, (M % 4)[..., None], -1)[..., 0],
          "a position of its own"),
    _case("arrayProject", [lambda: two().arraySlice(0, 1, 2), [1]], TWO[:, :, 1, :]),
    _case("arrayReduce", [two, _reducer("mean"), [0]], TWO.mean(axis=2, keepdims=True)),
    _case("arrayReduce", [two, _reducer("max"), [0, 1]], TWO.max(axis=(2, 3), keepdims=True), "both axes"),
    _case("arrayReduce", [two, _reducer("max", 2), [0], 1],
          np.take_along_axis(TWO, TWO[..., :1].argmax(axis=2)[..., None].repeat(2, -1), 2),
          "the other field of the largest"),
    _case("arrayAccum", [two, 1], np.cumsum(TWO, axis=3)),
    _case("arrayAccum", [four, 0, _reducer("min")], np.minimum.accumulate(FOUR, axis=2), "minima"),
    _case("arraySort", [four], np.sort(FOUR, axis=-1)),
    _case("arraySort", [four, lambda: four().abs()],
          np.take_along_axis(FOUR, np.argsort(np.abs(FOUR), axis=-1, kind="stable"), -1), "by keys"),
    _case("arraySlice", [four, 0, 1, None, 2], FOUR[:, :, 1::2]),
    _case("arrayRepeat", [pair, 0, 3], np.tile(PAIR, (1, 1, 3))),
    _case("arrayRepeat", [pair, 1, 2], np.repeat(PAIR[..., None], 2, -1), "a new axis"),
    _case("arrayTranspose", [two], TWO.swapaxes(2, 3)),
    _case("matrixTranspose", [two], TWO.swapaxes(2, 3)),
    _case("arrayReshape", [four, lambda: ee.Image(ee.Array([-1, 1])), 2], FOUR[..., None]),
    _case("arrayCat", [two, two, 1], np.concatenate([TWO, TWO], 3)),
    _case("arrayLength", [lambda: four().arrayReshape(ee.Image(ee.Array([4, 1])), 2), 0],
          np.full(N.shape, 4)),
    _case("arrayLengths", [lambda: four().arrayReshape(ee.Image(ee.Array([4, 1])), 2)],
          np.broadcast_to([4, 1], (*N.shape, 2))),
    _case("arrayDimensions", [two], np.full(N.shape, 2)),
    _case("arrayDimensions", [lambda: ee.Image("C/whole").select("n")], np.zeros(N.shape), "of numbers"),
    _case("arrayArgmax", [two],
          np.stack(np.unravel_index(FOUR.argmax(axis=-1), (2, 2)), axis=-1)),
    _case("arrayDotProduct", [four, lambda: four().abs()], (FOUR * np.abs(FOUR)).sum(axis=-1)),
    _case("arrayPad", [two, [3, 2], -7],
          np.pad(TWO, ((0, 0), (0, 0), (0, 1), (0, 0)), constant_values=-7)),
    _case("arrayMask", [two, lambda: ee.Image(ee.Array([[0, 1]]))], TWO[..., 1:]),
    _case("bitsToArrayImage", [m], BITS[M],
          ask=lambda image: image.arrayPad([5])),
    _case("lanczos", [lambda: ee.Image("C/whole").select("m").divide(4).add(1).toDouble()],
          UNARY["lanczos"][0](M / 4 + 1), rtol=1e-12),
    Case("ImageCollection.toArray", [collection], TWO, pixels=True, rtol=1e-6),
    Case("ImageCollection.toArrayPerBand", [collection, 0], TWO[:, :, :, 1], pixels=True, band=1, rtol=1e-6),
]  # fmt: skip

MATRICES = [
    _case("matrixIdentity", [3], np.broadcast_to(np.eye(3), (*N.shape, 3, 3))),
    _case("matrixMultiply", [two, lambda: two().arrayTranspose()], SYMMETRIC),
    _case("matrixSolve", [symmetric, two], np.linalg.solve(SYMMETRIC, TWO), rtol=1e-4, atol=1e-6),
    _case("matrixSolve", [lambda: four().toArray(1), lambda: four().abs().toArray(1)],
          ((FOUR * np.abs(FOUR)).sum(-1) / (FOUR**2).sum(-1))[..., None, None], "overdetermined"),
    _case("matrixInverse", [two], np.linalg.inv(TWO), rtol=1e-4, atol=1e-8),
    _case("matrixInverse", [lambda: two().multiply(m().gt(3)).multiply(ee.Image(ee.Array([[1, 1], [1, 1]])))],
          np.ma.MaskedArray(np.linalg.inv(TWO), np.broadcast_to((M <= 3)[..., None, None], TWO.shape)),
          "a singular pixel is masked", rtol=1e-4, atol=1e-8),
    _case("matrixPseudoInverse", [lambda: four().toArray(1)],
          (FOUR / (FOUR**2).sum(-1, keepdims=True))[:, :, None, :]),
    _case("matrixDeterminant", [two], TWO[..., 0, 0] * TWO[..., 1, 1] - TWO[..., 0, 1] * TWO[..., 1, 0],
          rtol=1e-4, atol=1e-4),
    _case("matrixTrace", [two], TWO[..., 0, 0] + TWO[..., 1, 1]),
    _case("matrixFnorm", [two], np.sqrt((FOUR**2).sum(-1))),
    _case("matrixDiagonal", [two], np.diagonal(TWO, axis1=2, axis2=3)[..., None]),
    _case("matrixToDiag", [lambda: pair().toArray(1)], PAIR[..., None] * np.eye(2)),
    _case("matrixCholeskyDecomposition", [symmetric], np.linalg.cholesky(SYMMETRIC), rtol=1e-5, atol=1e-5),
    _case("matrixLUDecomposition", [two], TWO, "P A = L U", rtol=1e-5, ask=lambda image: (
        image.select("P").matrixTranspose().rename("product").matrixMultiply(_multiplied("L", "U")(image))
    )),
    _case("matrixLUDecomposition", [two], scipy.linalg.lu(TWO)[2], "U", rtol=1e-5, atol=1e-5, band=1),
    _case("matrixQRDecomposition", [two], TWO, rtol=1e-5, ask=_multiplied("Q", "R")),
    _case("matrixSingularValueDecomposition", [two], TWO, rtol=1e-5, ask=_multiplied("U", "S", "V")),
    _case("matrixSingularValueDecomposition", [two], np.linalg.svd(TWO)[1][..., None] * np.eye(2), "S",
          rtol=1e-5, atol=1e-6, band=1),
]  # fmt: skip


CASES = [*ARRAYS, *MATRICES]
