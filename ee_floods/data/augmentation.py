"""Geometric augmentation, drawn once and applied alike to every band and label of a chip.

Only the eight symmetries of the square: they map pixels to pixels, so labels and speckle stay as measured.
Radiometric noise is left out, since real sigma0 is calibrated and its level carries the information.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["random_crop", "random_symmetry"]


def random_crop(rng: np.random.Generator, shape: tuple[int, int], size: int) -> tuple[slice, slice]:
    """Return rows and columns of a square drawn uniformly.

    Args:
        rng: Generator to draw from.
        shape: `(H, W)` to crop from, both at least `size`.
        size: Side of the crop in pixels.
    """
    row = int(rng.integers(shape[0] - size + 1))
    col = int(rng.integers(shape[1] - size + 1))
    return slice(row, row + size), slice(col, col + size)


def random_symmetry(
    rng: np.random.Generator, *arrays: NDArray[np.float32]
) -> tuple[NDArray[np.float32], ...]:
    """Return all arrays `(H, W, C)` under one of the eight symmetries of the square, drawn uniformly.

    The results are views.
    """
    turns, mirror = int(rng.integers(4)), bool(rng.integers(2))
    turned = (np.rot90(array, turns) for array in arrays)
    return tuple(array[:, ::-1] if mirror else array for array in turned)
