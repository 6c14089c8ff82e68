"""Texture, unmixing, spectral distance and styles against scikit-image and SciPy."""

from __future__ import annotations

from typing import Any

import ee
import numpy as np
from scipy import optimize, special, stats
from skimage.feature import graycomatrix, graycoprops

from tests.engine.algorithms.case import STORED, Case
from tests.engine.algorithms.cases_image_elementwise import M, N, m, n

_NAMES = ["asm", "contrast", "corr", "var", "idm", "savg", "svar", "sent", "ent", "dvar", "dent", "imcorr1",
    "imcorr2",
          "maxcorr", "diss", "inertia", "shade", "prom"]  # fmt: skip
_BY_LIBRARY = {"asm": "ASM", "contrast": "contrast", "corr": "correlation", "var": "variance",
    "idm": "homogeneity",
               "ent": "entropy", "diss": "dissimilarity", "inertia": "contrast"}  # fmt: skip


def _entropy(shares: Any) -> float:
    held = shares[shares > 0]
    return float(-(held * np.log(held)).sum())


def _by_formula(name: str, p: Any) -> float:
    """Haralick's and Conners's formulas on a co-occurrence matrix."""
    i, j = np.indices(p.shape)
    mean = (i * p).sum()
    sums = np.bincount((i + j).ravel(), p.ravel())
    differences = np.bincount(abs(i - j).ravel(), p.ravel())
    marginal = p.sum(0)
    both = np.outer(marginal, marginal)
    k = np.arange(len(sums))
    d = np.arange(len(differences))
    cross = -(p[both > 0] * np.log(both[both > 0])).sum()
    return {
        "savg": lambda: (k * sums).sum(),
        "svar": lambda: ((k - (k * sums).sum()) ** 2 * sums).sum(),
        "sent": lambda: _entropy(sums),
        "dvar": lambda: ((d - (d * differences).sum()) ** 2 * differences).sum(),
        "dent": lambda: _entropy(differences),
        "imcorr1": lambda: (_entropy(p) - cross) / _entropy(marginal),
        "imcorr2": lambda: np.sqrt(1 - np.exp(-2 * (_entropy(both) - _entropy(p)))),
        "maxcorr": lambda: 0.0,
        "shade": lambda: ((i + j - 2 * mean) ** 3 * p).sum(),
        "prom": lambda: ((i + j - 2 * mean) ** 4 * p).sum(),
    }[name]()


def _measured(name: str, row: int, col: int, reach: int, angles: list[float]) -> float:
    """The mean over angles of a metric of the window around a pixel, whose matrix is scikit-image's."""
    patch = M[row - reach : row + reach + 1, col - reach : col + reach + 1].astype(np.uint8)
    matrix = graycomatrix(patch, [1], angles, levels=21, symmetric=True, normed=True)
    if name in _BY_LIBRARY:
        return float(graycoprops(matrix, _BY_LIBRARY[name]).mean())
    return float(np.mean([_by_formula(name, matrix[:, :, 0, k]) for k in range(len(angles))]))


_ANGLES = [0, np.pi / 4, np.pi / 2, 3 * np.pi / 4]


def _at(row: int, col: int) -> Any:
    """All bands of a pixel."""
    corners = [500000 + 10 * col, 3000000 - 10 * (row + 1), 500010 + 10 * col, 3000000 - 10 * row]
    return lambda image: ee.Image(image).reduceRegion(
        "first", ee.Geometry.Rectangle(corners, "EPSG:32642", False), 10, "EPSG:32642"
    )


CASES = [
    Case("Image.glcmTexture", [m, 2], {f"m_{name}": _measured(name, *place, 2, _ANGLES) for name in _NAMES},
         rtol=1e-6, atol=1e-9, name=f"{place}", ask=_at(*place))
    for place in ((20, 20), (31, 40), (45, 9))
]  # fmt: skip
CASES += [
    Case("Image.glcmTexture", [m], [f"m_{name}" for name in _NAMES], ask=lambda i: i.bandNames(),
        name="names"),
    Case("Image.glcmTexture", [m, 1, lambda: ee.Kernel.fixed(3, 1, [[1, 0, 1]]), False],
         {"m_diss_-1_0": _measured("diss", 20, 20, 1, [0])}, rtol=1e-6, name="one direction",
         ask=lambda i: _at(20, 20)(i.select("m_diss.*"))),
]  # fmt: skip


