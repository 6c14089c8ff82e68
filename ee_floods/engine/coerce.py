"""Promotion of arguments to the types of a signature, as the service does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ee_floods.engine.errors import bad_request
from ee_floods.engine.values.classifier import Classifier, Clusterer
from ee_floods.engine.values.collection import Collection, nested
from ee_floods.engine.values.confusion import ConfusionMatrix
from ee_floods.engine.values.elements import Date, DateRange, ErrorMargin, Feature, Function
from ee_floods.engine.values.filters import Filter, Join
from ee_floods.engine.values.geometry import Geometry
from ee_floods.engine.values.image import Image, constant_band
from ee_floods.engine.values.kernel import Kernel
from ee_floods.engine.values.pixeltype import PixelType
from ee_floods.engine.values.projection import Projection
from ee_floods.engine.values.reducer import Reducer
from ee_floods.engine.values.times import parse_date

__all__ = ["coerce", "constant_image", "type_name"]


class _Mismatch(ValueError):
    """The value cannot be made into the type."""


def type_name(value: Any) -> str:
    """Return the service's name of a value's type, as `ObjectType` answers it."""
    if value is None:
        return "Null"
    if isinstance(value, bool):
        return "Boolean"
    if isinstance(value, (int, np.integer)):
        return "Integer" if abs(int(value)) < 2**31 else "Long"
    if isinstance(value, (float, np.floating)):
        return "Float"
    if isinstance(value, Collection):
        return value.type_name
    if isinstance(value, Geometry):
        return value.kind
    names: list[tuple[type | tuple[type, ...], str]] = [
        (str, "String"), ((list, tuple), "List"), (Mapping, "Dictionary"), (np.ndarray, "Array"),
        (Image, "Image"), (Feature, "Feature"), (Date, "Date"), (DateRange, "DateRange"),
        (Projection, "Projection"), (PixelType, "PixelType"), (Function, "Algorithm"), (Filter, "Filter"),
        (ErrorMargin, "ErrorMargin"),
    ]  # fmt: skip
    for kind, name in names:
        if isinstance(value, kind):
            return name
    return type(value).__name__


def coerce(value: Any, wanted: str, argument: str) -> Any:
    """Return a value as the type that a signature names.

    Args:
        value: Not None.
        wanted: `Image`, `List<String>`, `Float`, ...
        argument: Name of the argument, for the error.

    Raises:
        EngineError: If the service would not promote it either.
    """
    base = wanted.split("<")[0]
    promote = _PROMOTIONS.get(base)
    if promote is None:
        return value
    try:
        found = promote(value)
        if wanted.startswith("List<") and base == "List":
            inner = wanted[5:-1]
            if inner != "Object":
                found = [coerce(item, inner, argument) if item is not None else None for item in found]
    except _Mismatch:
        raise bad_request(
            f"argument '{argument}': Invalid type.\nExpected type: {_WRITTEN.get(wanted, wanted)}.\n"
            f"Actual type: {type_name(value)}.\nActual value: {_shown(value)}"
        ) from None
    return found


def _shown(value: Any) -> str:
    if not isinstance(value, (str, int, float, list, dict)):
        return f"<{type_name(value)}>"
    return repr(value)[:200]


def constant_image(value: Any) -> Image:
    """Return a constant image: a number, an array, or a list of them (one band each)."""
    if isinstance(value, (list, tuple)):
        if not all(isinstance(v, (int, float, np.number, np.ndarray)) for v in value):
            if not all(
                isinstance(v, (Image, bool, int, float, np.ndarray, list, tuple, Mapping)) for v in value
            ):
                raise _Mismatch
            return _cat([_image(v) for v in value])
        if len(value) == 1:
            return Image((constant_band("constant", value[0]),))
        return Image(tuple(constant_band(f"constant_{i}", v) for i, v in enumerate(value)))
    return Image((constant_band("constant", value),))


def _cat(images: list[Image]) -> Image:
    from ee_floods.engine.bands import cat_images

    return cat_images(images)


def _image(value: Any) -> Image:
    if isinstance(value, Image):
        return value
    if isinstance(value, (bool, int, float, np.number, np.ndarray, list, tuple)):
        return constant_image(value)
    if isinstance(value, Mapping) and all(isinstance(v, (int, float, np.ndarray)) for v in value.values()):
        return Image(tuple(constant_band(str(k), v) for k, v in value.items()))
    if isinstance(value, Collection) and value.holds_images:
        from ee_floods.engine.compositing import mosaic

        return mosaic(value)
    raise _Mismatch


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray) and value.ndim == 0:
        return value.item()
    if isinstance(value, Date):
        return value.millis
    raise _Mismatch


def _whole(bits: int) -> Callable[[Any], int]:
    """Whole numbers of so many bits; fractions are cut off."""
    bound = 2 ** (bits - 1)

    def whole(value: Any) -> int:
        number = _number(value)
        if not -bound <= number < bound:  # NaN is not in between either
            raise _Mismatch
        return int(number)

    return whole


def _float(value: Any) -> float:
    try:
        return float(_number(value))
    except OverflowError:  # the numbers of a graph are 64 bits wide; those of Python are not
        raise _Mismatch from None


def _boolean(value: Any) -> bool:
    if isinstance(value, (bool, int, float, np.number)):
        return bool(value)
    raise _Mismatch


def _string(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise _Mismatch


def _list(value: Any) -> list[Any]:
    if isinstance(value, (list, tuple)):
        return list(value)
    if isinstance(value, np.ndarray):
        answer: list[Any] = value.tolist()
        return answer
    if isinstance(value, (str, bool, int, float)):
        raise _Mismatch
    if isinstance(value, Collection):
        return value.elements()
    raise _Mismatch


def _strings(value: Any) -> list[Any]:
    return [value] if isinstance(value, str) else _list(value)


def _dictionary(value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    raise _Mismatch


def _array(value: Any) -> np.ndarray[Any, Any]:
    if isinstance(value, np.ndarray):
        return value
    if isinstance(value, (int, float, np.number)):
        return np.asarray(value)
    if isinstance(value, (list, tuple)):
        try:
            array = np.array(value)
        except ValueError:
            raise _Mismatch from None
        if array.dtype.kind in "biuf" or array.size == 0:
            return array if array.size else array.astype(np.float64)
    raise _Mismatch


def _geometry(value: Any) -> Geometry:
    if isinstance(value, Geometry):
        return value
    if isinstance(value, Image):
        return value.geometry
    if isinstance(value, Feature):
        if value.geometry is None:
            raise bad_request("The feature has no geometry.")
        return value.geometry
    if isinstance(value, Collection):
        from ee_floods.engine.geometry_sets import collection_geometry

        return collection_geometry(value)
    if isinstance(value, Mapping) and "type" in value:
        return Geometry.from_json(value)
    raise _Mismatch


def _element(value: Any) -> Image | Feature | Collection:
    if isinstance(value, (Image, Feature, Collection)):
        return value
    if isinstance(value, Geometry):
        return Feature(value)
    if isinstance(value, Mapping) and value.get("type") == "Feature":
        return _feature_from_json(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return constant_image(value)
    raise _Mismatch


def _feature(value: Any) -> Feature | Image:
    found = _element(value)
    if isinstance(found, Collection):
        raise _Mismatch
    return found


def _feature_from_json(document: Mapping[str, Any]) -> Feature:
    geometry, members = document.get("geometry"), document.get("properties") or {}
    if not isinstance(members, Mapping) or not (geometry is None or isinstance(geometry, Mapping)):
        raise _Mismatch
    properties = dict(members)
    if "id" in document:
        properties["system:index"] = str(document["id"])
    return Feature(None if geometry is None else Geometry.from_json(geometry), properties)


def _collection(value: Any) -> Collection:
    if isinstance(value, Collection):
        return value
    if isinstance(value, (Feature, Image)):
        return Collection.of([value])
    if isinstance(value, Geometry):
        return Collection.of([Feature(value, {"system:index": "0"})], images=False)
    if isinstance(value, (list, tuple)):
        return Collection.of([nested(_element(item)) for item in value])
    if isinstance(value, Mapping) and value.get("type") == "FeatureCollection":
        features = value.get("features")
        if not isinstance(features, list) or not all(isinstance(item, Mapping) for item in features):
            raise _Mismatch
        return Collection.of([_feature_from_json(item) for item in features], images=False)
    raise _Mismatch


def _image_collection(value: Any) -> Collection:
    if isinstance(value, (list, tuple)):
        return Collection.of([_image(item) for item in value], images=True)
    found = _collection(value)
    if isinstance(found.first(), Feature) if found._images is None else not found.holds_images:
        first = found.first()
        if first is not None and not isinstance(first, Image):
            raise _Mismatch
    return found


def _projection(value: Any) -> Projection:
    if isinstance(value, Projection):
        return value
    if isinstance(value, str):
        return Projection.create(value)
    if isinstance(value, Mapping) and value.get("type") == "Projection":
        return Projection.create(value.get("crs") or value.get("wkt"), value.get("transform"))
    raise _Mismatch


def _date(value: Any) -> Date:
    if isinstance(value, Date):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return Date(float(value))
    if isinstance(value, str):
        return parse_date(value)
    if isinstance(value, Mapping) and value.get("type") == "Date":
        return Date(_float(value.get("value")))
    raise _Mismatch


def _date_range(value: Any) -> DateRange:
    if isinstance(value, DateRange):
        return value
    if isinstance(value, (list, tuple)) and len(value) == 2:
        return DateRange(_date(value[0]).millis, _date(value[1]).millis)
    raise _Mismatch


def _error_margin(value: Any) -> ErrorMargin:
    if isinstance(value, ErrorMargin):
        return value
    if isinstance(value, (int, float)):
        return ErrorMargin(float(value))
    if isinstance(value, Mapping):
        margin = value.get("value")
        return ErrorMargin(None if margin is None else _float(margin), str(value.get("unit", "meters")))
    raise _Mismatch


def _pixel_type(value: Any) -> PixelType:
    if isinstance(value, PixelType):
        return value
    if isinstance(value, str):
        return PixelType.named(value)
    if isinstance(value, Mapping) and value.get("precision") in ("int", "float", "double"):
        low, high = (None if value.get(key) is None else _number(value[key]) for key in ("min", "max"))
        return PixelType(value["precision"], low, high, _whole(32)(value.get("dimensions", 0)))
    raise _Mismatch


def _instance(kind: type) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if isinstance(value, kind):
            return value
        raise _Mismatch

    return check


_PROMOTIONS: dict[str, Callable[[Any], Any]] = {
    "Image": _image, "Number": _number, "Float": _float, "Boolean": _boolean, "String": _string,
    "List": _strings, "Dictionary": _dictionary, "Array": _array, "Geometry": _geometry, "Element": _element,
    "Feature": _feature, "FeatureCollection": _collection, "ImageCollection": _image_collection,
    "Projection": _projection, "Date": _date, "DateRange": _date_range, "ErrorMargin": _error_margin,
    "PixelType": _pixel_type, "Algorithm": _instance(Function), "Filter": _instance(Filter),
    "Reducer": _instance(Reducer), "Kernel": _instance(Kernel), "Join": _instance(Join),
    "ConfusionMatrix": _instance(ConfusionMatrix), "Classifier": _instance(Classifier),
    "Clusterer": _instance(Clusterer),
    "Integer": _whole(32), "Short": _whole(32), "Byte": _whole(32), "Long": _whole(64),
}  # fmt: skip

_WRITTEN = {
    "Image": "Image<unknown bands>", "List": "List<Object>", "Dictionary": "Dictionary<Object>",
}  # fmt: skip
"""How the service writes the types whose signatures leave something out."""
