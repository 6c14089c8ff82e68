"""Smooth noise at absolute places on the sphere, and its interpolation from coarse nodes to pixels.

Noise is gradient noise (K. Perlin, 2002, quintic fade) in three dimensions, evaluated on the sphere's
surface in metres from its centre. So it has no seam at UTM zones, the antimeridian or the poles, and any
coordinate reference system sees the same field.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.world.hashing import mix32, stream_key

__all__ = ["Octaves", "gradient_noise", "upsample"]

_UNIT_VARIANCE = 5.235 / 127.5
"""Makes the noise below have variance 1; measured over 2e5 random points at five wavelengths."""

_PRIMES = (np.uint32(0x9E3779B1), np.uint32(0x85EBCA77), np.uint32(0xC2B2AE3D))


class Octaves:
    """A set of independent noise fields evaluated together, because one large array beats many small ones.

    Args:
        seed: The world's seed.
        fields: `(name, wavelength in m)` of each field.
    """

    def __init__(self, seed: int, fields: Sequence[tuple[str, float]]) -> None:
        self.names = tuple(name for name, _ in fields)
        self.wavelengths = np.array([wavelength for _, wavelength in fields], dtype=np.float64)
        keys = [stream_key(seed, "noise", name) & 0xFFFFFFFF for name in self.names]
        self.keys = np.array(keys, dtype=np.uint32)

    def __call__(self, points: NDArray[np.float64]) -> dict[str, NDArray[np.float32]]:
        """Return each field at `points` `(..., 3)` in m, as `(...)` float32 of mean 0 and variance 1."""
        shape = points.shape[:-1]
        values = gradient_noise(points.reshape(-1, 3), self.keys, self.wavelengths)
        return {name: values[i].reshape(shape) for i, name in enumerate(self.names)}


def gradient_noise(
    points: NDArray[np.float64], keys: NDArray[np.uint32], wavelengths: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return gradient noise of mean 0 and variance 1.

    Args:
        points: `(N, 3)` in m.
        keys: `(K,)` streams.
        wavelengths: `(K,)` sizes of a lattice cell in m.

    Returns:
        `(K, N)` float32.
    """
    cells = points.T[None, :, :] / wavelengths[:, None, None]  # (K, 3, N)
    floors = np.floor(cells)
    fraction = (cells - floors).astype(np.float32)
    index = floors.astype(np.int64).astype(np.uint32)
    fade = fraction * fraction * fraction * (fraction * (fraction * 6 - 15) + 10)
    low = [index[:, axis] * _PRIMES[axis] for axis in range(3)]
    high = [value + prime for value, prime in zip(low, _PRIMES, strict=True)]
    low[0] = low[0] ^ keys[:, None]
    high[0] = high[0] ^ keys[:, None]
    offsets = [(fraction[:, axis], fraction[:, axis] - np.float32(1)) for axis in range(3)]
    layers = []
    for z in (0, 1):
        lines = []
        for y in (0, 1):
            ends = []
            for x in (0, 1):
                word = (high if x else low)[0] ^ (high if y else low)[1]
                word = mix32(word ^ (high if z else low)[2])
                # The bytes of the hash are the gradient: one conversion instead of shifts and masks.
                gradient = word.view(np.int8).reshape(*word.shape, 4)
                total = gradient[..., 0].astype(np.float32) * offsets[0][x]
                total += gradient[..., 1].astype(np.float32) * offsets[1][y]
                total += gradient[..., 2].astype(np.float32) * offsets[2][z]
                ends.append(total)
            lines.append(ends[0] + fade[:, 0] * (ends[1] - ends[0]))
        layers.append(lines[0] + fade[:, 1] * (lines[1] - lines[0]))
    result = layers[0] + fade[:, 2] * (layers[1] - layers[0])
    result *= np.float32(_UNIT_VARIANCE)
    return np.asarray(result, dtype=np.float32)


@lru_cache(maxsize=64)
def _weights(step: int, count: int) -> NDArray[np.float32]:
    """Catmull-Rom weights `((count - 3) * step, count)` of nodes at the pixel centres between them."""
    t = (np.arange(step) + 0.5) / step
    taps = [
        -0.5 * t + t**2 - 0.5 * t**3,
        1 - 2.5 * t**2 + 1.5 * t**3,
        0.5 * t + 2 * t**2 - 1.5 * t**3,
        -0.5 * t**2 + 0.5 * t**3,
    ]
    weights = np.zeros(((count - 3) * step, count), dtype=np.float32)
    for i in range(count - 3):
        for tap, values in enumerate(taps):
            weights[i * step : (i + 1) * step, i + tap] = values
    return weights


def upsample(nodes: NDArray[np.float32], step: int) -> NDArray[np.float32]:
    """Interpolate nodes to pixel centres (Catmull-Rom); nodes reach one step outside the block.

    Two products with a constant matrix, always of one shape for one kind of block, so that a pixel is the
    same number wherever its block lies in a request.

    Args:
        nodes: `(..., m + 3, n + 3)` values every `step` pixels, the second node at the block's corner.
        step: Pixels between nodes; 1 means that nodes are pixel centres already and are returned as given.

    Returns:
        `(..., m * step, n * step)` float32.
    """
    if step == 1:
        return nodes
    rows, columns = _weights(step, nodes.shape[-2]), _weights(step, nodes.shape[-1])
    return np.asarray(rows @ np.ascontiguousarray(nodes) @ columns.T, dtype=np.float32)
