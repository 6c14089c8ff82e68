"""Statistics of regions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ee_floods.engine.errors import bad_request
from ee_floods.engine.region_pixels import RegionPixels, pixels_within, read_region, region_grid, region_of
from ee_floods.engine.regions import grid_of_region, working_projection
from ee_floods.engine.registry import algorithm
from ee_floods.engine.request import Request
from ee_floods.engine.values.collection import Collection
from ee_floods.engine.values.elements import Element
from ee_floods.engine.values.geometry import Geometry
from ee_floods.engine.values.image import Image
from ee_floods.engine.values.projection import Projection, centres
from ee_floods.engine.values.reducer import Reducer, output_names

_MOST_VALUES = 1_048_576  # points x bands x images of one getRegion


def reduced(pixels: RegionPixels, image: Image, reducer: Reducer) -> dict[str, Any]:
    """Return the outputs of a reducer over pixels: by band for one input, else by output name.

    Raises:
        EngineError: If a reducer of several inputs does not fit the number of bands.
    """
    if reducer.inputs == 1:
        answer: dict[str, Any] = {}
        for position, band in enumerate(image.bands):
            names = output_names(band.name, reducer.outputs, always=False)
            answer.update(zip(names, reducer.reduce_samples(pixels.samples([position])), strict=True))
        return answer
    if reducer.inputs != len(image.bands):
        raise bad_request(
            f"Need {reducer.inputs} bands for Reducer.{reducer.name}, image has {len(image.bands)}."
        )
    values = reducer.reduce_samples(pixels.samples(range(len(image.bands))))
    return dict(zip(reducer.outputs, values, strict=True))


@algorithm("Image.reduceRegion", request=True)
def reduce_region(
    request: Request, image: Image, reducer: Reducer, geometry: Geometry | None, scale: float | None,
    crs: Projection | None, transform: list[float] | None, best_effort: bool, most: int, tile_scale: float,
) -> dict[str, Any]:  # fmt: skip
    """Statistics of one region, by band name."""
    if not image.bands:
        return {}
    region = region_of(image, geometry)
    projection = working_projection(image.first().projection, crs, transform, scale)
    grid = region_grid(region, projection, most, best_effort)
    return reduced(read_region(request.reader, image.bands, region, grid), image, reducer)


@algorithm("Image.reduceRegions", request=True)
def reduce_regions(
    request: Request, image: Image, collection: Collection, reducer: Reducer, scale: float | None,
    crs: Projection | None, transform: list[float] | None, tile_scale: float, most: int | None,
) -> Collection:  # fmt: skip
    """Each feature with the statistics of its region as properties.

    With one band and one output the property has the output's name (`mean`), as on the service.
    """
    projection = working_projection(image.first().projection, crs, transform, scale)

    def one(element: Element) -> Element:
        if element.geometry is None:
            return element
        grid = region_grid(element.geometry, projection, most or float("inf"), False)
        pixels = read_region(request.reader, image.bands, element.geometry, grid)
        if reducer.inputs == 1 and len(image.bands) == 1:
            values = dict(zip(reducer.outputs, reducer.reduce_samples(pixels.samples([0])), strict=True))
        else:
            values = reduced(pixels, image, reducer)
        known = {key: value for key, value in values.items() if value is not None}
        return element.with_properties({**element.properties, **known})

    return collection.mapped(one)


@algorithm("ImageCollection.getRegion", request=True)
def get_region(
    request: Request, collection: Collection, geometry: Geometry, scale: float | None, crs: Projection,
    transform: list[float] | None,
) -> list[Any]:  # fmt: skip
    """A table of pixel values: a header, then id, longitude, latitude, time and bands of each pixel."""
    first = collection.first()
    if not isinstance(first, Image):
        raise bad_request("The collection is empty.")
    projection = working_projection(first.first().projection, crs, transform, scale)
    names, images = first.names, list(collection)
    grid = grid_of_region(geometry, projection)
    points = pixels_within(geometry, grid)
    if points * len(names) * len(images) > _MOST_VALUES:
        raise bad_request(
            f"Too many values: {points} points x {len(names)} bands x {len(images)} images > {_MOST_VALUES}."
        )
    return [
        ["id", "longitude", "latitude", "time", *names],
        *_rows(request, images, geometry, grid, names),
    ]


def _value(pixel: Any) -> Any:
    return pixel.item() if np.ndim(pixel) == 0 else np.asarray(pixel)


def _rows(
    request: Request, images: Iterable[Element], geometry: Geometry, grid: Any, names: list[str]
) -> Iterator[Any]:
    x, y = centres(grid, "EPSG:4326")
    for image in images:
        assert isinstance(image, Image)
        pixels = read_region(request.reader, [image.band(name) for name in names], geometry, grid)
        time = image.properties.get("system:time_start")
        index = image.properties.get("system:index")
        for k, (row, col) in enumerate(zip(pixels.rows, pixels.cols, strict=True)):
            values = [_value(r.values[k]) if r.mask[k] > 0 else None for r in pixels.rasters]
            yield [index, float(x[row, col]), float(y[row, col]), time, *values]
