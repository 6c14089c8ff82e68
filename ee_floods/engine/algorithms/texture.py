"""Texture: statistics of how often two values lie side by side (grey level co-occurrence).

Haralick, Shanmugam and Dinstein, "Textural Features for Image Classification", doi:10.1109/TSMC.1973.4309314;
Conners, Trivedi and Harlow, "Segmentation of a High-Resolution Urban Scene Using Texture Operators",
doi:10.1016/0734-189X(84)90197-X.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.algorithms.kernels import named
from ee_floods.engine.errors import bad_request
from ee_floods.engine.neighbourhood import Padded, padded_band
from ee_floods.engine.reading import Reader
from ee_floods.engine.records import Raster
from ee_floods.engine.registry import algorithm
from ee_floods.engine.values.image import Band, Compute, Image
from ee_floods.engine.values.kernel import Kernel
from ee_floods.engine.values.pixeltype import DOUBLE
from ee_floods.grid import Grid

Numbers = NDArray[np.float64]

METRICS = (
    "asm", "contrast", "corr", "var", "idm", "savg", "svar", "sent", "ent", "dvar", "dent", "imcorr1",
    "imcorr2", "maxcorr", "diss", "inertia", "shade", "prom",
)  # fmt: skip
"""Names of the metrics in the service's order; `maxcorr` is there and not computed, as on the service."""

_CHUNK_BYTES = 32 * 1024 * 1024
"""Memory for the pairs of one chunk of rows; the work on them takes a few times as much."""


def _directions(kernel: Kernel) -> list[tuple[int, int]]:
    """`(row, column)` of the kernel's pixels, one of each pair of opposite ones."""
    found: list[tuple[int, int]] = []
    for row, col, _ in kernel.fixed().offsets():
        if (row, col) != (0, 0) and (-row, -col) not in found:
            found.append((row, col))
    if not found:
        raise bad_request("The kernel must have a pixel that is not 0 besides its centre.")
    return found


def _shares(keys: NDArray[np.int64], valid: NDArray[np.bool_]) -> tuple[Numbers, Numbers]:
    """Sum of squared shares and entropy (natural logarithm) of the distinct keys along the first axis."""
    number = np.maximum(valid.sum(axis=0), 1)
    last = np.iinfo(np.int64).max
    ordered = np.sort(np.where(valid, keys, last), axis=0)
    energy, entropy, run = np.zeros(number.shape), np.zeros(number.shape), np.ones(number.shape)
    for k in range(1, ordered.shape[0] + 1):
        same = ordered[k] == ordered[k - 1] if k < ordered.shape[0] else np.zeros(number.shape, bool)
        ends = ~same & (ordered[k - 1] != last)
        share = run / number
        energy += np.where(ends, share**2, 0)
        entropy -= np.where(ends, share * np.log(share), 0)
        run = np.where(same, run + 1, 1)
    return energy, entropy


def _measures(left: NDArray[np.int64], right: NDArray[np.int64], valid: NDArray[np.bool_]) -> list[Numbers]:
    """All metrics of pairs `(N, h, w)`, each counted both ways round so that the matrix is symmetric."""
    a, b = np.concatenate([left, right]), np.concatenate([right, left])
    valid = np.concatenate([valid, valid])
    number = np.maximum(valid.sum(axis=0), 1)

    def mean(values: NDArray[np.float64]) -> Numbers:
        return np.asarray(np.where(valid, values, 0).sum(axis=0) / number)

    centre = mean(a.astype(float))  # of both marginals
    x, y = a - centre, b - centre
    spread, apart = mean(x * x), np.abs(a - b).astype(float)
    width = int(a.max(initial=0) - a.min(initial=0)) + 1
    asm, ent = _shares(a * width + b, valid)
    _, marginal = _shares(a, valid)
    _, sums = _shares(a + b, valid)
    _, differences = _shares(np.abs(a - b), valid)
    contrast, diss = mean(apart**2), mean(apart)
    even = spread > 0
    return [
        asm,
        contrast,
        np.where(even, mean(x * y) / np.where(even, spread, 1), 0),
        spread,
        mean(1 / (1 + apart**2)),
        2 * centre,
        mean((x + y) ** 2),
        sums,
        ent,
        contrast - diss**2,
        differences,
        np.where(marginal > 0, (ent - 2 * marginal) / np.where(marginal > 0, marginal, 1), 0),
        np.sqrt(np.maximum(1 - np.exp(-2 * np.maximum(2 * marginal - ent, 0)), 0)),
        np.zeros(number.shape),
        diss,
        contrast,
        mean((x + y) ** 3),
        mean((x + y) ** 4),
    ]


