"""Composites of collections: stacks of images reduced to one, pixel by pixel."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.array_pixels import chosen, is_packed
from ee_floods.engine.errors import bad_request
from ee_floods.engine.homogeneity import guarded
from ee_floods.engine.records import Raster
from ee_floods.engine.values.collection import Collection
from ee_floods.engine.values.geometry import Geometry
from ee_floods.engine.values.image import Band, Image
from ee_floods.engine.values.pixeltype import PixelType
from ee_floods.engine.values.projection import WGS84
from ee_floods.engine.values.reducer import Reducer, Samples, output_names
from ee_floods.grid import Grid

if TYPE_CHECKING:
    from ee_floods.engine.reading import Reader

__all__ = ["mosaic", "quality_mosaic", "reduce_images", "stack_reduce"]


def images_of(collection: Collection) -> list[Image]:
    """Return the images of a collection.

    Raises:
        EngineError: If it holds something else.
    """
    images = []
    for element in collection:
        if not isinstance(element, Image):
            raise bad_request("Expected a collection of images, but it holds features.")
        images.append(element)
    return images


def _union_type(bands: Iterable[Band]) -> PixelType:
    types = [band.type for band in bands]
    answer = types[0]
    for type_ in types[1:]:
        answer = answer.union(type_)
    return answer


def _by_name(images: list[Image]) -> dict[str, list[Band]]:
    names: dict[str, list[Band]] = {band.name: [] for band in (images[0].bands if images else ())}
    for image in images:
        for band in image.bands:
            if band.name in names:
                names[band.name].append(band)
    return names


def _covers(footprint: Geometry | None, grid: Grid) -> bool:
    """Whether an image can have data on a grid; may say yes wrongly, never no."""
    if footprint is None or footprint.unbounded:
        return True
    west, south, east, north = grid.lonlat_bounds
    a, b, c, d = footprint.bounds
    margin = 0.01 + 0.02 * max(east - west, north - south)
    if west > east or c - a > 180 or east - west > 180:  # near the antimeridian: latitude only
        return not (b > north + margin or d < south - margin)
    return not (a > east + margin or c < west - margin or b > north + margin or d < south - margin)


def _has_data(image: Image, grid: Grid) -> bool:
    return _covers(image.footprint, grid)


SPREAD = 500
"""Images from which a collection that a library can narrow is composited region by region, so that a mosaic
of every tile of the Earth reads the few that lie under the pixels asked for."""

_CELL = 1.0  # degrees: regions are whole cells, so that neighbouring tiles of an answer share one


def by_region(composite: Callable[[Collection], Image], collection: Collection) -> Image | None:
    """Return the composite of a spread-out collection, each pixel from the images around it.

    Args:
        composite: Makes one image of a collection.
        collection: The collection.

    Returns:
        The image, with the bands that the first image gives; None if the collection is small, or its library
        cannot be asked for part of it.
    """
    head = list(itertools.islice(collection, SPREAD))
    if len(head) < SPREAD or collection.over((0.0, 0.0, 1.0, 1.0)) is None:
        return None
    parts: dict[tuple[float, float, float, float], Image] = {}

    def part(grid: Grid) -> Image:
        cell = _cell(grid)
        if cell not in parts:
            fewer = collection.over(cell)
            parts[cell] = composite(Collection.of([] if fewer is None else fewer.elements(), images=True))
        return parts[cell]

    def lazy(band: Band) -> Band:
        def compute(reader: Reader, grid: Grid) -> Raster:
            found = [other for other in part(grid).bands if other.name == band.name]
            if not found:
                return Raster(np.zeros(grid.shape, band.type.dtype), np.zeros(grid.shape, np.float32))
            return reader.read(found[0], grid)

        return Band(band.name, band.type, WGS84, compute, ())

    template = composite(Collection.of(head[:1], images=True))
    return Image(tuple(lazy(band) for band in template.bands), {}, None)


def _cell(grid: Grid) -> tuple[float, float, float, float]:
    west, south, east, north = grid.lonlat_bounds
    if west > east or not all(math.isfinite(v) for v in (west, south, east, north)):
        west, east = -180.0, 180.0  # across the antimeridian
    low = (math.floor((west - 0.01) / _CELL) * _CELL, math.floor((south - 0.01) / _CELL) * _CELL)
    high = (math.ceil((east + 0.01) / _CELL) * _CELL, math.ceil((north + 0.01) / _CELL) * _CELL)
    return max(low[0], -180.0), max(low[1], -90.0), min(high[0], 180.0), min(high[1], 90.0)


def mosaic(collection: Collection) -> Image:
    """Return the last image on top: partly transparent pixels let the ones below shine through."""
    spread = by_region(mosaic, collection)
    if spread is not None:
        return spread
    images = images_of(collection)
    footprints = {id(band.compute): image.footprint for image in images for band in image.bands}

    def lazy(name: str, bands: list[Band]) -> Band:
        type_ = _union_type(bands)

        def compute(reader: Reader, grid: Grid) -> Raster:
            values = np.zeros((*grid.shape, *(0,) * type_.dimensions), type_.dtype)
            mask = np.zeros(grid.shape, np.float32)
            for band in reversed(bands):
                if not _covers(footprints[id(band.compute)], grid):
                    continue
                raster = reader.read(band, grid)
                shows = (raster.mask > mask) if mask.any() else raster.mask > 0
                fresh = shows & (mask == 0)
                if type_.dimensions:
                    top = Raster(type_.cast(raster.values), raster.mask)
                    values = chosen(fresh, top, Raster(values, mask)) if fresh.any() else values
                else:
                    values[fresh] = raster.values[fresh]
                mask = np.where(fresh, raster.mask, mask)
                if mask.all():
                    break
            return Raster(values, mask)

        return Band(name, type_, WGS84, compute, tuple(bands))

    found = _by_name(images)
    made = Image(tuple(lazy(name, bands) for name, bands in found.items()), {}, _extent(images))
    return guarded(made, images, _has_data)


def _extent(images: list[Image]) -> Geometry | None:
    from ee_floods.engine.bands import union_footprint

    return union_footprint(images) if images else None


def quality_mosaic(collection: Collection, quality: str) -> Image:
    """Return all bands of the image whose quality band is largest at each pixel."""
    images = images_of(collection)
    ranks = [image.band(quality) for image in images]
    found = _by_name(images)

    def lazy(name: str, bands: list[Band]) -> Band:
        type_ = _union_type(bands)
        if len(bands) != len(ranks):
            raise bad_request(f"Band '{name}' is not in every image.")

        def compute(reader: Reader, grid: Grid) -> Raster:
            values = np.zeros(grid.shape, type_.dtype)
            mask = np.zeros(grid.shape, np.float32)
            best = np.full(grid.shape, -np.inf)
            for rank, band in zip(ranks, bands, strict=True):
                quality_raster, raster = reader.read(rank, grid), reader.read(band, grid)
                better = (quality_raster.mask > 0) & (raster.mask > 0) & (quality_raster.values > best)
                values[better], mask[better] = raster.values[better], raster.mask[better]
                best[better] = quality_raster.values[better]
            return Raster(values, mask)

        return Band(name, type_, WGS84, compute, (*bands, *ranks))

    made = Image(tuple(lazy(name, bands) for name, bands in found.items()), {}, _extent(images))
    return guarded(made, images, _has_data)


def reduce_images(collection: Collection, reducer: Reducer, *, plain_names: bool = False) -> Image:
    """Return a collection reduced pixel by pixel.

    Args:
        collection: Images; bands match by name, those of the first image count.
        reducer: One input: applied to each band. More: one per band.
        plain_names: Keep band names (`reduce.median`) instead of `B_median`.
    """

    def again(part: Collection) -> Image:
        return reduce_images(part, reducer, plain_names=plain_names)

    spread = by_region(again, collection)
    if spread is not None:
        return spread
    images = images_of(collection)
    found = _by_name(images)
    footprint = _extent(images)
    if reducer.inputs == 1:
        bands: list[Band] = []
        for name, sources in found.items():
            type_ = _union_type(sources)
            names = output_names(name, reducer.outputs, always=not plain_names)
            bands += stack_reduce(names, reducer, [[band] for band in sources], type_)
        return guarded(Image(tuple(bands), {}, footprint), images, _has_data)
    if images and len(found) != reducer.inputs:
        raise bad_request(
            f"The reducer has {reducer.inputs} inputs, but the collection has {len(found)} bands."
        )
    if not images:
        return Image(())
    rows = [[image.band(name) for name in found] for image in images]
    return Image(tuple(stack_reduce(list(reducer.outputs), reducer, rows, rows[0][0].type)), {}, footprint)


def stack_reduce(
    names: list[str], reducer: Reducer, rows: list[list[Band]], type_: PixelType, *, footprints: bool = True
) -> list[Band]:
    """Return the bands of a per-pixel reduction.

    Args:
        names: One per output of the reducer.
        reducer: The reducer.
        rows: One row per sample, one band per input of the reducer.
        type_: Type of the inputs together.
        footprints: Unused rows are skipped when they are wholly masked.
    """
    types = reducer.output_types(type_)
    key = object()

    def reduce(reader: Reader, grid: Grid) -> list[Raster]:
        columns: list[list[NDArray[Any]]] = [[] for _ in range(reducer.inputs)]
        weights = []
        for row in rows:
            rasters = [reader.read(band, grid) for band in row]
            mask = rasters[0].mask
            for raster in rasters[1:]:
                mask = np.minimum(mask, raster.mask)
            if footprints and len(rows) > 1 and not mask.any():
                continue
            weights.append(mask)
            for column, raster in zip(columns, rasters, strict=True):
                column.append(raster.values)
        if not weights:
            blank = np.broadcast_to(np.float32(0), grid.shape)
            return [Raster(np.zeros(grid.shape, t.dtype), blank) for t in types]
        if any(is_packed(a) for a in columns[0]):
            raise bad_request(f"Reducer.{reducer.name}: Array pixels must have the same shape to be reduced.")
        stacked = [np.stack(column) for column in columns]
        seen = np.stack(weights)
        samples = Samples.plain(stacked, seen)
        anything = (seen > 0).any(axis=0)
        answer = []
        for (values, valid), kind in zip(reducer.reduce_stack(samples), types, strict=True):
            flags = np.reshape(valid, (*valid.shape[:2], -1)).all(axis=2) if valid.ndim > 2 else valid
            answer.append(
                Raster(kind.cast(np.asarray(values)), np.asarray(flags & anything).astype(np.float32))
            )
        return answer

    def pick(position: int) -> Callable[[Reader, Grid], Raster]:
        return lambda reader, grid: reader.once((key, grid), lambda: reduce(reader, grid))[position]

    inputs = tuple(band for row in rows for band in row)
    return [
        Band(name, kind, WGS84, pick(position), inputs)
        for position, (name, kind) in enumerate(zip(names, types, strict=True))
    ]
