"""From pixels to polygons and from features to pixels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import shapely
from affine import Affine
from rasterio.features import rasterize, shapes
from shapely.geometry import shape

from ee_floods.engine.arguments import numeric
from ee_floods.engine.errors import bad_request
from ee_floods.engine.geometry_sets import as_area
from ee_floods.engine.reading import Reader
from ee_floods.engine.records import Raster
from ee_floods.engine.region_pixels import region_grid, region_of
from ee_floods.engine.regions import inside, working_projection
from ee_floods.engine.registry import algorithm, algorithms, register
from ee_floods.engine.request import Request
from ee_floods.engine.values.collection import Collection
from ee_floods.engine.values.elements import Element, Feature, element_get
from ee_floods.engine.values.geometry import Geometry
from ee_floods.engine.values.image import Band, Image
from ee_floods.engine.values.pixeltype import DOUBLE, PixelType
from ee_floods.engine.values.projection import WGS84, Projection
from ee_floods.engine.values.reducer import Reducer, Samples, output_names
from ee_floods.grid import Grid


def _segments(label: Raster, eight: bool, grid: Grid) -> Iterator[tuple[Any, float, np.ndarray[Any, Any]]]:
    """Shape, label and `(H, W)` membership of each connected segment of equal values."""
    from skimage.measure import label as connected

    _, codes = np.unique(label.values, return_inverse=True)
    numbered = np.where(label.mask > 0, codes.reshape(label.values.shape) + 1, 0)
    segments: Any = connected(  # type: ignore[no-untyped-call]
        numbered, background=0, connectivity=2 if eight else 1
    ).astype(np.int32)
    parts: dict[int, list[Any]] = {}
    found = shapes(segments, mask=segments > 0, connectivity=4, transform=Affine(*grid.transform))
    for document, number in found:
        parts.setdefault(int(number), []).append(shape(document))
    for number in sorted(parts):
        member = segments == number
        pieces = parts[number]
        # Pixels that meet in a corner only are one segment but no valid polygon: a multi-polygon.
        whole = pieces[0] if len(pieces) == 1 else shapely.MultiPolygon(pieces)
        yield whole, label.values[member][0], member


def _to_vectors(
    request: Request, image: Image, reducer: Reducer | None, geometry: Geometry | None, scale: float | None,
    kind: str, eight: bool, label_name: str, crs: Projection | None, transform: list[float] | None,
    best_effort: bool, most: int, tile_scale: float, native: bool,
) -> Collection:  # fmt: skip
    """Connected pixels of equal value as features, with their value and a reduction of the other bands."""
    if not image.bands or not image.first().type.integral:
        raise bad_request("The first band must be of an integer type.")
    if kind not in ("polygon", "bb", "centroid"):
        raise bad_request(f"Unknown geometry type '{kind}'. Use 'polygon', 'bb' or 'centroid'.")
    applied: Reducer = reducer or algorithms()["Reducer.countEvery"].function()
    extra = image.bands[1:]
    if extra and applied.inputs not in (1, len(extra)):
        raise bad_request(
            f"The reducer has {applied.inputs} inputs, but the image has {len(extra)} more bands."
        )

    def elements() -> Iterator[Element]:
        region = region_of(image, geometry)
        projection = working_projection(image.first().projection, crs, transform, scale)
        grid = region_grid(region, projection, most, best_effort)
        rasters = request.reader.read_all(image.bands, grid)
        within = inside(region, grid)
        label = rasters[0]
        if within is not None:
            label = Raster(label.values, np.where(within, label.mask, np.float32(0)))
        for number, (found, value, member) in enumerate(_segments(label, eight, grid)):
            place = _placed(found, grid.crs, kind, native)
            properties = {"system:index": str(number), label_name: int(value), **_statistics(
                applied, label, rasters[1:], extra, member)}  # fmt: skip
            yield Feature(place, properties)

    return Collection(elements, images=False)


def _placed(found: Any, crs: str, kind: str, native: bool) -> Geometry:
    if kind == "centroid":
        found = found.centroid
    elif kind == "bb":
        found = shapely.box(*found.bounds)
    exact = Geometry(found, crs, geodesic=False)
    return exact if native else Geometry(exact.planar(), geodesic=False)


def _statistics(
    reducer: Reducer, label: Raster, rasters: list[Raster], bands: tuple[Band, ...], member: Any
) -> dict[str, Any]:
    def samples(chosen: list[Raster]) -> Samples:
        mask = np.minimum.reduce([r.mask[member] for r in chosen])
        return Samples.plain([r.values[member] for r in chosen], mask)

    if not bands:
        return dict(zip(reducer.outputs, reducer.reduce_samples(samples([label])), strict=True))
    if reducer.inputs == len(bands):
        return dict(zip(reducer.outputs, reducer.reduce_samples(samples(rasters)), strict=True))
    answer: dict[str, Any] = {}
    for band, raster in zip(bands, rasters, strict=True):
        names = output_names(band.name, reducer.outputs, always=False)
        answer.update(zip(names, reducer.reduce_samples(samples([raster])), strict=True))
    return answer


register("Image.reduceToVectors", _to_vectors, request=True)
register("Image.reduceToVectorsStreaming", _to_vectors, request=True)


def burnt(geometry: Geometry, grid: Grid, width: float | None) -> Any:
    """Pixels of a geometry, or of its outline `width` pixels wide."""
    found = as_area(geometry.planar(grid.crs))
    if width is not None:
        outline = shapely.boundary(found) if "Polygon" in found.geom_type else found
        found = shapely.buffer(outline, max(width, 1) * grid.scale / 2)
    if found.is_empty or not shapely.intersects(found, shapely.box(*grid.bounds)):
        return None
    return rasterize([found], out_shape=grid.shape, transform=Affine(*grid.transform), dtype="uint8",
                     all_touched="Polygon" not in found.geom_type).astype(bool)  # fmt: skip


@algorithm("Image.paint")
def paint(image: Image, collection: Collection, color: Any, width: Any) -> Image:
    """Geometries painted into all bands, with a number or a property's value, masked pixels too.

    The guide paints an empty image, `ee.Image().byte()`, and sees what was painted alone.
    """

    def number(value: Any, element: Element) -> float:
        if isinstance(value, str):
            value = element_get(element, value)
        return 0.0 if value is None else numeric(value, "What is painted")

    def one(band: Band) -> Band:
        type_ = (
            band.type.union(DOUBLE)
            if not isinstance(color, int)
            else band.type.union(PixelType.of_value(color))
        )

        def compute(reader: Reader, grid: Grid) -> Raster:
            raster = reader.read(band, grid)
            values, mask = type_.cast(np.array(raster.values)), raster.mask
            for element in collection:
                if element.geometry is None:
                    continue
                outline = None if width is None else number(width, element)
                covered = burnt(element.geometry, grid, outline)
                if covered is not None:
                    values = np.where(covered, type_.cast(np.asarray(number(color, element))), values)
                    mask = np.where(covered, np.float32(1), mask)
            return Raster(values, mask)

        return Band(band.name, type_, band.projection, compute, (band,), band.size)

    return image.with_bands(one(band) for band in image.bands)


@algorithm("Collection.reduceToImage")
def reduce_to_image(collection: Collection, names: list[str], reducer: Reducer) -> Image:
    """A property of the features on each pixel, reduced where several overlap."""
    if len(names) != reducer.inputs:
        raise bad_request(f"The reducer has {reducer.inputs} inputs, but {len(names)} properties were given.")

    def band_of(position: int, output: str) -> Band:
        type_ = reducer.output_types(DOUBLE)[position]

        def compute(reader: Reader, grid: Grid) -> Raster:
            layers, flags = [], []
            for element in collection:
                values = [element_get(element, name) for name in names]
                if element.geometry is None or any(v is None for v in values):
                    continue
                covered = burnt(element.geometry, grid, None)
                if covered is not None:
                    layers.append([np.full(grid.shape, float(v)) for v in values])
                    flags.append(covered.astype(np.float32))
            if not layers:
                return Raster(np.zeros(grid.shape, type_.dtype), np.zeros(grid.shape, np.float32))
            columns = [np.stack([layer[i] for layer in layers]) for i in range(len(names))]
            weights = np.stack(flags)
            found, valid = reducer.reduce_stack(Samples.plain(columns, weights))[position]
            return Raster(type_.cast(np.asarray(found)), (valid & weights.any(axis=0)).astype(np.float32))

        return Band(output, type_, WGS84, compute)

    return Image(tuple(band_of(i, output) for i, output in enumerate(reducer.outputs)))
