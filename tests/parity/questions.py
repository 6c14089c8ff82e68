"""What is asked of both the service and this engine: printed answers, cases, and real data.

Real data are asked in a way that does not depend on what the local engine makes up: a patch of pixels is
fetched from the service once, put into the local library under its own id and grid, and then both are asked
about the inside of that patch.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import ee
import numpy as np
import pyproj

import tests.engine.algorithms as room
from ee_floods.grid import Grid
from tests.engine.algorithms.case import Case
from tests.engine.algorithms.golden import client_object, everything
from tests.engine.memory_library import Bench, record

WEIGHTS = [[1, 2, 0], [0, 4, 0], [3, 0, -1]]
"""No turn or mirror image of it is the same."""
SIDE, MARGIN = 96, 32
"""Side of a fetched patch, and what is left at its edges for neighbourhoods to reach into, pixels."""


@dataclass(frozen=True)
class Pixels:
    """One band of an image on a grid, as a question."""

    image: Any
    grid: Grid
    band: int = 0


@dataclass(frozen=True)
class Question:
    """One question.

    Args:
        id: Names it in the report.
        ask: Returns a client object or `Pixels`; None if it cannot be asked of the service.
    """

    id: str
    ask: Callable[[], Any]


class _Catcher(Bench):
    """Takes a case's question down instead of answering it."""

    def __init__(self) -> None:  # no library is needed
        pass

    def value(self, thing: Any) -> Any:
        return thing

    def pixels(self, image: Any, grid: Grid | None = None) -> Any:
        from tests.engine.memory_library import UTM

        return _Bands(image, grid or UTM)


@dataclass(frozen=True)
class _Bands:
    image: Any
    grid: Grid

    def __getitem__(self, band: int) -> Pixels:
        return Pixels(self.image, self.grid, band)


def printed() -> Iterator[Question]:
    """Yield every printed answer's question, also those that the engine does not follow."""
    for golden in everything():
        yield Question(f"printed/{golden.id}", lambda call=golden.call: client_object(call))


def cases() -> Iterator[Question]:
    """Yield the questions of the cases; one that needs a stored test image asks nothing."""
    for module in pkgutil.iter_modules(room.__path__):
        if module.name.startswith("cases_"):
            for case in importlib.import_module(f"{room.__name__}.{module.name}").CASES:
                yield Question(f"case/{case.id}", lambda case=case: _asked(case))


def _asked(case: Case) -> Any:
    found = case.answer(_Catcher())
    image = found.image if isinstance(found, Pixels) else found
    loads = '"constantValue": "C/' in json.dumps(ee.serializer.encode(image, for_cloud_api=True))
    return None if loads else found


@dataclass(frozen=True)
class Patch:
    """Where real pixels are taken from.

    Args:
        collection: An image collection, or an image.
        bands: Bands that share a grid.
        longitude: Of the middle, degrees.
        latitude: Of the middle, degrees.
        dates: Of the first image to take; all by default.
    """

    collection: str
    bands: tuple[str, ...]
    longitude: float
    latitude: float
    dates: tuple[str, str] | None = None

    def asset_id(self) -> str:
        """Return the id of the image at that place."""
        if ee.data.getAsset(self.collection)["type"] == "IMAGE":
            return self.collection
        found = ee.ImageCollection(self.collection).filterBounds(self._point())
        if self.dates:
            found = found.filterDate(*self.dates)
        index: str = found.sort("system:index").first().get("system:index").getInfo()
        return f"{self.collection}/{index}"

    def _point(self) -> Any:
        return ee.Geometry.Point([self.longitude, self.latitude])

    def fetch(self, bench: Bench) -> tuple[str, Grid]:
        """Put the pixels into the bench's library; return the image's id and the grid of the inside."""
        asset_id = self.asset_id()
        image = ee.Image(asset_id).select(list(self.bands))
        description = image.getInfo()
        native = description["bands"][0]
        grid = self._grid(native["crs"], native["crs_transform"])
        both = ee.Image.cat(image, image.mask().rename([f"mask_{name}" for name in self.bands]))
        pixels = ee.data.computePixels(
            {"expression": both, "fileFormat": "NUMPY_NDARRAY", "grid": grid.pixel_grid}
        )
        properties = {k: v for k, v in description.get("properties", {}).items() if isinstance(v, (int, str))}
        bench.library.add(
            record(
                asset_id,
                {name: np.asarray(pixels[name]) for name in self.bands},
                grid=grid,
                masks={name: np.asarray(pixels[f"mask_{name}"], np.float32) for name in self.bands},
                properties=properties,
            )
        )
        return asset_id, _moved(grid, MARGIN, SIDE - 2 * MARGIN)

    def _grid(self, crs: str, transform: list[float]) -> Grid:
        a, _, c, _, e, f = transform
        x, y = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(
            self.longitude, self.latitude
        )
        column, row = int((x - c) / a) - SIDE // 2, int((y - f) / e) - SIDE // 2
        return Grid(crs, (a, 0.0, c + column * a, 0.0, e, f + row * e), (SIDE, SIDE))


