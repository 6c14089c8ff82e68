"""The grid of web map tiles: EPSG:3857, 256 pixels a side, y downward from the north."""

from __future__ import annotations

from ee_floods.engine.errors import bad_request
from ee_floods.grid import Grid

__all__ = ["TILE_PIXELS", "tile_grid"]

TILE_PIXELS = 256
_HALF_WORLD_M = 20037508.342789244  # pi times the radius of the sphere of EPSG:3857, 6378137 m
_MAX_ZOOM = 24  # maps of the service end there


def tile_grid(zoom: int, x: int, y: int) -> Grid:
    """Return the grid of one tile; x wraps around the Earth.

    Raises:
        EngineError: If there is no such tile.
    """
    if not 0 <= zoom <= _MAX_ZOOM or not 0 <= y < 2**zoom:
        raise bad_request(f"Tile {zoom}/{x}/{y} does not exist.")
    size = 2 * _HALF_WORLD_M / 2**zoom
    pixel = size / TILE_PIXELS
    left = -_HALF_WORLD_M + (x % 2**zoom) * size
    top = _HALF_WORLD_M - y * size
    return Grid("EPSG:3857", (pixel, 0.0, left, 0.0, -pixel, top), (TILE_PIXELS, TILE_PIXELS))
