"""The JSON kinds of the fields of a request: a body of another form is refused before anything reads it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from ee_floods.engine.errors import bad_request

__all__ = ["checked_body"]

_FREE = ("expression", "metadata", "properties", "region")
"""Members of any form: graphs and regions are checked by the evaluator, the others are the user's own."""

_OBJECTS = (
    "affineTransform", "asset", "assetExportOptions", "cloudOptimizedGeoTiffOptions",
    "cloudStorageDestination", "config", "dimensions", "driveDestination", "earthEngineDestination",
    "expression", "fileExportOptions", "geoTiffOptions", "grid", "imageManifest", "metadata",
    "missingData", "policy", "properties", "region", "tableManifest", "tfRecordOptions",
    "tileExportOptions", "tilestoreLocation", "videoOptions", "visualizationOptions",
)  # fmt: skip
_LISTS_OF_OBJECTS = ("bands", "bindings", "maskBands", "ranges", "sources", "tilesets")
_LISTS_OF_STRINGS = ("bandIds", "members", "paletteColors", "selectors", "uris")
_STRINGS = (
    "bucket", "crs", "crsCode", "crsWkt", "description", "destinationName", "fileFormat", "filename",
    "filenamePrefix", "folder", "id", "name", "pageToken", "pyramidingPolicy", "requestId", "role",
    "sourceName", "tilesetId", "timeout", "type", "workloadTag",
)  # fmt: skip
_WHOLE = ("height", "pageSize", "width")
_NUMBERS = ("scaleX", "scaleY", "shearX", "shearY", "translateX", "translateY")
_INT32 = 2**31


def _is_string(value: Any) -> bool:
    return isinstance(value, str) and "\0" not in value


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return False
    try:
        return math.isfinite(float(value))
    except (OverflowError, ValueError):
        return False


def _is_whole(value: Any) -> bool:
    return _is_number(value) and float(value).is_integer() and -_INT32 <= float(value) < _INT32


def _list_of(one: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(one(item) for item in value)


def _is_object(value: Any) -> bool:
    return isinstance(value, Mapping)


_KINDS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    **dict.fromkeys(_OBJECTS, ("a JSON object", _is_object)),
    **dict.fromkeys(_LISTS_OF_OBJECTS, ("a list of JSON objects", _list_of(_is_object))),
    **dict.fromkeys(_LISTS_OF_STRINGS, ("a list of TYPE_STRING", _list_of(_is_string))),
    **dict.fromkeys(_STRINGS, ("TYPE_STRING", _is_string)),
    **dict.fromkeys(_WHOLE, ("TYPE_INT32", _is_whole)),
    **dict.fromkeys(_NUMBERS, ("TYPE_DOUBLE", _is_number)),
}


def checked_body(body: Mapping[str, Any], place: str = "") -> dict[str, Any]:
    """Return a body whose known fields have the kinds they should have; null fields are left out.

    Raises:
        EngineError: In the words that Google's services have for it.
    """
    kept: dict[str, Any] = {}
    for name, value in body.items():
        if value is None:
            continue
        where = f"{place}.{name}" if place else name
        kind = _KINDS.get(name)
        if kind is not None and not kind[1](value):
            raise bad_request(f"Invalid value at '{where}' ({kind[0]}), {str(value)[:100]}")
        if name in _FREE:
            kept[name] = value
        elif isinstance(value, Mapping):
            kept[name] = checked_body(value, where)
        elif isinstance(value, list):
            kept[name] = [
                checked_body(item, f"{where}[{index}]") if isinstance(item, Mapping) else item
                for index, item in enumerate(value)
            ]
        else:
            kept[name] = value
    return kept
