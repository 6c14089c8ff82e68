"""Properties of elements, and features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ee_floods.engine.arguments import pattern
from ee_floods.engine.coerce import coerce
from ee_floods.engine.errors import bad_request
from ee_floods.engine.registry import algorithm
from ee_floods.engine.values.collection import Collection
from ee_floods.engine.values.elements import Element, Feature, element_get
from ee_floods.engine.values.geometry import Geometry
from ee_floods.engine.values.image import Image


@algorithm("Feature")
def feature(geometry: Geometry | None, metadata: dict[str, Any], key: str | None) -> Feature:
    """A geometry with properties; null properties are left out."""
    return Feature(geometry, {name: value for name, value in metadata.items() if value is not None})


@algorithm("Element.get")
def get(element: Element, name: str) -> Any:
    """A property, or null."""
    return element_get(element, name)


def _typed(name: str, type_: str) -> None:
    def apply(element: Element, key: str) -> Any:
        value = element_get(element, key)
        return None if value is None else coerce(value, type_, key)

    algorithm(name)(apply)


_typed("Element.getNumber", "Number")
_typed("Element.getString", "String")
_typed("Element.getArray", "Array")


@algorithm("Element.set")
def set_property(element: Element, key: str, value: Any) -> Element:
    """The element with a property changed; null removes it. `.geo` is the geometry."""
    if key == ".geo" and isinstance(element, Feature):
        return Feature(coerce(value, "Geometry", "value"), element.properties)
    if key == "system:id" and isinstance(element, Image):
        identifier = None if value is None else str(value)
        return Image(element.bands, element.properties, element.footprint, identifier, element.version)
    properties = dict(element.properties)
    properties.pop(key, None)
    if value is not None:
        properties[key] = value
    changed = element.with_properties(properties)
    if key == "system:footprint" and isinstance(changed, Image) and value is not None:
        return Image(
            changed.bands, properties, coerce(value, "Geometry", "value"), changed.id, changed.version
        )
    return changed


@algorithm("Element.setMulti")
def set_many(element: Element, properties: dict[str, Any]) -> Element:
    """The element with several properties changed."""
    for key, value in properties.items():
        element = set_property(element, key, value)
    return element


@algorithm("Element.propertyNames")
def property_names(element: Element) -> list[str]:
    """Names of the properties."""
    names = list(element.properties)
    if isinstance(element, Image):
        if element.footprint is not None and "system:footprint" not in names:
            names.append("system:footprint")
        if element.id is not None:
            names += ["system:id", "system:version"]
        names += ["system:bands", "system:band_names"]
    return names


@algorithm("Element.toDictionary")
def to_dictionary(element: Element, names: list[str] | None) -> dict[str, Any]:
    """Properties as a dictionary: by default those that are not the system's."""
    if names is None:
        return {k: v for k, v in element.properties.items() if not k.startswith("system:")}
    return {name: element_get(element, name) for name in names}


def _chosen(source: Element, properties: list[str] | None, exclude: list[str] | None) -> Mapping[str, Any]:
    left_out = set(exclude or ())
    if properties is None:
        # Without a list the system's own properties stay behind.
        names = [k for k in source.properties if not k.startswith("system:")]
    else:
        patterns = [pattern(name) for name in properties]
        names = [k for k in source.properties if any(p.fullmatch(k) for p in patterns)]
        names += [n for n in properties if n not in names and element_get(source, n) is not None]
    return {k: element_get(source, k) for k in names if k not in left_out}


@algorithm("Element.copyProperties", "Image.copyProperties")
def copy_properties(
    target: Element | None, source: Element | None, properties: list[str] | None, exclude: list[str] | None
) -> Element | None:
    """The element with properties of another: all but the system's, or those listed."""
    if target is None or source is None:
        return target
    return target.with_properties({**target.properties, **_chosen(source, properties, exclude)})


@algorithm("Element.replaceProperties")
def replace_properties(target: Element, source: Element | None) -> Element:
    """The element with nothing but the properties of another."""
    index = {k: v for k, v in target.properties.items() if k == "system:index"}
    return target.with_properties(index if source is None else {**index, **_chosen(source, None, None)})


@algorithm("Feature.id", "Image.id")
def element_id(element: Element) -> str | None:
    """The id: an asset's for stored images, else the index."""
    if isinstance(element, Image) and element.id is not None:
        return element.id
    index = element.properties.get("system:index")
    return None if index is None else str(index)


@algorithm("Element.geometry", "Feature.geometry", "Image.geometry")
def geometry(element: Element, error: Any, projection: Any, geodesics: bool | None) -> Geometry | None:
    """The geometry, or an image's footprint, in a projection if one is given."""
    found = element.geometry
    if found is None or (projection is None and geodesics is None) or found.unbounded:
        return found
    return found.in_projection(projection.crs if projection is not None else found.crs, geodesics)


@algorithm("Feature.setGeometry")
def set_geometry(element: Element, new: Geometry | None) -> Element:
    """The feature with another geometry."""
    if not isinstance(element, Feature):
        raise bad_request("Only a Feature's geometry can be set.")
    return Feature(new, element.properties)


@algorithm("Feature.select")
def select(element: Element, selectors: list[str], names: list[str] | None, geometry_too: bool) -> Element:
    """The properties that match names or regular expressions, renamed if asked for."""
    keep = (
        {"system:index": element.properties["system:index"]} if "system:index" in element.properties else {}
    )
    chosen: list[str] = []
    for selector in selectors:
        if selector in element.properties:
            chosen.append(selector)
        else:
            chosen += [k for k in element.properties if k not in chosen and pattern(selector).fullmatch(k)]
    if names is not None and len(names) != len(chosen):
        raise bad_request(f"Can't rename properties: {len(names)} new names for {len(chosen)} properties.")
    renamed = {new: element.properties[old] for old, new in zip(chosen, names or chosen, strict=True)}
    made = element.with_properties({**keep, **renamed})
    return made if geometry_too or not isinstance(made, Feature) else Feature(None, made.properties)


@algorithm("Feature.toArray")
def to_array(element: Element, names: list[str]) -> Any:
    """Numeric properties as a 1-D array."""
    values = [element_get(element, name) for name in names]
    if any(value is None for value in values):
        raise bad_request("A property is missing.")
    return np.array([coerce(value, "Number", "properties") for value in values], np.float64)


@algorithm("FeatureCollection.makeArray")
def make_array(features: Collection, names: list[str], name: str) -> Collection:
    """Features with some properties as a 1-D array too; those that lack a number are left out."""

    def added(element: Element) -> Element | None:
        values = [element_get(element, key) for key in names]
        if not all(isinstance(v, (int, float, np.number)) and not isinstance(v, bool) for v in values):
            return None
        return element.with_properties({**element.properties, name: np.array(values, np.float64)})

    return features.mapped(added)
