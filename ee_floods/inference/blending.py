"""A model over a whole image: overlapping windows, blended so that no seam shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from ee_floods.errors import GridMismatchError, InputError, ModelMismatchError
from ee_floods.grid import Grid, Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ee_floods.models.predictor import Predictor

__all__ = ["Progress", "cosine_weights", "predict_probability"]

Progress = Callable[[int, int], None]
"""Called with the windows done and the windows in all."""

OVERLAP_SHARE = 4
"""Neighbours share a quarter of a window by default: each pixel is then seen 1.8 times on average (half of a
window would cost 4 times), and an encoder of stride 16 has 8 cells of context in a shared strip of 128."""


def cosine_weights(size: int) -> NDArray[np.float32]:
    """Return the weights of a window's pixels, a raised cosine: near 1 in the middle, above 0 at the rim.

    Args:
        size: Side of the window in pixels.

    Returns:
        float32 `(size, size)`.
    """
    # Half a pixel inward, so that no weight is 0 and a pixel seen by one rim only still has a value.
    ramp = np.sin(np.pi * (np.arange(size) + 0.5) / size) ** 2
    return np.outer(ramp, ramp).astype(np.float32)


def predict_probability(
    predictor: Predictor,
    bands: Mapping[str, NDArray[np.float32]],
    grid: Grid,
    *,
    window: int | None = None,
    overlap: int | None = None,
    progress: Progress | None = None,
) -> NDArray[np.float32]:
    """Return the probability of water over a whole image.

    Where the predictor names a window, it always sees windows of exactly that side: the last ones are moved
    inward, and an image smaller than a window is padded with NaN. A window without any measurement is
    skipped. Windows that cannot tell (NaN) have no say in a pixel that another window could see.

    Args:
        predictor: The model.
        bands: By name, float32 `(H, W)` in the bands' own units, NaN where masked.
        grid: The grid of the bands.
        window: Side in pixels; default is the predictor's own, and for a predictor without one the whole
            image at once, which cannot be changed: it derives its thresholds from the whole image.
        overlap: Pixels shared by neighbours; default is a quarter of the window.
        progress: Called after every window.

    Returns:
        float32 `(H, W)` in 0..1, NaN where an input band of the predictor is masked or it cannot tell.

    Raises:
        ModelMismatchError: If a band that the predictor needs is absent, or it answers with another shape.
        GridMismatchError: If a band does not have the grid's shape.
        InputError: If `window` is given for a predictor that needs the whole image.
    """
    inputs = _inputs(predictor, bands, grid)
    seen = np.logical_and.reduce([np.isfinite(values) for values in inputs.values()])
    if predictor.window is None:
        if window is not None:
            raise InputError(
                f"`window`={window} was given, but {predictor.name} needs the whole image at once.",
                remedy="Leave `window` out.",
            )
        probability = _checked(predictor, inputs, grid.shape).copy()
        if progress:
            progress(1, 1)
    else:
        side = window or predictor.window
        shared = side // OVERLAP_SHARE if overlap is None else overlap
        probability = _blend(predictor, inputs, seen, grid, side, shared, progress)
    probability[~seen] = np.nan
    return probability


def _inputs(
    predictor: Predictor, bands: Mapping[str, NDArray[np.float32]], grid: Grid
) -> dict[str, NDArray[np.float32]]:
    missing = [name for name in predictor.bands if name not in bands]
    if missing:
        raise ModelMismatchError(
            f"{predictor.name} needs the band(s) {', '.join(missing)}; the input has {', '.join(bands)}.",
            remedy="Choose a model for these bands, or add the bands.",
        )
    for name in predictor.bands:
        if bands[name].shape != grid.shape:
            raise GridMismatchError(
                f"Band {name} is {bands[name].shape}, its grid {grid.shape}.",
                remedy="Resample the bands to one grid.",
            )
    return {name: bands[name] for name in predictor.bands}


def _blend(
    predictor: Predictor,
    inputs: Mapping[str, NDArray[np.float32]],
    seen: NDArray[np.bool_],
    grid: Grid,
    side: int,
    overlap: int,
    progress: Progress | None,
) -> NDArray[np.float32]:
    weights = cosine_weights(side)
    total = np.zeros(grid.shape, np.float32)
    weight_sum = np.zeros(grid.shape, np.float32)
    windows = list(grid.windows(side, overlap))
    for done, place in enumerate(windows, start=1):
        rows, cols = place.slices
        if seen[rows, cols].any():
            crop = {name: _padded(values[rows, cols], side) for name, values in inputs.items()}
            answer = _checked(predictor, crop, (side, side))[: place.height, : place.width]
            told = np.isfinite(answer)
            weight = np.where(told, weights[: place.height, : place.width], np.float32(0))
            total[rows, cols] += np.where(told, answer, np.float32(0)) * weight
            weight_sum[rows, cols] += weight
        if progress:
            progress(done, len(windows))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(total / weight_sum, dtype=np.float32)  # 0/0 is NaN: no window could tell


def _padded(values: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    height, width = values.shape
    if (height, width) == (side, side):
        return values
    return np.pad(values, ((0, side - height), (0, side - width)), constant_values=np.nan)


def _checked(
    predictor: Predictor, bands: Mapping[str, NDArray[np.float32]], shape: tuple[int, int]
) -> NDArray[np.float32]:
    answer = np.asarray(predictor.probability(bands), dtype=np.float32)
    if answer.shape != shape:
        raise ModelMismatchError(
            f"{predictor.name} answered {answer.shape} for a window of {Window(0, 0, *shape)[2:]}.",
            remedy="Use a model that keeps the size of its input.",
        )
    return answer
