"""Results in the service's JSON form."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ee_floods.engine.errors import bad_request
from ee_floods.engine.limits import Limits
from ee_floods.engine.values.collection import Collection
from ee_floods.engine.values.elements import Date, DateRange, ErrorMargin, Feature, Function
from ee_floods.engine.values.filters import Filter, Join
from ee_floods.engine.values.geometry import Geometry
from ee_floods.engine.values.image import Band, Image
from ee_floods.engine.values.pixeltype import PixelType
from ee_floods.engine.values.projection import Projection

__all__ = ["encode", "encode_band", "encode_feature"]

_SIXTEEN_DIGITS = 1e15  # from here on numbers are written with an exponent


def encode(value: Any, limits: Limits) -> Any:
    """Return a value as `value:compute` answers it.

    Raises:
        EngineError: If a collection has more elements than one answer may carry, or the value has no form.
    """
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return _number(value) if math.isfinite(value) else _non_finite(value)
    if isinstance(value, np.generic):
        return encode(value.item(), limits)
    if isinstance(value, np.ndarray):
        return encode(value.tolist(), limits)
    if isinstance(value, (list, tuple)):
        return [encode(item, limits) for item in value]
    if isinstance(value, Mapping):
        return {str(key): encode(item, limits) for key, item in value.items()}
    if isinstance(value, Image):
        return _image(value, limits)
    if isinstance(value, Feature):
        return encode_feature(value, limits)
    if isinstance(value, Collection):
        return _collection(value, limits)
    if isinstance(value, (Geometry, Projection, PixelType, Date, DateRange)):
        return encode(value.to_json(), limits)
    if isinstance(value, ErrorMargin):
        margin = {} if value.value is None else {"value": encode(value.value, limits)}
        return {"type": "ErrorMargin", "unit": value.unit, **margin}
    if isinstance(value, bytes):
        return {"type": "Bytes", "value": value.hex()}
    if isinstance(value, (Filter, Join, Function)):
        return {"type": type(value).__name__}
    described = getattr(value, "to_json", None)
    if described is not None:
        return encode(described(), limits)
    raise bad_request(f"A value of type {type(value).__name__} cannot be returned.")


def _number(value: float) -> float | int:
    """A whole double has no fraction in the service's JSON, so its clients print 10, not 10.0."""
    return int(value) if value.is_integer() and abs(value) < _SIXTEEN_DIGITS else value


def _non_finite(value: float) -> Any:
    """JSON has no infinities; the service writes these as strings."""
    return "NaN" if value != value else ("Infinity" if value > 0 else "-Infinity")


def encode_band(band: Band) -> dict[str, Any]:
    """Return the description of a band."""
    answer: dict[str, Any] = {"id": band.name, "data_type": encode(band.type.to_json(), Limits.none())}
    if band.size is not None:
        answer["dimensions"] = [band.size[1], band.size[0]]
    answer["crs"] = band.projection.crs
    answer["crs_transform"] = [_number(float(item)) for item in band.projection.transform]
    return answer


def _image(image: Image, limits: Limits) -> dict[str, Any]:
    answer: dict[str, Any] = {"type": "Image", "bands": [encode_band(band) for band in image.bands]}
    if image.id is not None:
        answer["id"] = image.id
    if image.version is not None:
        answer["version"] = image.version
    properties = {key: encode(value, limits) for key, value in image.properties.items()}
    if image.footprint is not None and not image.footprint.unbounded:
        properties.setdefault("system:footprint", encode(image.footprint, limits))
    if properties:
        answer["properties"] = properties
    return answer


def encode_feature(feature: Feature, limits: Limits) -> dict[str, Any]:
    """Return a GeoJSON feature; `system:index` is its id."""
    properties = {k: encode(v, limits) for k, v in feature.properties.items() if k != "system:index"}
    geometry = None if feature.geometry is None else encode(feature.geometry, limits)
    answer: dict[str, Any] = {"type": "Feature", "geometry": geometry}
    if feature.properties.get("system:index") is not None:
        answer["id"] = str(feature.properties["system:index"])
    return {**answer, "properties": properties}


def _collection(collection: Collection, limits: Limits) -> dict[str, Any]:
    elements: list[Any] = []
    for element in collection:
        if len(elements) >= limits.elements:
            raise bad_request(f"Collection query aborted after accumulating over {limits.elements} elements.")
        elements.append(encode(element, limits))
    answer: dict[str, Any] = {"type": collection.type_name}
    if collection.id is not None:
        answer["id"] = collection.id
    if collection.holds_images:
        answer["bands"] = []
    else:
        answer["columns"] = _columns(collection)
    if collection.properties:
        answer["properties"] = {k: encode(v, limits) for k, v in collection.properties.items()}
    return {**answer, "features": elements}


def _columns(collection: Collection) -> dict[str, str]:
    """Types of the first feature's properties, as the service describes a table."""
    from ee_floods.engine.coerce import type_name

    first = collection.first()
    if not isinstance(first, Feature):
        return {}
    columns = {k: type_name(v) for k, v in first.properties.items() if v is not None}
    return {**columns, "system:index": "String"}
