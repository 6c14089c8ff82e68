"""Superpixels: simple non-iterative clustering, and the seeds that it grows from.

Achanta and Suesstrunk, "Superpixels and Polygons Using Simple Non-Iterative Clustering", CVPR 2017.
"""

from __future__ import annotations

import heapq
from typing import Any

import numpy as np
import skimage
from numpy.typing import NDArray

from ee_floods.engine.blocks import in_blocks, lattice_position
from ee_floods.engine.errors import bad_request
from ee_floods.engine.neighbourhood import Padded
from ee_floods.engine.reading import Reader
from ee_floods.engine.records import Raster
from ee_floods.engine.registry import algorithm
from ee_floods.engine.values.image import Band, Compute, Image, masks_and
from ee_floods.engine.values.pixeltype import BOOLEAN, DOUBLE, PixelType
from ee_floods.engine.values.projection import WGS84
from ee_floods.grid import Grid

_INT32 = PixelType.named("int32")
_SIDES = ((0, 1), (1, 0), (0, -1), (-1, 0))
_CORNERS = ((1, 1), (1, -1), (-1, -1), (-1, 1))


def _seeded(grid: Grid, size: int, hexagons: bool) -> NDArray[np.bool_]:
    """Pixels in the middle of cells that lie fixed on the lattice; every other row of hexagons is shifted."""
    top, left = lattice_position(grid)
    row, col = top + np.arange(grid.height)[:, None], left + np.arange(grid.width)[None]
    shift = (row // size % 2) * (size // 2) if hexagons else 0
    return np.asarray((row % size == size // 2) & ((col + shift) % size == size // 2))


@algorithm("Image.Segmentation.seedGrid")
def seed_grid(size: int, kind: str) -> Image:
    """1 on seed pixels, masked elsewhere."""
    if kind not in ("square", "hex"):
        raise bad_request(f"Unknown gridType '{kind}'. Use 'square' or 'hex'.")
    _check_size(size)

    def compute(reader: Reader, grid: Grid) -> Raster:
        found = _seeded(grid, size, kind == "hex")
        return Raster(BOOLEAN.cast(found), found.astype(np.float32))

    return Image((Band("seeds", BOOLEAN, WGS84, compute),))


def _check_size(size: int) -> None:
    if not 1 <= size <= 256:
        raise bad_request(f"The size must be between 1 and 256, received {size}.")


def grown(
    spectra: NDArray[np.float64], valid: NDArray[np.bool_], seeds: NDArray[Any], size: int,
    compactness: float, eight: bool,
) -> NDArray[np.int64]:  # fmt: skip
    """Return the cluster (a number of `seeds`, 0 for none) of each pixel.

    A queue holds pixels beside clusters by their distance to the cluster's mean: squared difference of the
    bands, plus `compactness` times the squared distance in units of `size`. The nearest joins and moves it.

    Args:
        spectra: `(H, W, bands)`.
        valid: `(H, W)`; others join no cluster.
        seeds: `(H, W)` numbers from 1, 0 where there is no seed.
        size: Spacing of seeds, pixels.
        compactness: Weight of nearness.
        eight: Whether pixels touch in corners.
    """
    height, width, bands = spectra.shape
    labels = [0] * (height * width)
    open_ = valid.ravel().tolist()
    pixels = spectra.reshape(-1, bands).tolist()
    count = int(seeds.max(initial=0))
    sums = [[0.0] * (bands + 3) for _ in range(count + 1)]  # bands, row, column, number
    weight = compactness / size**2
    steps = _SIDES + _CORNERS if eight else _SIDES
    queue: list[tuple[float, int, int, int]] = []
    starts = np.flatnonzero(seeds)
    for place, label in zip(starts.tolist(), seeds.ravel()[starts].tolist(), strict=True):
        queue.append((0.0, len(queue), place, int(label)))
    heapq.heapify(queue)
    order = len(queue)
    while queue:
        _, _, place, label = heapq.heappop(queue)
        if labels[place] or not open_[place]:
            continue
        labels[place] = label
        row, col = divmod(place, width)
        total = sums[label]
        for k, value in enumerate(pixels[place]):
            total[k] += value
        total[bands] += row
        total[bands + 1] += col
        total[bands + 2] += 1
        number = total[bands + 2]
        centre_row, centre_col = total[bands] / number, total[bands + 1] / number
        for down, across in steps:
            r, c = row + down, col + across
            if not (0 <= r < height and 0 <= c < width):
                continue
            beside = r * width + c
            if labels[beside] or not open_[beside]:
                continue
            distance = weight * ((r - centre_row) ** 2 + (c - centre_col) ** 2)
            for k, value in enumerate(pixels[beside]):
                distance += (value - total[k] / number) ** 2
            heapq.heappush(queue, (distance, order, beside, label))
            order += 1
    return np.array(labels, np.int64).reshape(height, width)


def _numbers(seeds: NDArray[Any], grid: Grid) -> NDArray[np.int64]:
    """A number for each seed from the place of its first pixel on the lattice: the same in every tile."""
    top, left = lattice_position(grid)
    count = int(seeds.max(initial=0))
    places = np.flatnonzero(seeds)
    first = np.zeros(count + 1, np.int64)
    first[seeds.ravel()[places[::-1]]] = places[::-1]
    rows, cols = np.divmod(first, seeds.shape[1])
    numbers = ((top + rows) * 1_048_583 + left + cols) % (2**31 - 1)
    numbers[0] = 0
    return np.asarray(numbers)


@algorithm("Image.Segmentation.SNIC")
def snic(
    image: Image, size: int, compactness: float, connectivity: int, margin: int | None, seeds: Image | None
) -> Image:
    """Labels of superpixels (`clusters`), means of their bands, and the seeds unless they were given."""
    _check_size(size)
    if connectivity not in (4, 8):
        raise bad_request(f"The connectivity must be 4 or 8, received {connectivity}.")
    pad = 2 * size if margin is None else margin
    given = seeds.first() if seeds is not None else None
    bands, key = image.bands, object()
    inputs = bands if given is None else (*bands, given)

    def block_of(reader: Reader, block: Grid) -> list[Raster]:
        outer = block.padded(pad) if pad else block
        rasters = [reader.read(band, outer) for band in bands]
        mask = masks_and(raster.mask for raster in rasters)
        marked = _seeded(outer, size, False)
        if given is not None:
            raster = reader.read(given, outer)
            marked = (raster.values != 0) & (raster.mask > 0)
        parts: Any = (
            np.cumsum(marked).reshape(marked.shape) * marked
            if given is None
            else skimage.measure.label(marked, connectivity=connectivity // 4)  # type: ignore[no-untyped-call]
        )
        spectra = np.stack([raster.values for raster in rasters], axis=-1).astype(np.float64)
        labels = grown(spectra, mask > 0, parts, size, compactness, connectivity == 8)
        sizes = np.maximum(np.bincount(labels.ravel()), 1)
        held = np.where(labels > 0, mask, np.float32(0))
        found = [Raster(_numbers(parts, outer)[labels].astype(np.int32), held)]
        for k in range(len(bands)):
            means = np.bincount(labels.ravel(), spectra[..., k].ravel()) / sizes
            found.append(Raster(means[labels], held))
        found.append(Raster(BOOLEAN.cast(marked), np.where(marked, np.float32(1), np.float32(0))))
        return [Padded(raster, pad).inner for raster in found]

    def pick(position: int) -> Compute:
        def compute(reader: Reader, grid: Grid) -> Raster:
            return in_blocks(reader, grid, key, lambda block: block_of(reader, block))[position]

        return compute

    first = image.first()
    names = ["clusters", *(f"{band.name}_mean" for band in bands)]
    types = [_INT32, *(DOUBLE for _ in bands)]
    if given is None:
        names, types = [*names, "seeds"], [*types, BOOLEAN]
    return image.with_bands(
        Band(name, type_, first.projection, pick(k), inputs, first.size)
        for k, (name, type_) in enumerate(zip(names, types, strict=True))
    )
