"""Pixels as spectra: unmixing, and how far two are apart."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.errors import bad_request
from ee_floods.engine.reading import Reader
from ee_floods.engine.records import Raster
from ee_floods.engine.registry import algorithm
from ee_floods.engine.values.image import Band, Compute, Image, masks_and, pointwise, shared
from ee_floods.engine.values.pixeltype import DOUBLE
from ee_floods.grid import Grid

Numbers = NDArray[np.float64]

_MOST_NON_NEGATIVE = 10
"""Endmembers that a non-negative solution is looked for with: it tries every subset of them."""


def _affine(members: Numbers, sums_to_one: bool) -> tuple[Numbers, Numbers]:
    """Matrix and offset of the least squares solution for a spectrum: `matrix @ spectrum + offset`.

    Args:
        members: `(bands, n)`.
        sums_to_one: Whether the solution must sum to 1 exactly.
    """
    bands, n = members.shape
    if not sums_to_one:
        return np.asarray(np.linalg.pinv(members), np.float64), np.zeros(n)
    # Whatever lies off the plane of sum 1 is not free: start in its middle and move within it.
    start = np.full(n, 1 / n)
    _, _, basis = np.linalg.svd(np.ones((1, n)))
    free = basis[1:].T  # (n, n - 1)
    matrix = free @ np.linalg.pinv(members @ free) if n > 1 else np.zeros((n, bands))
    return matrix, start - matrix @ (members @ start)


def unmixed(spectra: Numbers, members: Numbers, sums_to_one: bool, non_negative: bool) -> Numbers:
    """Return the shares `(N, n)` of endmembers `(bands, n)` in spectra `(N, bands)` by least squares."""
    n = members.shape[1]
    matrix, offset = _affine(members, sums_to_one)
    found = spectra @ matrix.T + offset
    if not non_negative:
        return found
    # The solution is the plain one of some subset of the endmembers: the best of those that are not negative.
    wrong = (found < 0).any(axis=1)
    spectra = spectra[wrong]
    best = np.zeros((len(spectra), n))
    error = np.full(len(spectra), np.inf) if sums_to_one else (spectra**2).sum(axis=1)
    for size in range(1, n):
        for subset in itertools.combinations(range(n), size):
            chosen = list(subset)
            matrix, offset = _affine(members[:, chosen], sums_to_one)
            tried = spectra @ matrix.T + offset
            residual = ((spectra - tried @ members[:, chosen].T) ** 2).sum(axis=1)
            better = (tried >= -1e-12).all(axis=1) & (residual < error)
            error = np.where(better, residual, error)
            rows = np.flatnonzero(better)
            best[rows] = 0
            best[rows[:, None], np.array(chosen)] = tried[rows].clip(0)
    found[wrong] = best
    return found


@algorithm("Image.unmix")
def unmix(image: Image, endmembers: list[list[float]], sums_to_one: bool, non_negative: bool) -> Image:
    """The share of each endmember in each pixel: `band_0`, `band_1`, ... of doubles."""
    if not endmembers or any(len(member) != len(image.bands) for member in endmembers):
        raise bad_request(
            f"Each endmember must have as many values as the image has bands ({len(image.bands)}); "
            f"received lengths {[len(member) for member in endmembers]}."
        )
    if non_negative and len(endmembers) > _MOST_NON_NEGATIVE:
        raise bad_request(
            f"At most {_MOST_NON_NEGATIVE} endmembers with 'nonNegative', received {len(endmembers)}."
        )
    members, key = np.array(endmembers, float).T, object()

    def all_shares(reader: Reader, grid: Grid) -> list[Raster]:
        rasters = [reader.read(band, grid) for band in image.bands]
        spectra = np.stack([raster.values.ravel() for raster in rasters], axis=1).astype(np.float64)
        shares = unmixed(spectra, members, sums_to_one, non_negative)
        mask = masks_and(raster.mask for raster in rasters)
        return [Raster(column.reshape(grid.shape), mask) for column in shares.T]

    def pick(position: int) -> Compute:
        return lambda reader, grid: reader.once((key, grid), lambda: all_shares(reader, grid))[position]

    first = image.first()
    return image.with_bands(
        Band(f"band_{k}", DOUBLE, shared(image.bands), pick(k), image.bands, first.size)
        for k in range(len(endmembers))
    )


def _angle(a: Numbers, b: Numbers) -> Numbers:
    lengths = np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1)
    cosine = (a * b).sum(axis=-1) / np.where(lengths > 0, lengths, 1)
    return np.asarray(np.arccos(np.clip(cosine, -1, 1)))


def _parts(spectrum: Numbers) -> Numbers:
    total = spectrum.sum(axis=-1, keepdims=True)
    return np.asarray(spectrum / np.where(total != 0, total, 1))


def _divergence(a: Numbers, b: Numbers) -> Numbers:
    p, q = _parts(a), _parts(b)
    with np.errstate(all="ignore"):
        each = (p - q) * (np.log(p) - np.log(q))
    return np.asarray(np.where((p > 0) & (q > 0), each, 0).sum(axis=-1))


_DISTANCES: dict[str, Callable[[Numbers, Numbers], Numbers]] = {
    "sam": _angle,
    "sid": _divergence,
    "sed": lambda a, b: np.asarray(((a - b) ** 2).sum(axis=-1)),
    "emd": lambda a, b: np.asarray(np.abs(np.cumsum(_parts(a) - _parts(b), axis=-1)).sum(axis=-1)),
}


@algorithm("Image.spectralDistance")
def spectral_distance(first: Image, second: Image, metric: str) -> Image:
    """How far the spectra of two images are apart in each pixel, as `distance`."""
    if metric not in _DISTANCES:
        raise bad_request(f"Unknown spectral distance metric '{metric}'. Use one of {list(_DISTANCES)}.")
    bands: Sequence[Band] = (*first.bands, *second.bands)
    if any(band.type.dimensions for band in bands[:1]):
        made = pointwise(
            "distance", DOUBLE, [first.first(), second.first()],
            lambda a, b: _DISTANCES[metric](a.astype(np.float64), b.astype(np.float64)),
        )  # fmt: skip
        return Image((made,), first.only_index(), first.footprint or second.footprint)
    count = len(first.bands)
    if len(second.bands) != count:
        raise bad_request(f"The images must have as many bands: {count} and {len(second.bands)}.")

    def function(*values: NDArray[Any]) -> Numbers:
        stacked = np.stack([v.astype(np.float64) for v in values], axis=-1)
        return _DISTANCES[metric](stacked[..., :count], stacked[..., count:])

    made = pointwise("distance", DOUBLE, bands, function)
    return Image((made,), first.only_index(), first.footprint or second.footprint)
