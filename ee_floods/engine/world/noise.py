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
    # All eight corners of a cell in one array: small fields would spend their time in calls.
    ends = np.empty((3, 2, *fraction[:, 0].shape), dtype=np.uint32)  # (axis, low or high, K, N)
    offsets = np.empty(ends.shape, dtype=np.float32)
    for axis in range(3):
        np.multiply(index[:, axis], _PRIMES[axis], out=ends[axis, 0])
        np.add(ends[axis, 0], _PRIMES[axis], out=ends[axis, 1])
        offsets[axis, 0] = fraction[:, axis]
        np.subtract(fraction[:, axis], np.float32(1), out=offsets[axis, 1])
    ends[0] ^= keys[:, None]
    words = mix32(ends[2][:, None, None] ^ (ends[1][:, None] ^ ends[0])).view(np.int32)  # (z, y, x, K, N)
    # The lowest three bytes of the hash, as signed numbers, are the gradient.
    total = ((words << 24) >> 24).astype(np.float32)
    total *= offsets[0]
    part, byte = np.empty_like(total), np.empty_like(words)
    for axis, left, shape in ((1, 16, (2, 1)), (2, 8, (2, 1, 1))):
        np.left_shift(words, left, out=byte)
        byte >>= 24
        np.copyto(part, byte)
        part *= offsets[axis].reshape(*shape, *total.shape[-2:])
        total += part
    for axis in range(3):
        low, high = total[..., 0, :, :], total[..., 1, :, :]
        high -= low
        high *= fade[:, axis]
        high += low
        total = high
    total *= np.float32(_UNIT_VARIANCE)
    return total


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
