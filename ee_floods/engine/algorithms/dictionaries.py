"""Dictionaries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ee_floods.engine.arguments import check_dimensions, lookup_table, pattern
from ee_floods.engine.array_shapes import joined
from ee_floods.engine.coerce import coerce
from ee_floods.engine.errors import bad_request
from ee_floods.engine.registry import algorithm
from ee_floods.engine.values.elements import Element, Feature, Function
from ee_floods.engine.values.image import Image, constant_band


@algorithm("Dictionary")
def dictionary(value: Any) -> dict[str, Any]:
    """A dictionary from pairs, from a list of keys and values in turn, or from an element's properties."""
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (Image, Feature)):
        return {k: v for k, v in _properties(value).items() if not k.startswith("system:")}
    if isinstance(value, (list, tuple)):
        if all(isinstance(item, (list, tuple)) and len(item) == 2 for item in value):
            return {str(k): v for k, v in value}
        if len(value) % 2 == 0:
            return {str(k): v for k, v in zip(value[::2], value[1::2], strict=True)}
    raise bad_request("A dictionary is made from a dictionary, pairs, or keys and values in turn.")


def _properties(element: Element) -> Mapping[str, Any]:
    return element.properties


@algorithm("Dictionary.get")
def get(values: dict[str, Any], key: str, default: Any) -> Any:
    """The value of a key, or the default."""
    if key in values:
        return values[key]
    if default is not None:
        return default
    raise bad_request(f"Dictionary does not contain key: '{key}'.")


def _typed(name: str, type_: str) -> None:
    def apply(values: dict[str, Any], key: str) -> Any:
        value = get(values, key, None)
        return None if value is None else coerce(value, type_, "dictionary")

    algorithm(name)(apply)


for _type in ("Number", "String", "Array", "Geometry"):
    _typed(f"Dictionary.get{_type}", _type)


@algorithm("Dictionary.set")
def set_value(values: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    """One value changed."""
    return {**values, key: value}


@algorithm("Dictionary.keys")
def keys(values: dict[str, Any]) -> list[str]:
    """Keys in alphabetical order."""
    return sorted(values)


@algorithm("Dictionary.values")
def values_of(values: dict[str, Any], chosen: list[str] | None) -> list[Any]:
    """Values in the order of the keys, or of those given."""
    return [get(values, key, None) for key in (chosen if chosen is not None else sorted(values))]


@algorithm("Dictionary.size")
def size(values: dict[str, Any]) -> int:
    """The number of entries."""
    return len(values)


@algorithm("Dictionary.contains")
def contains(values: dict[str, Any], key: str) -> bool:
    """Whether a key is there."""
    return key in values


@algorithm("Dictionary.combine")
def combine(first: dict[str, Any], second: dict[str, Any], overwrite: bool) -> dict[str, Any]:
    """Both dictionaries; nulls are left out."""
    merged = {**first, **second} if overwrite else {**second, **first}
    return {key: value for key, value in merged.items() if value is not None}


@algorithm("Dictionary.fromLists")
def from_lists(names: list[str], values: list[Any]) -> dict[str, Any]:
    """Keys and values from two lists."""
    if len(names) != len(values):
        raise bad_request(f"The lists must have the same length: {len(names)} keys, {len(values)} values.")
    return dict(zip(names, values, strict=True))


@algorithm("Dictionary.map")
def map_values(values: dict[str, Any], function: Function) -> dict[str, Any]:
    """The results of a function of key and value."""
    return {key: function(key, value) for key, value in values.items()}


def _selected(values: dict[str, Any], selectors: list[str], ignore: bool) -> list[str]:
    found: list[str] = []
    for selector in selectors:
        matching = [selector] if selector in values else list(filter(pattern(selector).fullmatch, values))
        if not matching and not ignore:
            raise bad_request(f"Dictionary does not contain key: '{selector}'.")
        found += [key for key in matching if key not in found]
    return found


@algorithm("Dictionary.select")
def select(values: dict[str, Any], selectors: list[str], ignore: bool) -> dict[str, Any]:
    """Entries by key or regular expression."""
    return {key: values[key] for key in _selected(values, selectors, ignore)}


@algorithm("Dictionary.remove")
def remove(values: dict[str, Any], selectors: list[str], ignore: bool) -> dict[str, Any]:
    """Without the entries of some keys."""
    gone = set(_selected(values, selectors, ignore))
    return {key: value for key, value in values.items() if key not in gone}


@algorithm("Dictionary.rename")
def rename(values: dict[str, Any], old: list[str], new: list[str], overwrite: bool) -> dict[str, Any]:
    """Other keys for some entries."""
    names = lookup_table(old, new, "from", "to")
    for key in old:
        get(values, key, None)
    clash = [n for n in new if n in values and n not in names]
    if clash and not overwrite:
        raise bad_request(f"Cannot rename: the keys {clash} exist already.")
    kept = {k: v for k, v in values.items() if k not in names and k not in clash}
    return {**kept, **{names[k]: values[k] for k in old}}


@algorithm("Dictionary.toArray")
def to_array(values: dict[str, Any], names: list[str] | None, axis: int) -> Any:
    """Numbers as an array along an axis; arrays are joined along it."""
    chosen = [get(values, key, None) for key in (names if names is not None else sorted(values))]
    check_dimensions(axis + 1)
    arrays = [
        v if isinstance(v, np.ndarray) else np.asarray(coerce(v, "Array", "dictionary")) for v in chosen
    ]
    if all(a.ndim == 0 for a in arrays):
        flat = np.array([float(a) for a in arrays])
        return flat.reshape((1,) * axis + (-1,))
    return joined(arrays, axis)


@algorithm("Dictionary.toImage")
def to_image(values: dict[str, Any], names: list[str] | None) -> Image:
    """Constant bands."""
    chosen = names if names is not None else sorted(values)
    return Image(tuple(constant_band(name, get(values, name, None)) for name in chosen))
