"""The evaluator: expressions in, values, pixels and tables out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from ee_floods.contracts.provenance import AssetUse
from ee_floods.engine.array_pixels import assembled
from ee_floods.engine.coerce import coerce
from ee_floods.engine.deep import deeply
from ee_floods.engine.encode import encode, encode_band, encode_feature
from ee_floods.engine.errors import bad_request
from ee_floods.engine.foreseen import FAILURES, failure
from ee_floods.engine.graph import Interpreter
from ee_floods.engine.limits import Limits
from ee_floods.engine.records import Library, Raster
from ee_floods.engine.request import Request
from ee_floods.engine.values.collection import Collection
from ee_floods.engine.values.elements import Element, Feature
from ee_floods.engine.values.image import Band, Image
from ee_floods.grid import Grid, Transform, Window

__all__ = ["Answer", "BandInfo", "EvaluatedImage", "Evaluator"]

TILE = 512
"""Side of the tiles that a large grid is read in, pixels: 1 MiB a band of 32-bit floats."""

T = TypeVar("T")

# Python's JSON reader, and with it the client's, stops a little below 1000.
_DEEPEST_ANSWER = 500


@dataclass(frozen=True)
class Answer:
    """A value as JSON, and the assets it was computed from."""

    result: Any
    assets: tuple[AssetUse, ...]


@dataclass(frozen=True)
class BandInfo:
    """A band of an evaluated image: its name, NumPy type, and the service's description."""

    name: str
    dtype: str
    info: Mapping[str, Any]


class EvaluatedImage:
    """An image whose graph is evaluated and whose pixels can be read.

    Args:
        image: The lazy image.
        request: The request that made it.
    """

    def __init__(self, image: Image, request: Request) -> None:
        self._image = image
        self._request = request
        self.bands = tuple(BandInfo(b.name, b.type.dtype.name, encode_band(b)) for b in image.bands)

    @property
    def properties(self) -> dict[str, Any]:
        """JSON-able properties."""
        found: dict[str, Any] = encode(dict(self._image.properties), self._request.limits)
        return found

    @property
    def footprint(self) -> dict[str, Any] | None:
        """GeoJSON in longitude/latitude, or None where unbounded."""
        footprint = self._image.footprint
        if footprint is None or footprint.unbounded:
            return None
        return footprint.in_projection("EPSG:4326").to_json()

    def bounds(self, crs: str) -> tuple[float, float, float, float] | None:
        """Left, bottom, right, top of the footprint in a CRS, or None where unbounded.

        Straight from the footprint's own CRS: by way of degrees a long straight edge bulges by centimetres.
        """
        footprint = self._image.footprint
        if footprint is None or footprint.unbounded:
            return None
        left, bottom, right, top = footprint.planar(crs).bounds
        return left, bottom, right, top

    @property
    def projection(self) -> tuple[str, Transform]:
        """CRS and transform of the first band."""
        found = self._image.first().projection
        return found.crs, found.transform

    @property
    def assets(self) -> tuple[AssetUse, ...]:
        """The assets that were used so far; complete after `read`."""
        return self._request.uses

    def read(self, grid: Grid, bands: Sequence[str] | None = None) -> list[Raster]:
        """Return one raster per band.

        Args:
            grid: Any size: it is computed in tiles.
            bands: Names; all bands by default.

        Raises:
            EngineError: If a band is missing or its graph fails.
        """
        chosen = list(self._image.bands) if bands is None else [self._image.band(name) for name in bands]
        return _answered(lambda: self._read(chosen, grid))

    def _read(self, chosen: list[Band], grid: Grid) -> list[Raster]:
        reader = self._request.reader
        if max(grid.shape) <= TILE:
            return [_whole(raster) for raster in reader.read_all(chosen, grid)]
        answer = [_empty(band, grid) for band in chosen]
        arrays: dict[int, list[tuple[Any, Raster]]] = {}
        for window in _tiles(grid):
            tile = grid.crop(window)
            for position, raster in enumerate(reader.read_all(chosen, tile)):
                if chosen[position].type.dimensions:
                    arrays.setdefault(position, []).append((window.slices, raster))
                    continue
                answer[position].values[window.slices] = raster.values
                answer[position].mask[window.slices] = raster.mask
            reader.forget()
        for position, parts in arrays.items():
            answer[position] = assembled(parts, grid.shape)
        return answer


