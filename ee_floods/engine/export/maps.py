"""The task EXPORT_TILES: an image as map tiles, with two pages that show them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from ee_floods.engine.errors import bad_request
from ee_floods.engine.evaluator import EvaluatedImage
from ee_floods.engine.export import encode
from ee_floods.engine.export.images import check_bucket
from ee_floods.engine.export.product import StagedObject, TaskProduct
from ee_floods.engine.export.request import FileTarget, file_target
from ee_floods.engine.session import WorkerSession
from ee_floods.engine.storage.store import digest_file
from ee_floods.engine.tiles.mercator import TILE_PIXELS, tile_grid
from ee_floods.engine.values.geometry import Geometry

__all__ = ["export_map"]

_FORMATS = ("AUTO_JPEG_PNG", "PNG", "JPEG")
_LAST_ZOOM = 24
_HALF_WORLD_M = 20037508.342789244


@dataclass(frozen=True)
class _Cover:
    """The tiles of a map: zooms, and the rectangle in EPSG:3857 that they meet."""

    first_zoom: int
    last_zoom: int
    bounds: tuple[float, float, float, float]

    def tiles(self) -> Iterator[tuple[int, int, int]]:
        """Yield `(zoom, x, y)`, coarse zooms first, row by row."""
        for zoom in range(self.first_zoom, self.last_zoom + 1):
            columns, rows = self.ranges(zoom)
            yield from ((zoom, x, y) for y in rows for x in columns)

    def ranges(self, zoom: int) -> tuple[range, range]:
        """Return the columns and rows of a zoom."""
        size, count = 2 * _HALF_WORLD_M / 2**zoom, 2**zoom
        left, bottom, right, top = self.bounds
        # An edge that lies on a tile's edge does not bring the next tile in.
        columns = range(
            max(math.floor((left + _HALF_WORLD_M) / size), 0),
            min(math.ceil((right + _HALF_WORLD_M) / size), count),
        )
        rows = range(
            max(math.floor((_HALF_WORLD_M - top) / size), 0),
            min(math.ceil((_HALF_WORLD_M - bottom) / size), count),
        )
        return columns, rows

    @property
    def count(self) -> int:
        """How many tiles there are."""
        zooms = (self.ranges(zoom) for zoom in range(self.first_zoom, self.last_zoom + 1))
        return sum(len(columns) * len(rows) for columns, rows in zooms)


def export_map(session: WorkerSession, request: Mapping[str, Any], operation: str) -> TaskProduct:
    """Carry out `map:export`: objects `PATH/ZOOM/X/Y`, `PATH/index.html` and `PATH/earth.html`.

    The names of tiles have no suffix, as one map may hold tiles of both formats.

    Args:
        session: The worker's session.
        request: The body that the client sent.
        operation: Id of the operation.
    """
    options = request.get("tileExportOptions") or {}
    if options.get("driveDestination") is not None:
        raise bad_request("Map tiles can only be exported to Cloud Storage.")
    file_format = str(options.get("fileFormat") or "AUTO_JPEG_PNG")
    if file_format not in _FORMATS:
        raise bad_request(f"Unsupported map tile format: '{file_format}'.")
    target = file_target(options, str(request.get("description") or ""))
    check_bucket(session, target)
    image = session.batch.image(request["expression"])
    if len(image.bands) not in (1, 3) or any(band.dtype != "uint8" for band in image.bands):
        raise bad_request(
            "Map tiles can only be made of images with one or three bands of bytes: visualize the image."
        )
    wanted = request.get("tileOptions") or {}
    cover = _cover(image, wanted)
    path = target.prefix.rstrip("/")
    objects = []
    total = cover.count
    for done, (zoom, x, y) in enumerate(cover.tiles(), 1):
        rasters = image.read(tile_grid(zoom, x, y))
        empty = not any((raster.mask > 0).any() for raster in rasters)
        if not (empty and wanted.get("skipEmpty")):
            payload, media_type = encode.picture(rasters, file_format)
            objects.append(_staged(session, target, f"{path}/{zoom}/{x}/{y}", payload, media_type))
        session.progress(done / total)
    address = f"https://storage.googleapis.com/{target.bucket}/{path}"
    for name, text in _pages(address, cover, str(wanted.get("mapsApiKey") or "")).items():
        objects.append(_staged(session, target, f"{path}/{name}", text.encode(), "text/html"))
    return TaskProduct(operation, tuple(objects), None, (f"{address}/index.html",), image.assets)


def _cover(image: EvaluatedImage, options: Mapping[str, Any]) -> _Cover:
    if image.footprint is None:
        raise bad_request("Unable to export unbounded image.")
    left, bottom, right, top = Geometry.from_json(image.footprint).planar("EPSG:3857").bounds
    first = int(options.get("startZoom") or 0)
    last = options.get("endZoom")
    if last is None:
        scale = options.get("scale")
        last = _zoom_of(_nominal_scale(image) if scale is None else float(scale))
    last = int(last)
    if not 0 <= first <= last <= _LAST_ZOOM:
        raise bad_request(f"Zoom levels must be in order and in 0..{_LAST_ZOOM}, received {first}, {last}.")
    return _Cover(first, last, (left, bottom, right, top))


def _zoom_of(scale_m: float) -> int:
    """Return the zoom whose pixels at the equator are nearest to a scale in size."""
    if scale_m <= 0:
        raise bad_request(f"Scale must be positive, received {scale_m}.")
    exact = math.log2(2 * _HALF_WORLD_M / TILE_PIXELS / scale_m)
    return min(max(round(exact), 0), _LAST_ZOOM)


def _nominal_scale(image: EvaluatedImage) -> float:
    from ee_floods.engine.values.projection import Projection

    crs, transform = image.projection
    return float(Projection(crs, transform).nominal_scale)


def _staged(
    session: WorkerSession, target: FileTarget, name: str, payload: bytes, media_type: str
) -> StagedObject:
    path: Path = session.folder.stage()
    path.write_bytes(payload)
    return StagedObject(target.bucket, name, str(path), media_type, digest_file(path))


def _pages(address: str, cover: _Cover, api_key: str) -> dict[str, str]:
    """Return the pages that show the tiles with the Google Maps API and in Google Earth."""
    facts = json.dumps({"tiles": address, "minZoom": cover.first_zoom, "maxZoom": cover.last_zoom})
    key = f"?key={escape(api_key, quote=True)}" if api_key else ""
    index = f"""<!DOCTYPE html>
<html>
<head><meta charset="utf-8"><title>{escape(address)}</title>
<style>html, body, #map {{ height: 100%; margin: 0; }}</style></head>
<body><div id="map"></div>
<script src="https://maps.googleapis.com/maps/api/js{key}"></script>
<script>
const facts = {facts};
const map = new google.maps.Map(document.getElementById("map"), {{center: {{lat: 0, lng: 0}}, zoom: 2}});
map.overlayMapTypes.push(new google.maps.ImageMapType({{
  getTileUrl: (at, zoom) => [facts.tiles, zoom, at.x, at.y].join("/"),
  tileSize: new google.maps.Size({TILE_PIXELS}, {TILE_PIXELS}),
  minZoom: facts.minZoom, maxZoom: facts.maxZoom
}}));
</script></body></html>
"""
    earth = f"""<!DOCTYPE html>
<html>
<head><meta charset="utf-8"><title>{escape(address)}</title></head>
<body><p><a href="https://earth.google.com/web/">Google Earth</a>: add a tile overlay with the address
<code>{escape(address)}/{{z}}/{{x}}/{{y}}</code>, zoom {cover.first_zoom} to {cover.last_zoom}.</p></body>
</html>
"""
    return {"index.html": index, "earth.html": earth}
