"""Counter-based random numbers: a value is a pure function of a key and of absolute integer coordinates.

Nothing here has a state, so the same cell has the same value in any window, order or process.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

__all__ = ["IRWIN_HALL_SCALE", "mix32", "mix64", "stream_key", "uniform", "uniforms_of", "white_normal"]

_GOLDEN = 0x9E3779B97F4A7C15
_MASK64 = 2**64 - 1
_QUARTERS = np.uint64(0x0000FFFF0000FFFF)

IRWIN_HALL_SCALE = float(1.0 / (65536.0 * np.sqrt(4.0 / 12.0)))
"""Turns a centred sum of four 16-bit uniforms into unit variance (Irwin-Hall, n = 4)."""


def stream_key(*parts: int | str) -> int:
    """Return a 64-bit key for a named stream of random numbers; equal parts, equal key, on any machine."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def mix32(values: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Scramble 32-bit integers in place (the `lowbias32` finaliser of C. Wellons) and return them."""
    shifted = np.empty_like(values)  # one for all steps: a fresh one costs as much as the step
    values ^= np.right_shift(values, np.uint32(16), out=shifted)
    values *= np.uint32(0x7FEB352D)
    values ^= np.right_shift(values, np.uint32(15), out=shifted)
    values *= np.uint32(0x846CA68B)
    values ^= np.right_shift(values, np.uint32(16), out=shifted)
    return values


def mix64(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scramble 64-bit integers in place (the finaliser of SplitMix64, Steele et al. 2014), return them."""
    shifted = np.empty_like(values)
    values ^= np.right_shift(values, np.uint64(30), out=shifted)
    values *= np.uint64(0xBF58476D1CE4E5B9)
    values ^= np.right_shift(values, np.uint64(27), out=shifted)
    values *= np.uint64(0x94D049BB133111EB)
    values ^= np.right_shift(values, np.uint64(31), out=shifted)
    return values


def uniform(key: int, *coordinates: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return one number in [0, 1) for each tuple of integer coordinates.

    Args:
        key: Stream, see `stream_key`.
        coordinates: Integer arrays that broadcast together.
    """
    state = np.asarray(np.uint64(key & _MASK64))
    for axis, coordinate in enumerate(coordinates):
        word = coordinate.astype(np.int64).view(np.uint64) + np.uint64(((axis + 1) * _GOLDEN) & _MASK64)
        state = mix64(np.array(state ^ mix64(word)))
    return np.asarray((state >> np.uint64(11)) * (1.0 / 2**53), dtype=np.float64)


def uniforms_of(*parts: int | str, count: int = 1) -> NDArray[np.float64]:
    """Return `count` numbers in [0, 1) that belong to a tuple of names and integers."""
    return uniform(stream_key(*parts), np.arange(count, dtype=np.int64))


def white_normal(key: int, row: int, col: int, height: int, width: int) -> NDArray[np.float32]:
    """Return nearly normal, independent numbers of mean 0 and variance 1 for a window of absolute pixels.

    A sum of four 16-bit uniforms of one hash stands in for the normal law; its tails end at 3.46, and
    a filter over a few pixels (as speckle has) makes up for that.

    Args:
        key: Stream.
        row: First absolute row.
        col: First absolute column.
        height: Rows.
        width: Columns.

    Returns:
        `(height, width)` float32.
    """
    rows = np.arange(row, row + height, dtype=np.int64).view(np.uint64)
    cols = np.arange(col, col + width, dtype=np.int64).view(np.uint64)
    rows = mix64(rows * np.uint64(_GOLDEN) + np.uint64(key & _MASK64))
    cols = mix64(cols * np.uint64(0xD1B54A32D192ED03) + np.uint64((key ^ _GOLDEN) & _MASK64))
    words = mix64(rows[:, None] + cols[None, :])
    # The four 16-bit quarters of each word: two sums side by side, then their sum.
    halves = (words & _QUARTERS) + ((words >> np.uint64(16)) & _QUARTERS)
    total = ((halves + (halves >> np.uint64(32))) & np.uint64(2**32 - 1)).astype(np.float32)
    total -= np.float32(2 * 65535)
    total *= np.float32(IRWIN_HALL_SCALE)
    return np.asarray(total, dtype=np.float32)
