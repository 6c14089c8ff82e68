"""Samples of images: pixels as features, at random, by class, by region, as arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.algorithms.image_sources import uniform
from ee_floods.engine.errors import bad_request
from ee_floods.engine.records import Raster
from ee_floods.engine.region_pixels import RegionPixels, read_region, region_grid, region_of
from ee_floods.engine.regions import grid_of_region, inside, working_projection
from ee_floods.engine.registry import algorithm
from ee_floods.engine.request import Request
from ee_floods.engine.values.collection import Collection
from ee_floods.engine.values.elements import Element, Feature, element_get, element_index
from ee_floods.engine.values.geometry import Geometry
from ee_floods.engine.values.image import Image
from ee_floods.engine.values.projection import Projection, centres
from ee_floods.grid import Grid

_UNLIMITED = float("inf")


def _value(raster: Raster, position: int) -> Any:
    if raster.mask[position] == 0:
        return None
    value = raster.values[position]
    return value.item() if np.ndim(value) == 0 else np.asarray(value)


def _point(grid: Grid, row: int, col: int) -> Geometry:
    x, y = centres(grid, "EPSG:4326")
    return Geometry.point(float(x[row, col]), float(y[row, col]))


def _features(
    image: Image,
    grid: Grid,
    pixels: RegionPixels,
    chosen: Sequence[int] | NDArray[Any],
    points: bool,
    drop: bool,
) -> Iterator[Feature]:
    for number, k in enumerate(chosen):
        values = {
            band.name: _value(raster, k) for band, raster in zip(image.bands, pixels.rasters, strict=True)
        }
        if drop and any(value is None for value in values.values()):
            continue
        place = _point(grid, int(pixels.rows[k]), int(pixels.cols[k])) if points else None
        known = {name: value for name, value in values.items() if value is not None}
        yield Feature(place, {"system:index": str(number), **known})


def _draw(grid: Grid, pixels: RegionPixels, seed: int) -> NDArray[np.float64]:
    """A number in [0, 1) per pixel, from its place and the seed: the same whatever the region."""
    a, b, c, d, e, f = grid.transform
    col, row = pixels.cols + 0.5, pixels.rows + 0.5
    return uniform(c + a * col + b * row, f + d * col + e * row, seed)


def _read(
    request: Request,
    image: Image,
    region: Geometry | None,
    scale: float | None,
    projection: Projection | None,
) -> tuple[Grid, RegionPixels, NDArray[np.intp]]:
    """The grid, the pixels and the positions of those whose centre is inside the region."""
    area = region_of(image, region)
    grid = region_grid(
        area, working_projection(image.first().projection, projection, None, scale), _UNLIMITED, False
    )
    pixels = read_region(request.reader, image.bands, area, grid)
    return grid, pixels, np.flatnonzero(pixels.centred)


@algorithm("Image.sample", request=True)
def sample(
    request: Request, image: Image, region: Geometry | None, scale: float | None,
    projection: Projection | None, factor: float | None, number: int | None, seed: int, drop: bool,
    tile_scale: float, points: bool,
) -> Collection:  # fmt: skip
    """Pixels of a region as features, all of them or about as many as asked for."""
    if factor is not None and number is not None:
        raise bad_request("Specify at most one of 'factor' and 'numPixels'.")

    def elements() -> Iterator[Element]:
        grid, pixels, chosen = _read(request, image, region, scale, projection)
        if factor is not None or number is not None:
            drawn = _draw(grid, pixels, seed)[chosen]
            if factor is not None:
                chosen = chosen[drawn < factor]
            elif number is not None and number < chosen.size:
                chosen = chosen[np.sort(np.argsort(drawn, kind="stable")[:number])]
        return _features(image, grid, pixels, chosen, points, drop)

    return Collection(elements, images=False)


@algorithm("Image.stratifiedSample", request=True)
def stratified_sample(
    request: Request, image: Image, count: int, class_band: str | None, region: Geometry | None,
    scale: float | None, projection: Projection | None, seed: int, class_values: list[int] | None,
    class_points: list[int] | None, drop: bool, tile_scale: float, points: bool,
) -> Collection:  # fmt: skip
    """Up to so many pixels of each class."""
    names = image.names
    position = 0 if class_band is None else names.index(image.band(class_band).name)
    if not image.bands[position].type.integral:
        raise bad_request("The class band must be of an integer type.")
    if (class_values is None) != (class_points is None) or len(class_values or ()) != len(class_points or ()):
        raise bad_request("'classValues' and 'classPoints' must have the same size.")
    wanted = dict(zip(class_values or (), class_points or (), strict=True))

    def elements() -> Iterator[Element]:
        grid, pixels, chosen = _read(request, image, region, scale, projection)
        valid = pixels.rasters[position].mask > 0
        if drop:
            for raster in pixels.rasters:
                valid &= raster.mask > 0
        chosen = chosen[valid[chosen]]
        drawn = _draw(grid, pixels, seed)
        classes = pixels.rasters[position].values
        picked = []
        for value in np.unique(classes[chosen]):
            members = chosen[classes[chosen] == value]
            number = wanted.get(int(value), count)
            picked.append(members[np.sort(np.argsort(drawn[members], kind="stable")[:number])])
        every = np.concatenate(picked) if picked else np.zeros(0, np.intp)
        return _features(image, grid, pixels, every, points, drop)

    return Collection(elements, images=False)


@algorithm("Image.sampleRegions", request=True)
def sample_regions(
    request: Request, image: Image, collection: Collection, properties: list[str] | None, scale: float | None,
    projection: Projection | None, tile_scale: float, points: bool,
) -> Collection:  # fmt: skip
    """Pixels of each feature's region with properties of the feature; masked pixels are dropped."""
    target = working_projection(image.first().projection, projection, None, scale)

    def elements() -> Iterator[Element]:
        for element in collection:
            if element.geometry is None:
                continue
            if properties is None:
                kept = {k: v for k, v in element.properties.items() if not k.startswith("system:")}
            else:
                kept = {name: element_get(element, name) for name in properties}
            grid = region_grid(element.geometry, target, _UNLIMITED, False)
            pixels = read_region(request.reader, image.bands, element.geometry, grid)
            chosen = np.flatnonzero(pixels.centred)
            for feature in _features(image, grid, pixels, chosen, points, True):
                index = f"{element_index(element)}_{element_index(feature)}"
                yield Feature(feature.geometry, {**feature.properties, **kept, "system:index": index})

    return Collection(elements, images=False)


