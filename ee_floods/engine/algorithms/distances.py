"""How far each pixel is from the features of a collection."""

from __future__ import annotations

import numpy as np
import pyproj
import shapely

from ee_floods.engine.errors import bad_request
from ee_floods.engine.reading import Reader
from ee_floods.engine.records import Raster
from ee_floods.engine.registry import algorithm
from ee_floods.engine.values.collection import Collection
from ee_floods.engine.values.image import Band, Image
from ee_floods.engine.values.pixeltype import DOUBLE
from ee_floods.engine.values.projection import WGS84, centres
from ee_floods.grid import Grid


@algorithm("Collection.distance")
def distance(features: Collection, radius: float, error: float) -> Image:
    """Metres to the nearest point, line or edge of a polygon, masked beyond a radius."""
    if not radius > 0:
        raise bad_request(f"'searchRadius' must be positive, received {radius}.")

    def compute(reader: Reader, grid: Grid) -> Raster:
        west, south, east, north = grid.lonlat_bounds
        # Distances in a plane around the grid's middle are right to a few metres in a hundred kilometres.
        plane = f"+proj=aeqd +lat_0={(south + north) / 2} +lon_0={(west + east) / 2} +datum=WGS84 +units=m"
        to_plane = pyproj.Transformer.from_crs(grid.crs, plane, always_xy=True)
        x, y = to_plane.transform(*centres(grid, grid.crs))
        lines = [
            shapely.boundary(shape) if "Polygon" in shape.geom_type else shape
            for element in features
            if element.geometry is not None and not (shape := element.geometry.planar(plane)).is_empty
        ]
        metres, near = np.zeros(grid.shape), np.zeros(grid.shape, np.float32)
        if lines:
            found, values = shapely.STRtree(lines).query_nearest(
                shapely.points(np.ravel(x), np.ravel(y)), max_distance=radius, return_distance=True,
                all_matches=False,
            )  # fmt: skip
            metres.flat[found[0]], near.flat[found[0]] = values, 1
        return Raster(metres, near)

    return Image((Band("distance", DOUBLE, WGS84, compute),))