_MEMBERS = [[1.0, 5, 2], [7, 1, 0.5], [3, 3, 8]]
_SPECTRA = np.stack([N / 10.0, M / 2.0, (N - M) / 7.0], -1).reshape(-1, 3)


def _three() -> ee.Image:
    return ee.Image.cat([n().divide(10.0), m().divide(2.0), n().subtract(m()).divide(7.0)])


def _least_squares(lower: float, sums: bool, members: Any, position: int) -> Any:
    """SciPy's bounded least squares of some pixels; a heavy row makes the sum 1."""
    values, hidden = np.zeros(64 * 64), np.ones(64 * 64, bool)
    weight = 1e5 if sums else 0.0
    matrix = np.vstack([np.transpose(members), np.full((1, len(members)), weight)])
    for k in range(0, 64 * 64, 97):
        found = optimize.lsq_linear(matrix, [*_SPECTRA[k], weight], (lower, np.inf), tol=1e-14)
        values[k], hidden[k] = found.x[position], False
    return np.ma.MaskedArray(values, hidden).reshape(64, 64)


def _some(image: Any) -> ee.Image:
    pixels = ee.Image.pixelCoordinates(ee.Projection("EPSG:32642", [10, 0, 500000, 0, -10, 3000000])).floor()
    return ee.Image(image).updateMask(pixels.select("y").multiply(64).add(pixels.select("x")).mod(97).eq(0))


def _unmix(arguments: list[Any], lower: float, sums: bool, members: Any, tag: str, position: int = 1) -> Case:
    return Case("Image.unmix", [_three, *arguments], _least_squares(lower, sums, members, position),
        pixels=True,
                ask=lambda i: _some(i.select(f"band_{position}")), atol=1e-5, rtol=1e-5,
                    name=tag)  # fmt: skip


_A, _B = STORED["C/a"], STORED["C/b"]
_P, _Q = (np.stack([-v["VV"], -v["VH"]], -1).astype(float) for v in (_A, _B))
_UNIT_P, _UNIT_Q = (v / v.sum(-1, keepdims=True) for v in (_P, _Q))


def _away(*more: Any) -> list[Any]:
    return [lambda: ee.Image("C/a").multiply(-1), lambda: ee.Image("C/b").multiply(-1), *more]


def _distance(arguments: list[Any], truth: Any, tag: str) -> Case:
    return Case(
        "Image.spectralDistance", _away(*arguments), truth, pixels=True, rtol=1e-5, atol=1e-6, name=tag
    )


CASES += [
    _unmix([_MEMBERS[:2]], -np.inf, False, _MEMBERS[:2], "free"),
    _unmix([_MEMBERS[:2], True], -np.inf, True, _MEMBERS[:2], "sum to one"),
    _unmix([_MEMBERS, False, True], 0, False, _MEMBERS, "not negative"),
    _unmix([_MEMBERS, True, True], 0, True, _MEMBERS, "both", 2),
    _distance([], np.arccos((_P * _Q).sum(-1) / np.linalg.norm(_P, axis=-1) / np.linalg.norm(_Q, axis=-1)),
        "angle"),
    _distance(["sed"], ((_P - _Q) ** 2).sum(-1), "squared"),
    _distance(["sid"], special.rel_entr(_UNIT_P, _UNIT_Q).sum(-1) + special.rel_entr(_UNIT_Q,
        _UNIT_P).sum(-1),
              "divergence"),
    _distance(["emd"], np.array([[stats.wasserstein_distance([0, 1], [0, 1], p, q) for p, q in zip(*rows,
        strict=True)]
                        for rows in zip(_P, _Q, strict=True)]), "earth mover's"),
]  # fmt: skip