@algorithm("Image.sampleRectangle", request=True)
def sample_rectangle(
    request: Request, image: Image, region: Geometry | None, properties: list[str] | None,
    default: float | None, default_array: Any,
) -> Feature:  # fmt: skip
    """The pixels of a region's box as one array per band."""
    area = region_of(image, region)
    values: dict[str, Any] = {}
    for band in image.bands:
        grid = grid_of_region(area, band.projection)
        if grid.height * grid.width > (most := request.limits.rectangle_pixels):
            raise bad_request(
                f"Too many pixels in sample; must be <= {most}. Got {grid.height * grid.width}."
            )
        raster = request.reader.read(band, grid)
        within = inside(area, grid)
        valid = raster.mask > 0 if within is None else (raster.mask > 0) & within
        if not valid.all():
            if default is None:
                raise bad_request(
                    f"The sample for band '{band.name}' has masked pixels; set 'defaultValue' to fill them."
                )
            values[band.name] = np.where(valid, raster.values, band.type.cast(np.asarray(default)))
        else:
            values[band.name] = np.array(raster.values)
    kept = image.properties if properties is None else {name: element_get(image, name) for name in properties}
    return Feature(area, {**kept, **values})


@algorithm("FeatureCollection.randomPoints")
def random_points(region: Geometry, number: int, seed: int, error: Any) -> Collection:
    """Points drawn evenly over a region (by area on the ground)."""
    import shapely

    from ee_floods.engine.geometry_sets import as_area

    west, south, east, north = region.require_bounded().bounds
    if not np.isfinite(east - west):
        raise bad_request("The region is wider than the Earth.")
    shape = as_area(region.planar())
    shapely.prepare(shape)
    generator = np.random.default_rng(abs(seed))
    low, high = np.sin(np.radians([south, north]))
    found: list[Geometry] = []
    for _ in range(10_000):
        x = generator.uniform(west, east, 4096)
        y = np.degrees(np.arcsin(generator.uniform(low, high, 4096)))
        hit = shapely.contains_xy(shape, x, y)
        found += [Geometry.point(float(a), float(b)) for a, b in zip(x[hit], y[hit], strict=True)]
        if len(found) >= number:
            break
    points = [Feature(point, {"system:index": str(i)}) for i, point in enumerate(found[:number])]
    return Collection.of(points, images=False)


@algorithm("Collection.randomColumn")
def random_column(
    collection: Collection, name: str, seed: int, distribution: str, keys: list[str]
) -> Collection:
    """A random number per element that depends on its keys and the seed alone."""
    import hashlib

    from scipy import special

    def one(element: Element) -> Element:
        text = "/".join(str(element_get(element, key)) for key in keys)
        digest = hashlib.sha256(f"{seed}/{text}".encode()).digest()
        drawn = int.from_bytes(digest[:8], "big") / 2.0**64
        value = float(special.ndtri(max(drawn, 1e-12))) if distribution == "normal" else drawn
        return element.with_properties({**element.properties, name: value})

    return collection.mapped(one)
