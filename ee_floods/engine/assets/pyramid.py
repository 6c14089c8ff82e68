"""Pyramid levels: each pixel of a level is made of 2 x 2 pixels of the finer one, by the band's policy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.errors import bad_request

__all__ = ["POLICIES", "coarser", "halve", "level_count"]

POLICIES = ("MEAN", "SAMPLE", "MIN", "MAX", "MODE", "MEDIAN")
"""Policies of the service (reference/rest/v1/PyramidingPolicy)."""

_TOP_LEVEL_PIXELS = 256  # the coarsest level fits one tile
_STRIP_ROWS = 1024  # rows reduced at a time; even, so that no 2 x 2 block is cut


def level_count(height: int, width: int) -> int:
    """Return how many levels an image of this size has, the native one included."""
    levels = 1
    while max(height, width) > _TOP_LEVEL_PIXELS:
        height, width, levels = (height + 1) // 2, (width + 1) // 2, levels + 1
    return levels


def halve(
    values: NDArray[np.generic], valid: NDArray[np.bool_], policy: str
) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
    """Return the next coarser level of one band.

    Only valid pixels count; a coarse pixel is valid where one of its four is. SAMPLE takes the upper left
    pixel, mask included. MODE takes the most frequent value, the smallest of several. MEAN of an integer band
    is rounded.

    Args:
        values: `(H, W)`.
        valid: `(H, W)`.
        policy: One of `POLICIES`.

    Returns:
        Values and validity, `(ceil(H / 2), ceil(W / 2))`.
    """
    if policy not in POLICIES:
        raise bad_request(f"Unknown pyramiding policy '{policy}'.")
    if policy == "SAMPLE":
        return values[::2, ::2].copy(), valid[::2, ::2].copy()
    height, width = values.shape
    pad = ((0, height % 2), (0, width % 2))
    blocks = _blocks(np.pad(values, pad))
    inside = _blocks(np.pad(valid, pad))
    any_valid = inside.any(axis=-1)
    if policy == "MEAN":
        reduced = _mean(blocks, inside)
    elif policy == "MODE":
        reduced = _mode(blocks, inside)
    elif policy == "MEDIAN":
        reduced = _median(blocks, inside)
    else:
        lowest, highest = _extremes(values.dtype)
        fill = highest if policy == "MIN" else lowest
        filled = np.where(inside, blocks, fill)
        reduced = filled.min(axis=-1) if policy == "MIN" else filled.max(axis=-1)
    out = np.where(any_valid, reduced, 0).astype(values.dtype)
    return out, np.asarray(any_valid, bool)


def coarser(
    values: NDArray[np.generic], valid: NDArray[np.bool_], policy: str
) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
    """Return what `halve` returns, strip by strip, so that memory stays a fraction of the image's."""
    height, width = values.shape
    out = np.empty(((height + 1) // 2, (width + 1) // 2), values.dtype)
    out_valid = np.empty(out.shape, bool)
    for row in range(0, height, _STRIP_ROWS):
        stop = min(row + _STRIP_ROWS, height)
        place = slice(row // 2, (stop + 1) // 2)
        out[place], out_valid[place] = halve(values[row:stop], valid[row:stop], policy)
    return out, out_valid


def _blocks(array: NDArray[np.generic]) -> NDArray[np.generic]:
    height, width = array.shape
    split = array.reshape(height // 2, 2, width // 2, 2)  # (h, 2, w, 2)
    return split.transpose(0, 2, 1, 3).reshape(height // 2, width // 2, 4)  # (h, w, 4)


def _mean(blocks: NDArray[np.generic], inside: NDArray[np.generic]) -> NDArray[np.generic]:
    counts = np.maximum(inside.sum(axis=-1), 1)
    total = np.where(inside, blocks, 0).astype(np.float64).sum(axis=-1)
    mean: NDArray[np.float64] = total / counts
    return np.rint(mean) if np.issubdtype(blocks.dtype, np.integer) else mean


def _mode(blocks: NDArray[np.generic], inside: NDArray[np.generic]) -> NDArray[np.generic]:
    same = blocks[..., :, None] == blocks[..., None, :]  # (h, w, 4, 4)
    votes = (same & inside[..., None, :].astype(bool)).sum(axis=-1)
    votes = np.where(inside, votes, 0)
    most = votes.max(axis=-1, keepdims=True)
    _, highest = _extremes(blocks.dtype)
    winners = np.where((votes == most) & inside.astype(bool), blocks, highest)
    smallest: NDArray[np.generic] = winners.min(axis=-1)
    return smallest


def _median(blocks: NDArray[np.generic], inside: NDArray[np.generic]) -> NDArray[np.generic]:
    masked = np.where(inside, blocks.astype(np.float64), np.nan)
    ordered = np.sort(masked, axis=-1)  # NaN last
    count = inside.sum(axis=-1)
    low = np.maximum((count - 1) // 2, 0)[..., None]
    high = np.minimum(np.maximum(count // 2, 0), 3)[..., None]
    pair = np.take_along_axis(ordered, low, -1) + np.take_along_axis(ordered, high, -1)
    median: NDArray[np.float64] = np.nan_to_num(pair[..., 0] / 2)
    return np.rint(median) if np.issubdtype(blocks.dtype, np.integer) else median


def _extremes(dtype: np.dtype[np.generic]) -> tuple[float, float]:
    if np.issubdtype(dtype, np.integer):
        info = np.iinfo(dtype.name)
        return info.min, info.max
    return -np.inf, np.inf