def _check_depth(result: Any) -> None:
    """Raise if an answer is nested so deeply that JSON readers give up on it."""
    level, depth = [result], 0
    while level:
        depth += 1
        if depth > _DEEPEST_ANSWER:
            raise bad_request(f"The result is nested more than {_DEEPEST_ANSWER} deep.")
        lists = [item for found in level if isinstance(found, list) for item in found]
        level = [item for found in level if isinstance(found, dict) for item in found.values()] + lists


def _answered(function: Callable[[], T]) -> T:
    """Return what a function returns; whatever goes wrong in it becomes an error in the service's form."""
    try:
        return deeply(function)
    except FAILURES as error:
        raise failure(error) from error


def _tiles(grid: Grid) -> Iterator[Window]:
    """Windows that do not overlap, row by row."""
    for row in range(0, grid.height, TILE):
        for col in range(0, grid.width, TILE):
            yield Window(row, col, min(TILE, grid.height - row), min(TILE, grid.width - col))


def _whole(raster: Raster) -> Raster:
    return Raster(np.array(raster.values), np.array(raster.mask, np.float32))


def _empty(band: Band, grid: Grid) -> Raster:
    return Raster(np.zeros(grid.shape, band.type.dtype), np.zeros(grid.shape, np.float32))


class Evaluator:
    """Evaluates expressions over a library of assets. Each call is a request of its own.

    Args:
        library: Finds assets.
        limits: The service's limits, or `Limits.none()`.
    """

    def __init__(self, library: Library, limits: Limits) -> None:
        self._library = library
        self._limits = limits

    def _evaluate(self, expression: Mapping[str, Any]) -> tuple[Any, Request]:
        request = Request(self._library, self._limits)
        return Interpreter(expression, request).evaluate(), request

    def value(self, expression: Mapping[str, Any]) -> Answer:
        """Return a value as `value:compute` answers it.

        Args:
            expression: `{"result": id, "values": {...}}` as the client sends it, or a bare value node.

        Raises:
            EngineError: In the service's form and, where it is known, wording.
        """

        def answer() -> Answer:
            value, request = self._evaluate(expression)
            result = encode(value, self._limits)
            _check_depth(result)
            return Answer(result, request.uses)

        return _answered(answer)

    def image(self, expression: Mapping[str, Any]) -> EvaluatedImage:
        """Return an image whose pixels can be read; a collection of images becomes its mosaic.

        Raises:
            EngineError: If the expression is no image.
        """

        def answer() -> EvaluatedImage:
            value, request = self._evaluate(expression)
            if value is None:
                raise bad_request("The expression is null where an image is expected.")
            return EvaluatedImage(coerce(value, "Image", "expression"), request)

        return _answered(answer)

    def images(self, expression: Mapping[str, Any]) -> Iterator[EvaluatedImage]:
        """Yield the images of a collection, which is read no further than the caller asks.

        Raises:
            EngineError: If the expression is no collection of images.
        """
        value, request = _answered(lambda: self._evaluate(expression))
        if value is None:
            raise bad_request("The expression is null where a collection is expected.")
        collection: Collection = _answered(lambda: coerce(value, "ImageCollection", "expression"))
        elements = iter(collection)
        while (element := _answered(lambda: next(elements, None))) is not None:
            yield EvaluatedImage(coerce(element, "Image", "expression"), request)

    def table(self, expression: Mapping[str, Any]) -> Answer:
        """Return a collection's elements as GeoJSON features; an image becomes its footprint's feature.

        Raises:
            EngineError: If the expression is no collection.
        """

        def answer() -> Answer:
            value, request = self._evaluate(expression)
            if value is None:
                raise bad_request("The expression is null where a collection is expected.")
            collection: Collection = coerce(value, "FeatureCollection", "expression")
            features = [encode_feature(_feature(element), self._limits) for element in collection]
            return Answer(features, request.uses)

        return _answered(answer)


def _feature(element: Element) -> Feature:
    return element if isinstance(element, Feature) else Feature(element.geometry, element.properties)
