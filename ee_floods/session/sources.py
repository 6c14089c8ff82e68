"""Which assets an Earth Engine object is computed from, and whether any of them is simulated.

The mark cannot rely on image properties, which composites drop. So the expression itself is walked for the
assets that it loads, and the service is asked about each.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from typing import Any

from ee_floods.contracts.provenance import AssetUse, Provenance
from ee_floods.errors import AccessError, InputError, ServiceError
from ee_floods.session.connection import current

__all__ = ["loaded_assets", "provenance"]

LOADERS: Mapping[str, str] = {
    "Image.load": "id",
    "ImageCollection.load": "id",
    "Collection.loadTable": "tableId",
    "Classifier.load": "id",
}
"""Algorithms that load an asset, and the argument that names it (signatures of the pinned client)."""

OUTSIDE_LOADERS = frozenset({
    "Blob",
    "FeatureCollection.loadBigQueryTable",
    "Image.loadGeoTIFF",
    "Image.loadMosaic",
    "Image.loadZarrV2Array",
    "ImageCollection.loadZarrV2Array",
    "SerializableZarrV2ArrayImage",
})  # fmt: skip
"""Algorithms that read something that is no asset: nobody can say whether it is simulated."""

_PRIVATE = ("projects/", "users/")
"""Assets that may be replaced while a session lasts; what is known of them is not kept."""

_known: dict[tuple[str, str], bool] = {}
_known_lock = threading.Lock()


def provenance(source: Any) -> Provenance:
    """Return the assets that something is computed from.

    Args:
        source: An `ee` object, an asset id, or several of either.

    Raises:
        InputError: If an asset's id is itself computed, or something that is no asset is loaded, so that
            nobody can say what the result rests on.
        AccessError: If an asset is not there or not readable.
        ConfigError: If there is no session.
    """
    url = current().url
    assets: set[str] = set()
    for item in _items(source):
        if isinstance(item, str):
            assets.add(_plain(item))
        else:
            assets.update(loaded_assets(_encode(item)))
    return Provenance(tuple(sorted(AssetUse(name, _is_simulated(name, url)) for name in assets)))


def loaded_assets(expression: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the ids of the assets that a serialised expression loads, sorted.

    Args:
        expression: `{"result": id, "values": {id: node}}`, as the client sends it.

    Raises:
        InputError: See `provenance`.
    """
    values: Mapping[str, Any] = expression.get("values", {})
    found: set[str] = set()
    for node in values.values():
        _walk(node, values, found)
    return tuple(sorted(found))


def _items(source: Any) -> Iterable[Any]:
    if isinstance(source, list | tuple | set | frozenset):
        return source
    return (source,)


def _encode(item: Any) -> Mapping[str, Any]:
    import ee
    from ee import serializer

    if not isinstance(item, ee.Encodable):
        raise InputError(
            f"`source` must be an Earth Engine object or an asset id, received {item!r} of type "
            f"{type(item).__name__}."
        )
    encoded = serializer.encode(item, for_cloud_api=True)
    if not isinstance(encoded, Mapping):
        raise InputError(f"The client serialised {item!r} as {type(encoded).__name__}, not as an expression.")
    return encoded


def _walk(node: Any, values: Mapping[str, Any], found: set[str]) -> None:
    if isinstance(node, list):
        for item in node:
            _walk(item, values, found)
        return
    if not isinstance(node, Mapping):
        return
    call = node.get("functionInvocationValue")
    if isinstance(call, Mapping):
        name = str(call.get("functionName", ""))
        arguments: Mapping[str, Any] = call.get("arguments", {})
        if name in OUTSIDE_LOADERS:
            raise InputError(
                f"The expression reads a file with {name}, and nobody can say whether that is simulated.",
                remedy="Import the file as an asset first.",
            )
        if name in LOADERS and LOADERS[name] in arguments:
            found.add(_plain(_constant(arguments[LOADERS[name]], values, name)))
    for item in node.values():
        _walk(item, values, found)


def _constant(node: Any, values: Mapping[str, Any], function: str) -> str:
    while isinstance(node, Mapping) and "valueReference" in node:
        node = values.get(node["valueReference"])
    value = node.get("constantValue") if isinstance(node, Mapping) else None
    if not isinstance(value, str):
        raise InputError(
            f"The expression computes the asset that {function} loads "
            f"({json.dumps(node, default=str)[:80]}), so its sources cannot be listed.",
            remedy="Load assets by ids that are written out.",
        )
    return value


def _plain(asset_id: str) -> str:
    return asset_id.removeprefix("projects/earthengine-public/assets/").rstrip("/")


def _is_simulated(asset_id: str, url: str) -> bool:
    key = (url, asset_id)
    with _known_lock:
        if key in _known:
            return _known[key]
    asset = _get(asset_id)
    answer = _marked(asset)
    if not answer and asset.get("type") in ("IMAGE", "Image"):
        answer = _collection_is_simulated(asset_id, url)
    if not asset_id.startswith(_PRIVATE):
        with _known_lock:
            _known[key] = answer
    return answer


def _collection_is_simulated(image_id: str, url: str) -> bool:
    parent = image_id.rpartition("/")[0]
    if parent.count("/") < 1:
        return False
    try:
        return _is_simulated(parent, url)
    except AccessError:  # a folder of the public catalogue is no asset that one can ask for
        with _known_lock:
            _known[(url, parent)] = False
        return False


def _marked(asset: Mapping[str, Any]) -> bool:
    value = (asset.get("properties") or {}).get("simulated")
    return value.lower() not in ("", "0", "false", "no") if isinstance(value, str) else bool(value)


def _get(asset_id: str) -> dict[str, Any]:
    import ee

    try:
        asset: dict[str, Any] = ee.data.getAsset(asset_id)
    except ee.EEException as error:
        # The client hides the status; it is in the HttpError that it was handling.
        status = getattr(getattr(error.__context__, "resp", None), "status", None)
        kind = AccessError if status in (403, 404) else ServiceError
        raise kind(
            f"Earth Engine does not say what {asset_id!r} is: {error}",
            remedy="Is the id right, and may you read it?",
        ) from error
    return asset