def _moved(grid: Grid, pixels: int, side: int) -> Grid:
    a, _, c, _, e, f = grid.transform
    return Grid(grid.crs, (a, 0.0, c + pixels * a, 0.0, e, f + pixels * e), (side, side))


PATCHES = (
    Patch("JRC/GSW1_4/GlobalSurfaceWater", ("occurrence", "seasonality"), 67.75, 26.45),
    Patch("COPERNICUS/S2_HARMONIZED", ("B3", "B8"), 67.75, 26.45, ("2022-08-01", "2022-10-01")),
    Patch("COPERNICUS/S1_GRD", ("VV", "VH"), 67.75, 26.45, ("2022-08-01", "2022-10-01")),
    Patch("COPERNICUS/DEM/GLO30", ("DEM",), 73.3, 34.9),
)
"""A flooded plain of the lower Indus, and mountains north of it."""


def real(patch: Patch, bench: Bench) -> Iterator[Question]:
    """Fetch a patch and yield the questions about its inside."""
    asset_id, grid = patch.fetch(bench)
    a, _, c, _, e, f = grid.transform
    corners = [c, f + e * grid.height, c + a * grid.width, f]

    def image() -> Any:
        return ee.Image(asset_id).select(list(patch.bands))

    def first() -> Any:
        return image().select(0)

    def doubled() -> Any:
        return first().toDouble()

    def region() -> Any:
        return ee.Geometry.Rectangle(corners, grid.crs, False)

    def reduced(reducer: Any, found: Any) -> Any:
        return found.reduceRegion(reducer, region(), crs=grid.crs, crsTransform=list(grid.transform))

    def statistic(name: str, *arguments: Any) -> Callable[[], Any]:
        return lambda: reduced(getattr(ee.Reducer, name)(*arguments), image())

    pixels: dict[str, Callable[[], Any]] = {
        "pixels": first,
        "mask": lambda: first().mask(),
        "arithmetic": lambda: first().multiply(2.5).subtract(first().divide(3)).add(1),
        "expression": lambda: first().expression("b > 10 ? b ** 2 : -b / 7", {"b": first()}),
        "comparison": lambda: first().gt(first().multiply(0).add(50)),
        "unmask": lambda: first().unmask(-1),
        "cast": lambda: first().toDouble().multiply(-1.7).toInt16(),
        "focalMax": lambda: first().focalMax(2),
        "focalMedian": lambda: first().focalMedian(1.5, "circle"),
        "convolve": lambda: doubled().convolve(ee.Kernel.fixed(3, 3, WEIGHTS)),
        "gaussian": lambda: doubled().convolve(ee.Kernel.gaussian(3, 1)),
        "reduceNeighborhood": lambda: first().reduceNeighborhood(ee.Reducer.stdDev(), ee.Kernel.square(2)),
        "connectedPixelCount": lambda: first().gt(20).selfMask().connectedPixelCount(16),
        "bilinear": lambda: doubled().resample("bilinear").reproject(
            grid.crs, [a / 2, 0, c + a / 3, 0, e / 2, f + e / 3]),
        "bicubic": lambda: doubled().resample("bicubic").reproject(
            grid.crs, [a / 2, 0, c + a / 3, 0, e / 2, f + e / 3]),
        "reduceResolution": lambda: doubled().reduceResolution(ee.Reducer.mean()).reproject(
            grid.crs, [a * 4, 0, c, 0, e * 4, f]),
        "slope": lambda: ee.Terrain.slope(doubled()),
        "canny": lambda: ee.Algorithms.CannyEdgeDetector(doubled(), 3, 1),
        "entropy": lambda: first().toInt16().entropy(ee.Kernel.square(2)),
    }  # fmt: skip
    values: dict[str, Callable[[], Any]] = {
        "bandNames": lambda: image().bandNames(),
        "crs": lambda: first().projection().crs(),
        "nominalScale": lambda: first().projection().nominalScale(),
        "mean": statistic("mean"),
        "sum": statistic("sum"),
        "count": statistic("count"),
        "stdDev": statistic("stdDev"),
        "median": statistic("median"),
        "percentile": statistic("percentile", [5, 50, 95]),
        "minMax": statistic("minMax"),
        "fixedHistogram": statistic("fixedHistogram", 0, 100, 10),
        "frequencyHistogram": statistic("frequencyHistogram"),
        "autoHistogram": statistic("histogram", 16),
        "area": lambda: region().area(1),
        "sample": lambda: image().sample(region(), projection=first().projection())
        .aggregate_array(patch.bands[0]),
        "vectors": lambda: first().gt(20).reduceToVectors(
            geometry=region(), crs=grid.crs, crsTransform=list(grid.transform)).size(),
        "sampleRectangle": lambda: image().reproject(grid.crs, list(grid.transform))
        .sampleRectangle(region(), defaultValue=-1).get(patch.bands[0]),
    }  # fmt: skip
    for name, ask in pixels.items():
        yield Question(f"real/{patch.collection}/{name}", lambda ask=ask: Pixels(ask(), grid))
    for name, ask in values.items():
        yield Question(f"real/{patch.collection}/{name}", ask)
