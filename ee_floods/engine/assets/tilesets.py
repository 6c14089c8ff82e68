"""Reading a tileset's files: GeoTIFFs side by side, or TFRecords of patches with their mixer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.contracts.mixer import Mixer
from ee_floods.contracts.tfrecord import decode_example, read_stream
from ee_floods.engine.assets.geotiff import GeoTiff, inspect
from ee_floods.engine.errors import bad_request
from ee_floods.engine.storage.store import StoredObject
from ee_floods.grid import Grid, Window, same_crs

__all__ = ["ReadBand", "read_geotiffs", "read_tfrecords"]

Scratch = Callable[[Grid, str], NDArray[Any]]
"""Makes an array of a grid's shape and a NumPy type, on disk."""

_ROWS = 1024
_ALIGNED = 1e-3  # of a pixel: files of one tileset must share a lattice


@dataclass(frozen=True)
class ReadBand:
    """One band of a tileset, `(H, W)` values and validity."""

    name: str
    grid: Grid
    values: NDArray[Any]
    valid: NDArray[Any]


def read_geotiffs(objects: Sequence[StoredObject], crs: str | None, scratch: Scratch) -> list[ReadBand]:
    """Return the bands of GeoTIFFs that lie side by side on one lattice; a later file covers an earlier one.

    Raises:
        EngineError: If a file is no raster, has no CRS, or does not fit the others.
    """
    infos = [inspect(stored.path) for stored in objects]
    first = infos[0]
    base_crs = crs or first.grid.crs
    if crs is None and not first.has_crs:
        raise bad_request(f"The file '{objects[0].name}' has no coordinate reference system.")
    offsets = [
        _offset(first.grid, info.grid, stored.name) for info, stored in zip(infos, objects, strict=True)
    ]
    for info, stored in zip(infos, objects, strict=True):
        if info.dtypes != first.dtypes:
            raise bad_request(f"The file '{stored.name}' has other bands than '{objects[0].name}'.")
    top, left = min(row for row, _ in offsets), min(col for _, col in offsets)
    bottom = max(row + info.grid.height for (row, _), info in zip(offsets, infos, strict=True))
    right = max(col + info.grid.width for (_, col), info in zip(offsets, infos, strict=True))
    lattice = Grid(base_crs, first.grid.transform, first.grid.shape)
    grid = lattice.crop(Window(top, left, bottom - top, right - left))
    values = [scratch(grid, dtype) for dtype in first.dtypes]
    valid = [scratch(grid, "bool") for _ in first.dtypes]
    unnamed = tuple(str(number) for number in range(len(first.dtypes)))
    for stored, info, (row, col) in zip(objects, infos, offsets, strict=True):
        source = GeoTiff(stored.path, unnamed, ("MEAN",) * len(unnamed))
        for start in range(0, info.grid.height, _ROWS):
            window = Window(start, 0, min(_ROWS, info.grid.height - start), info.grid.width)
            place = (
                slice(row - top + start, row - top + start + window.height),
                slice(col - left, col - left + window.width),
            )
            for number, raster in enumerate(source.read(unnamed, 0, window)):
                inside = raster.mask > 0
                values[number][place] = np.where(inside, raster.values, values[number][place])
                valid[number][place] |= inside
    return [ReadBand(name, grid, v, m) for name, v, m in zip(first.names, values, valid, strict=True)]


def read_tfrecords(
    records: Sequence[StoredObject], mixer: StoredObject, dtype: str | None, scratch: Scratch
) -> list[ReadBand]:
    """Return the bands of patches in TFRecords, laid out by their mixer; kernel margins are cropped.

    Raises:
        EngineError: If patches are missing, or a record is not a patch of the mixer's size.
    """
    layout = Mixer.from_json(mixer.path.read_text(encoding="utf-8"), mixer.name)
    grid, (height, width) = layout.grid, layout.patch
    values: dict[str, NDArray[Any]] = {}
    count = 0
    for stored in sorted(records, key=lambda item: item.name):
        for payload in _payloads(stored.path, stored.name):
            if count >= layout.total_patches:
                raise bad_request(
                    f"The TFRecords hold more than the {layout.total_patches} patches of the mixer."
                )
            row, col = divmod(count, layout.patches_per_row)
            place = (
                slice(row * height, (row + 1) * height),
                slice(col * width, (col + 1) * width),
            )
            for name, feature in decode_example(payload, stored.name).items():
                if isinstance(feature, list):
                    raise bad_request(f"The band '{name}' of '{stored.name}' holds bytes, not numbers.")
                if name not in values:
                    if count:
                        raise bad_request(f"The band '{name}' is not in every record of '{stored.name}'.")
                    default = "int64" if feature.dtype == np.int64 else "float32"
                    values[name] = scratch(grid, dtype or default)
                values[name][place] = _patch(feature, height, width, name, stored.name)
            count += 1
    if count != layout.total_patches:
        raise bad_request(f"The TFRecords hold {count} patches, their mixer tells of {layout.total_patches}.")
    bands = []
    for name in sorted(values):
        valid = scratch(grid, "bool")
        valid[...] = True
        if values[name].dtype.kind == "f":
            valid[...] = ~np.isnan(values[name])
        bands.append(ReadBand(name, grid, values[name], valid))
    return bands


def _payloads(path: Path, name: str) -> Any:
    with path.open("rb") as stream:
        yield from read_stream(stream, name)


def _patch(feature: NDArray[Any], height: int, width: int, band: str, source: str) -> NDArray[Any]:
    """Return the `(height, width)` pixels in the middle of a flat patch that may have equal margins."""
    if feature.size == height * width:
        return feature.reshape(height, width)
    # (height + 2 m) * (width + 2 m) pixels with the same margin on every side
    for margin in range(1, 2 * max(height, width)):
        full = (height + 2 * margin, width + 2 * margin)
        if full[0] * full[1] == feature.size:
            return feature.reshape(full)[margin:-margin, margin:-margin]
        if full[0] * full[1] > feature.size:
            break
    raise bad_request(
        f"A record of '{source}' holds {feature.size} pixels of band '{band}'; the mixer's patches have "
        f"{width}x{height}."
    )


def _offset(base: Grid, other: Grid, name: str) -> tuple[int, int]:
    """Return row and column of `other`'s first pixel in the lattice of `base`."""
    a, b, c, d, e, f = base.transform
    same_size = all(abs(base.transform[i] - other.transform[i]) <= 1e-9 * base.scale for i in (0, 1, 3, 4))
    determinant = a * e - b * d
    dx, dy = other.transform[2] - c, other.transform[5] - f
    col, row = (e * dx - b * dy) / determinant, (a * dy - d * dx) / determinant
    aligned = abs(col - round(col)) < _ALIGNED and abs(row - round(row)) < _ALIGNED
    if not (same_size and aligned and same_crs(base.crs, other.crs)):
        raise bad_request(f"The file '{name}' does not lie on the same pixel grid as the other sources.")
    return round(row), round(col)