def _window(padded: Padded, reach: int, direction: tuple[int, int]) -> Callable[[slice], list[Raster]]:
    """What computes some rows: pairs whose both pixels lie in the window around each pixel."""
    down, across = direction
    side = range(-reach, reach + 1)
    pairs = [
        ((row, col), (row + down, col + across))
        for row in side for col in side if abs(row + down) <= reach and abs(col + across) <= reach
    ]  # fmt: skip
    if not pairs:
        raise bad_request(f"The kernel reaches over the neighborhood of size {reach}.")
    values, seen = padded.raster.values.astype(np.int64), padded.raster.mask > 0

    def some(rows: slice) -> list[Raster]:
        def stack(end: int, array: NDArray[Any]) -> NDArray[Any]:
            return np.stack([padded.shifted(array, *pair[end], rows) for pair in pairs])

        valid = (stack(0, seen) & stack(1, seen)).astype(bool)
        mask = np.where(valid.any(axis=0), padded.inner.mask[rows], np.float32(0))
        left, right = stack(0, values).astype(np.int64), stack(1, values).astype(np.int64)
        return [Raster(found, mask) for found in _measures(left, right, valid)]

    return some


def _texture(reader: Reader, grid: Grid, band: Band, reach: int, direction: tuple[int, int]) -> list[Raster]:
    padded = padded_band(reader, band, grid, reach)
    some = _window(padded, reach, direction)
    chunk = max(1, _CHUNK_BYTES // (2 * (2 * reach + 1) ** 2 * grid.width * 8))
    parts = [some(slice(start, start + chunk)) for start in range(0, grid.height, chunk)]
    return [
        Raster(np.concatenate([p[k].values for p in parts]), np.concatenate([p[k].mask for p in parts]))
        for k in range(len(METRICS))
    ]


@algorithm("Image.glcmTexture")
def glcm_texture(image: Image, size: int, kernel: Kernel | None, average: bool) -> Image:
    """18 metrics for each band (`B_asm`, ...), averaged over directions or for each of them."""
    if size < 1:
        raise bad_request(f"The size of the neighborhood must be at least 1, received {size}.")
    directions = _directions(kernel or named("square", 1, "pixels"))
    bands: list[Band] = []
    for band in image.bands:
        if not band.type.integral:
            raise bad_request(f"Only integer bands are supported: band '{band.name}' is not.")
        groups = [directions] if average else [[direction] for direction in directions]
        for group in groups:
            ending = "" if average else f"_{group[0][1]}_{group[0][0]}"
            bands += _metric_bands(band, size, group, ending)
    return image.with_bands(bands)


def _metric_bands(band: Band, size: int, directions: list[tuple[int, int]], ending: str) -> list[Band]:
    def averaged(reader: Reader, grid: Grid) -> list[Raster]:
        each = [_texture(reader, grid, band, size, direction) for direction in directions]
        return [
            Raster(
                np.mean([found[k].values.astype(np.float64) for found in each], axis=0),
                np.minimum.reduce([found[k].mask for found in each]),
            )
            for k in range(len(METRICS))
        ]

    def pick(position: int) -> Compute:
        return lambda reader, grid: reader.once((averaged, grid), lambda: averaged(reader, grid))[position]

    return [
        Band(f"{band.name}_{name}{ending}", DOUBLE, band.projection, pick(k), (band,), band.size)
        for k, name in enumerate(METRICS)
    ]
