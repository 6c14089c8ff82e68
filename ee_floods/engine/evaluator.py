"""The evaluator: expressions in, values, pixels and tables out."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ee_floods.contracts.provenance import AssetUse
from ee_floods.engine.coerce import coerce
from ee_floods.engine.encode import encode, encode_band, encode_feature
from ee_floods.engine.errors import EngineError, bad_request
from ee_floods.engine.graph import Interpreter
from ee_floods.engine.limits import Limits
from ee_floods.engine.records import Library, Raster
from ee_floods.engine.request import Request
from ee_floods.engine.values.collection import Collection
from ee_floods.engine.values.elements import Feature
from ee_floods.engine.values.image import Band, Image
from ee_floods.grid import Grid, Transform, Window

__all__ = ["Answer", "BandInfo", "EvaluatedImage", "Evaluator"]

TILE = 512
"""Side of the tiles that a large grid is read in, pixels: 1 MiB a band of 32-bit floats."""

# A chain of a thousand operations is a few thousand Python calls deep.
_RECURSION = 20_000


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
        reader = self._request.reader
        try:
            if max(grid.shape) <= TILE:
                return [_whole(raster) for raster in reader.read_all(chosen, grid)]
            answer = [_empty(band, grid) for band in chosen]
            for window in _tiles(grid):
                tile = grid.crop(window)
                for target, raster in zip(answer, reader.read_all(chosen, tile), strict=True):
                    if target.values.shape[2:] != raster.values.shape[2:]:
                        raise bad_request("Array pixels must have the same shape everywhere to be read.")
                    target.values[window.slices] = raster.values
                    target.mask[window.slices] = raster.mask
                reader.forget()
            return answer
        except MemoryError as error:
            raise EngineError("User memory limit exceeded.", 400) from error


def _tiles(grid: Grid) -> Iterator[Window]:
    """Windows that do not overlap, row by row."""
    for row in range(0, grid.height, TILE):
        for col in range(0, grid.width, TILE):
            yield Window(row, col, min(TILE, grid.height - row), min(TILE, grid.width - col))


def _whole(raster: Raster) -> Raster:
    return Raster(np.array(raster.values), np.array(raster.mask, np.float32))


def _empty(band: Band, grid: Grid) -> Raster:
    if band.type.dimensions:
        raise bad_request(f"Band '{band.name}' has array pixels; read it in tiles of at most {TILE} pixels.")
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
        sys.setrecursionlimit(max(sys.getrecursionlimit(), _RECURSION))

    def _evaluate(self, expression: Mapping[str, Any]) -> tuple[Any, Request]:
        request = Request(self._library, self._limits)
        try:
            return Interpreter(expression, request).evaluate(), request
        except RecursionError as error:
            raise bad_request("The expression is nested too deeply.") from error
        except MemoryError as error:
            raise EngineError("User memory limit exceeded.", 400) from error

    def value(self, expression: Mapping[str, Any]) -> Answer:
        """Return a value as `value:compute` answers it.

        Args:
            expression: `{"result": id, "values": {...}}` as the client sends it, or a bare value node.

        Raises:
            EngineError: In the service's form and, where it is known, wording.
        """
        value, request = self._evaluate(expression)
        result = encode(value, self._limits)
        return Answer(result, request.uses)

    def image(self, expression: Mapping[str, Any]) -> EvaluatedImage:
        """Return an image whose pixels can be read; a collection of images becomes its mosaic.

        Raises:
            EngineError: If the expression is no image.
        """
        value, request = self._evaluate(expression)
        if value is None:
            raise bad_request("The expression is null where an image is expected.")
        return EvaluatedImage(coerce(value, "Image", "expression"), request)

    def table(self, expression: Mapping[str, Any]) -> Answer:
        """Return a collection's elements as GeoJSON features; an image becomes its footprint's feature.

        Raises:
            EngineError: If the expression is no collection.
        """
        value, request = self._evaluate(expression)
        if value is None:
            raise bad_request("The expression is null where a collection is expected.")
        collection: Collection = coerce(value, "FeatureCollection", "expression")
        features = []
        for element in collection:
            feature = (
                element if isinstance(element, Feature) else Feature(element.geometry, element.properties)
            )
            features.append(encode_feature(feature, self._limits))
        return Answer(features, request.uses)
