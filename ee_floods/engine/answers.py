"""What a worker answers at once: values, pixels, features, pictures, descriptions of assets.

Each function takes the worker's session first and returns something that can be sent over a pipe.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ee_floods.contracts.provenance import AssetUse
from ee_floods.engine.assets.copies import copy_asset, register_image
from ee_floods.engine.assets.filters import AssetFilter
from ee_floods.engine.assets.resources import asset_resource, list_assets
from ee_floods.engine.errors import bad_request, not_found
from ee_floods.engine.evaluator import EvaluatedImage
from ee_floods.engine.export import encode
from ee_floods.engine.export.grids import check_request, requested_grid
from ee_floods.engine.export.tables import table_file
from ee_floods.engine.frames import FRAME_ANSWERS
from ee_floods.engine.paging import first_of_page, size_of_page
from ee_floods.engine.reply import Blob, Document
from ee_floods.engine.session import WorkerSession
from ee_floods.engine.tiles.mercator import tile_grid
from ee_floods.engine.tiles.visualize import needs_visualization, select_expression, sized, visualized
from ee_floods.grid import Grid

__all__ = ["ANSWERS"]

_PICTURES = ("AUTO_JPEG_PNG", "PNG", "JPEG")
_FEATURES_PER_PAGE = 1000  # the service's default


def value(session: WorkerSession, expression: Mapping[str, Any]) -> Document:
    """Answer `value:compute`."""
    answer = session.interactive.value(expression)
    return Document({"result": answer.result}, answer.assets)


def pixels(session: WorkerSession, body: Mapping[str, Any]) -> Blob:
    """Answer `image:computePixels`: `expression`, `fileFormat`, `grid`, `bandIds`, `visualizationOptions`."""
    return _render(session, body, None)


def asset_pixels(session: WorkerSession, asset_id: str, body: Mapping[str, Any]) -> Blob:
    """Answer `assets:getPixels`: as `pixels`, of a stored image on its own grid unless another is given."""
    if session.library.image(asset_id) is None:
        raise not_found(asset_id, "Image asset")
    load = {
        "functionInvocationValue": {
            "functionName": "Image.load",
            "arguments": {"id": {"constantValue": asset_id}},
        }
    }
    expression: dict[str, Any] = {"result": "image", "values": {"image": load}}
    if body.get("region"):
        clip = {
            "functionName": "Image.clip",
            "arguments": {
                "input": {"valueReference": "image"},
                "geometry": {"constantValue": body["region"]},
            },
        }
        expression["values"]["clipped"] = {"functionInvocationValue": clip}
        expression["result"] = "clipped"
    return _render(session, {**body, "expression": expression}, None)


def tile(session: WorkerSession, body: Mapping[str, Any], zoom: int, x: int, y: int) -> Blob:
    """Answer one map tile of a `maps` request."""
    picture_body = {**body, "fileFormat": body.get("fileFormat") or "AUTO_JPEG_PNG"}
    return _render(session, picture_body, tile_grid(zoom, x, y))


def check_map(session: WorkerSession, body: Mapping[str, Any]) -> Document:
    """Evaluate the graph of a `maps` request, so that its errors come when it is made."""
    image = session.interactive.image(body.get("expression") or {})
    return Document({}, image.assets)


def check_thumbnail(session: WorkerSession, body: Mapping[str, Any]) -> Document:
    """Check a `thumbnails` request up to its pixels, so that its errors come when it is made."""
    body = _thumbnail_body(body)
    if body.get("fileFormat") == "ZIPPED_GEO_TIFF_PER_BAND":
        names = [str(name) for name in body.get("bandIds") or ()]
        image = session.interactive.image(select_expression(_expression(body), names))
        for band in image.bands:
            _band_grid(session, body, band.name)
    else:
        image, _ = _drawn(session, body, None)
    return Document({}, image.assets)


def thumbnail(session: WorkerSession, body: Mapping[str, Any]) -> Blob:
    """Answer the pixels of a `thumbnails` request: a picture, or a download."""
    return _render(session, _thumbnail_body(body), None)


def _thumbnail_body(body: Mapping[str, Any]) -> Mapping[str, Any]:
    if body.get("grid") or str(body.get("fileFormat") or "AUTO_JPEG_PNG") not in _PICTURES:
        return body
    return {**body, "expression": sized(_expression(body))}


def features(session: WorkerSession, body: Mapping[str, Any]) -> Document:
    """Answer `table:computeFeatures`, a page at a time."""
    answer = session.batch.table(_expression(body))
    return Document(_page(answer.result, body), answer.assets)


def asset_features(session: WorkerSession, asset_id: str, query: Mapping[str, str]) -> Document:
    """Answer `assets:listFeatures`."""
    table = session.library.table(asset_id)
    if table is None:
        raise not_found(asset_id, "Table asset")
    wanted = AssetFilter.of_features(query.get("region", ""), query.get("filter", ""))
    items = [
        {"type": "Feature", **feature}
        for feature in table.features
        if wanted.admits(feature.get("properties") or {}, feature.get("geometry"))
    ]
    return Document(_page(items, query), (AssetUse(asset_id, table.simulated),))


def table_download(session: WorkerSession, body: Mapping[str, Any]) -> Blob:
    """Answer the bytes of a `tables` request."""
    answer = session.batch.table(_expression(body))
    payload, media_type, suffix = table_file(
        answer.result, str(body.get("fileFormat") or "CSV"), body.get("selectors") or ()
    )
    return Blob(payload, media_type, answer.assets, f"{body.get('filename') or 'table'}{suffix}")


def asset(session: WorkerSession, asset_id: str) -> Document:
    """Answer `assets.get`."""
    resource, simulated = asset_resource(session.library, asset_id)
    return Document(resource, (AssetUse(asset_id, simulated),))


def listing(session: WorkerSession, parent: str, query: Mapping[str, str]) -> Document:
    """Answer `listAssets`."""
    answer, simulated = list_assets(
        session.library,
        parent,
        text_filter=query.get("filter", ""),
        page_size=query.get("pageSize"),
        token=query.get("pageToken", ""),
        basic=query.get("view") == "BASIC",
    )
    return Document(answer, (AssetUse(parent, simulated),))


def ping(session: WorkerSession) -> str:
    """Answer that this worker works."""
    return type(session.library).__name__


def _render(session: WorkerSession, body: Mapping[str, Any], grid: Grid | None) -> Blob:
    file_format = str(body.get("fileFormat") or "AUTO_JPEG_PNG")
    if file_format == "ZIPPED_GEO_TIFF_PER_BAND":
        return _zipped_bands(session, body)
    image, target = _drawn(session, body, grid)
    rasters = image.read(target)
    bands = [band.name for band in image.bands]
    payload, media_type, suffix = _encode(image, target, bands, rasters, file_format, body)
    return Blob(payload, media_type, image.assets, f"{_prefix(body)}{suffix}" if suffix else "")


def _drawn(session: WorkerSession, body: Mapping[str, Any], grid: Grid | None) -> tuple[EvaluatedImage, Grid]:
    """Return the image of a request, drawn for a picture, and its grid; raise if that is too large."""
    names = [str(name) for name in body.get("bandIds") or ()]
    image = session.interactive.image(select_expression(_expression(body), names))
    options = body.get("visualizationOptions")
    if str(body.get("fileFormat") or "AUTO_JPEG_PNG") in _PICTURES:
        _check_scalar(image)
        if needs_visualization(image, options):
            image = session.interactive.image(visualized(_expression(body), options, names))
    target = grid or requested_grid(body.get("grid"), image)
    check_request(target, image.bands, session.limits)
    return image, target


def _zipped_bands(session: WorkerSession, body: Mapping[str, Any]) -> Blob:
    """Return one GeoTIFF per band, each on the grid of that band."""
    names = [str(name) for name in body.get("bandIds") or ()]
    image = session.interactive.image(select_expression(_expression(body), names))
    files, prefix = [], _prefix(body)
    for band in image.bands:
        one, target = _band_grid(session, body, band.name)
        payload = encode.geotiff(target, [band.name], one.read(target), _tags(one))
        files.append((f"{prefix}.{band.name}.tif", payload))
    return Blob(encode.zipped(files), "application/zip", image.assets, f"{prefix}.zip")


def _band_grid(session: WorkerSession, body: Mapping[str, Any], name: str) -> tuple[EvaluatedImage, Grid]:
    """Return one band of a request as an image and its own grid; raise if that is too large."""
    one = session.interactive.image(select_expression(_expression(body), [name]))
    target = requested_grid(body.get("grid"), one)
    check_request(target, one.bands, session.limits)
    return one, target


def _check_scalar(image: EvaluatedImage) -> None:
    """Raise for a picture of array pixels."""
    named = next((band.name for band in image.bands if band.info["data_type"].get("dimensions")), None)
    if named is not None:
        raise bad_request(f"Band '{named}' has array pixels, which cannot be drawn.")


def _prefix(body: Mapping[str, Any]) -> str:
    return str(body.get("filenamePrefix") or "download")


def _tags(image: EvaluatedImage) -> dict[str, str]:
    return {"simulated": "true"} if any(use.simulated for use in image.assets) else {}


def _encode(
    image: EvaluatedImage,
    grid: Grid,
    names: Sequence[str],
    rasters: Sequence[Any],
    file_format: str,
    body: Mapping[str, Any],
) -> tuple[bytes, str, str]:
    if file_format in _PICTURES:
        payload, media_type = encode.picture(rasters, file_format)
        return payload, media_type, ""
    if file_format == "NPY":
        return encode.npy(names, rasters), "application/octet-stream", ".npy"
    if file_format == "GEO_TIFF":
        return encode.geotiff(grid, names, rasters, _tags(image)), "image/tiff", ".tif"
    if file_format == "ZIPPED_GEO_TIFF":
        payload = encode.geotiff(grid, names, rasters, _tags(image))
        return encode.zipped([(f"{_prefix(body)}.tif", payload)]), "application/zip", ".zip"
    if file_format == "TF_RECORD_IMAGE":
        raise bad_request("File format 'TF_RECORD_IMAGE' is only supported for image exports.")
    raise bad_request(f"Unsupported file format: '{file_format}'.")


def _expression(body: Mapping[str, Any]) -> Mapping[str, Any]:
    expression = body.get("expression")
    if not isinstance(expression, Mapping):
        raise bad_request("Missing required field: 'expression'.")
    if not isinstance(expression.get("values", {}), Mapping):
        raise bad_request("Invalid value at 'expression.values' (a JSON object).")
    return expression


def _page(items: Sequence[Any], query: Mapping[str, Any]) -> dict[str, Any]:
    first = first_of_page(query.get("pageToken"))
    size = size_of_page(query.get("pageSize"), _FEATURES_PER_PAGE)
    answer: dict[str, Any] = {"type": "FeatureCollection", "features": list(items[first : first + size])}
    if first + size < len(items):
        answer["nextPageToken"] = str(first + size)
    return answer


ANSWERS: dict[str, Callable[..., Any]] = {
    "value": value,
    "pixels": pixels,
    "asset_pixels": asset_pixels,
    "tile": tile,
    "check_map": check_map,
    "check_thumbnail": check_thumbnail,
    "thumbnail": thumbnail,
    "features": features,
    "asset_features": asset_features,
    "table_download": table_download,
    "asset": asset,
    "listing": listing,
    "copy_asset": copy_asset,
    "register_image": register_image,
    **FRAME_ANSWERS,
    "ping": ping,
}
"""The functions of this module, by the name that the server calls them by."""
