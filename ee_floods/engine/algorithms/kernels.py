"""Kernels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.arguments import numeric
from ee_floods.engine.coerce import coerce
from ee_floods.engine.errors import bad_request
from ee_floods.engine.registry import algorithm, register
from ee_floods.engine.values.kernel import Kernel, Weights

Shape = Callable[[NDArray[Any], NDArray[Any], float], NDArray[Any]]


def _metric(units: str) -> bool:
    if units not in ("pixels", "meters"):
        raise bad_request(f"Unknown kernel units '{units}'. Use 'pixels' or 'meters'.")
    return units == "meters"


def scaled(values: NDArray[Any], magnitude: float, normalize: bool) -> NDArray[np.float64]:
    """Return weights that sum to the magnitude if normalised, else multiplied by it."""
    weights = values.astype(np.float64)
    total = weights.sum()
    if normalize and total != 0:
        weights = weights / total
    return weights * magnitude


def _centred(
    name: str, radius_x: float, radius_y: float, units: str, normalize: bool, magnitude: float, shape: Shape
) -> Kernel:
    if radius_x < 0 or radius_y < 0:
        raise bad_request("The kernel radius must not be negative.")

    def make(size: float) -> Weights:
        rx, ry = int(np.floor(radius_x / size + 1e-9)), int(np.floor(radius_y / size + 1e-9))
        y, x = np.mgrid[-ry : ry + 1, -rx : rx + 1]
        weights = shape(x, y, max(radius_x, radius_y) / size + 1e-9)
        if name in DISTANCES:
            weights = weights * size
        return Weights(scaled(weights, magnitude, normalize), rx, ry)

    return Kernel(name, make, _metric(units))


def octagon(x: NDArray[Any], y: NDArray[Any], radius: float) -> NDArray[Any]:
    """Return a square whose corners are cut so that its sides are about equal."""
    r = int(radius)
    cut = r // 2 + r % 2
    return np.asarray(np.abs(x) + np.abs(y) <= 2 * r - cut)


DISTANCES = ("euclidean", "manhattan", "chebyshev")
"""Kernels whose weights are distances, in the units of the radius."""

_BOOLEAN: dict[str, Shape] = {
    "circle": lambda x, y, r: x * x + y * y <= r * r,
    "square": lambda x, y, r: np.ones(x.shape),
    "diamond": lambda x, y, r: np.abs(x) + np.abs(y) <= r,
    "octagon": octagon,
    "plus": lambda x, y, r: (x == 0) | (y == 0),
    "cross": lambda x, y, r: np.abs(x) == np.abs(y),
    "euclidean": lambda x, y, r: np.hypot(x, y),
    "manhattan": lambda x, y, r: np.abs(x) + np.abs(y),
    "chebyshev": lambda x, y, r: np.maximum(np.abs(x), np.abs(y)),
}


def named(name: str, radius: float, units: str, normalize: bool = True, magnitude: float = 1.0) -> Kernel:
    """Return a kernel by the name of its shape.

    Raises:
        EngineError: If there is no such shape.
    """
    if name not in _BOOLEAN:
        raise bad_request(f"Unknown kernel type '{name}'.")
    return _centred(name, radius, radius, units, normalize, magnitude, _BOOLEAN[name])


def _register(name: str) -> None:
    register(f"Kernel.{name}", lambda radius, units, normalize, magnitude: named(
        name, radius, units, normalize, magnitude))  # fmt: skip


for _name in _BOOLEAN:
    _register(_name)


@algorithm("Kernel.rectangle")
def rectangle(x: float, y: float, units: str, normalize: bool, magnitude: float) -> Kernel:
    """A rectangle."""
    return _centred("rectangle", x, y, units, normalize, magnitude, _BOOLEAN["square"])


@algorithm("Kernel.gaussian")
def gaussian(radius: float, sigma: float, units: str, normalize: bool, magnitude: float) -> Kernel:
    """A sampled Gaussian over a square; sigma is in the units of the radius.

    The reference prints 5 x 5 weights for a radius of 3 (apidocs/ee-kernel-gaussian): what lies a whole
    radius away is left out. That a radius of 1 keeps its neighbours is assumed.
    """

    def make(size: float) -> Weights:
        pixels = radius / size
        r = max(int(np.ceil(pixels - 1e-9)) - 1, min(int(pixels + 1e-9), 1))
        y, x = np.mgrid[-r : r + 1, -r : r + 1]
        weights = np.exp(-(x * x + y * y) / (2 * (sigma / size) ** 2))
        return Weights(scaled(weights, magnitude, normalize), r, r)

    return Kernel("gaussian", make, _metric(units))


_FIXED: dict[str, list[list[float]]] = {
    "laplacian4": [[0, 1, 0], [1, -4, 1], [0, 1, 0]],
    "laplacian8": [[1, 1, 1], [1, -8, 1], [1, 1, 1]],
    "sobel": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
    "roberts": [[1, 0], [0, -1]],
    "prewitt": [[1, 0, -1], [1, 0, -1], [1, 0, -1]],
    "compass": [[1, 1, -1], [1, -2, -1], [1, 1, -1]],
    "kirsch": [[5, -3, -3], [5, 0, -3], [5, -3, -3]],
}


def _edge(name: str) -> None:
    def make(magnitude: float, normalize: bool) -> Kernel:
        values = scaled(np.array(_FIXED[name], float), magnitude, normalize)
        return Kernel(
            name, lambda size: Weights(values, (values.shape[1] - 1) // 2, (values.shape[0] - 1) // 2)
        )

    register(f"Kernel.{name}", make)


for _name in _FIXED:
    _edge(_name)


@algorithm("Kernel.fixed")
def fixed(width: int, height: int, weights: list[Any], x: int, y: int, normalize: bool) -> Kernel:
    """Any weights; the focus is the middle unless given."""
    try:
        values = np.array(
            [[numeric(w, "A weight") for w in coerce(row, "List<Object>", "weights")] for row in weights]
        )
    except ValueError as error:
        raise bad_request("All rows of the weights must have the same length.") from error
    if (
        values.ndim != 2
        or (width > 0 and values.shape[1] != width)
        or (height > 0 and values.shape[0] != height)
    ):
        raise bad_request(f"The weights are {values.shape}, but width={width} and height={height}.")
    h, w = values.shape
    made = scaled(values, 1.0, normalize)
    return Kernel("fixed", lambda size: Weights(made, x if x >= 0 else w // 2, y if y >= 0 else h // 2))


@algorithm("Kernel.rotate")
def rotate(kernel: Kernel, rotations: int) -> Kernel:
    """Turned by quarters, clockwise."""

    def make(size: float) -> Weights:
        weights = kernel.make(size)
        values, x, y = weights.values, weights.x, weights.y
        for _ in range(rotations % 4):
            x, y = values.shape[0] - 1 - y, x
            values = np.rot90(values, -1)
        return Weights(np.ascontiguousarray(values), x, y)

    return Kernel(kernel.name, make, kernel.metric)


@algorithm("Kernel.inverse")
def inverse(kernel: Kernel) -> Kernel:
    """Reciprocal weights; 0 stays 0."""

    def make(size: float) -> Weights:
        weights = kernel.make(size)
        values = np.where(weights.values == 0, 0, 1 / np.where(weights.values == 0, 1, weights.values))
        return Weights(values, weights.x, weights.y)

    return Kernel(kernel.name, make, kernel.metric)


@algorithm("Kernel.add")
def add(first: Kernel, second: Kernel, normalize: bool) -> Kernel:
    """The sum of two kernels about their foci."""

    def make(size: float) -> Weights:
        parts = (first.make(size), second.make(size))
        x, y = max(p.x for p in parts), max(p.y for p in parts)
        right = max(p.values.shape[1] - p.x for p in parts)
        below = max(p.values.shape[0] - p.y for p in parts)
        total = np.zeros((y + below, x + right))
        for p in parts:
            h, w = p.values.shape
            total[y - p.y : y - p.y + h, x - p.x : x - p.x + w] += p.values
        return Weights(scaled(total, 1.0, normalize), x, y)

    return Kernel("fixed", make, first.metric or second.metric)
