"""Collections of images and features: loading, filtering, mapping, ordering, merging."""

from __future__ import annotations

import itertools
import json
from collections.abc import Hashable, Iterator, Sequence
from typing import Any

from ee_floods.engine.arguments import lookup_table, numeric, texts
from ee_floods.engine.coerce import coerce
from ee_floods.engine.encode import encode
from ee_floods.engine.errors import EngineError, bad_request
from ee_floods.engine.geometry_sets import collection_geometry
from ee_floods.engine.limits import Limits
from ee_floods.engine.ordering import sort_key
from ee_floods.engine.registry import algorithm, algorithms
from ee_floods.engine.request import Request
from ee_floods.engine.values.collection import NESTED, Collection, nested
from ee_floods.engine.values.elements import (
    Element,
    Feature,
    Function,
    element_get,
    element_index,
    with_index,
)
from ee_floods.engine.values.filters import Filter
from ee_floods.engine.values.geometry import Geometry
from ee_floods.engine.values.image import Image
from ee_floods.engine.values.reducer import Records, Reducer


@algorithm("ImageCollection.load", request=True)
def load_images(request: Request, asset_id: str, version: int | None) -> Collection:
    """A stored image collection."""
    return request.collection(asset_id)


@algorithm("Collection.loadTable", request=True)
def load_table(request: Request, asset_id: str, column: str | None, version: int | None) -> Collection:
    """A stored feature collection."""
    return request.table(asset_id)


@algorithm("ImageCollection.fromImages")
def from_images(images: list[Image]) -> Collection:
    """A collection of images, indexed by position."""
    if any(image is None for image in images):
        raise bad_request("A collection cannot hold null: leave such images out.")
    return Collection.of([with_index(image, str(i)) for i, image in enumerate(images)], images=True)


@algorithm("Collection")
def from_features(elements: list[Any]) -> Collection:
    """A collection of elements; those without a unique index are numbered."""
    if any(element is None for element in elements):
        raise bad_request("A collection cannot hold null: leave such elements out.")
    features: list[Element] = [nested(element) for element in elements]
    indices = [element_index(feature) for feature in features]
    if None in indices or len(set(indices)) != len(indices):
        features = [with_index(feature, str(i)) for i, feature in enumerate(features)]
    return Collection.of(features)


@algorithm("Collection.filter")
def filter_collection(collection: Collection, condition: Any) -> Collection:
    """The elements that pass."""
    if isinstance(condition, str):
        condition = algorithms()["Filter.expression"].function(condition)
    if not isinstance(condition, Filter):
        raise bad_request("Parameter 'filter' must be a Filter.")
    return collection.filtered(condition)


@algorithm("Collection.first")
def first(collection: Collection) -> Element | None:
    """The first element, or null."""
    return collection.first()


@algorithm("Collection.size")
def size(collection: Collection) -> int:
    """The number of elements."""
    return collection.size()


@algorithm("Collection.toList")
def to_list(collection: Collection, count: int, offset: int) -> list[Element]:
    """Elements as a list."""
    if min(count, offset) < 0:
        raise bad_request(f"'count' and 'offset' must not be negative, received {count} and {offset}.")
    return list(itertools.islice(collection, offset, offset + count))


@algorithm("Collection.limit")
def limit(collection: Collection, count: int | None, key: str | None, ascending: bool) -> Collection:
    """Elements ordered by a property (without it last), then cut."""
    if count is not None and count < 0:
        raise bad_request("Parameter 'limit' must not be negative.")
    if key is None:
        return collection.derived(lambda: itertools.islice(collection, count))

    def ordered() -> Iterator[Element]:
        elements = sorted(collection, key=lambda e: sort_key(element_get(e, key)), reverse=not ascending)
        missing = [e for e in elements if element_get(e, key) is None]
        present = [e for e in elements if element_get(e, key) is not None]
        return itertools.islice([*present, *missing], count)

    return collection.derived(ordered)


@algorithm("Collection.map")
def map_collection(collection: Collection, function: Function, drop_nulls: bool) -> Collection:
    """The results of a function of each element, under the elements' own indices."""

    def one(element: Element) -> Element | None:
        index = element_index(element)
        try:
            result = function(element)
        except EngineError as error:
            if error.message.startswith("Error in map("):
                raise
            located = type(error)(f"Error in map(ID={index}):\n{error.message}", error.code, error.status)
            located.located = True  # type: ignore[attr-defined]
            raise located from error
        if result is None:
            if drop_nulls:
                return None
            raise bad_request("A mapped function returned null. Use dropNulls to leave such elements out.")
        if isinstance(result, Geometry):
            result = Feature(result)
        if isinstance(result, Collection):
            result = nested(result)
        if not isinstance(result, (Image, Feature)):
            raise bad_request("A mapped algorithm must return a Feature or Image.")
        return result if index is None or element_index(result) == index else with_index(result, index)

    return collection.mapped(one)


@algorithm("Collection.flatten")
def flatten(collection: Collection) -> Collection:
    """The elements of the collections in a collection, indexed `outer_inner`."""

    def elements() -> Iterator[Element]:
        for outer in collection:
            inner = outer.properties.get(NESTED)
            if not isinstance(inner, Collection):
                raise bad_request("The collection does not hold collections.")
            for element in inner:
                yield with_index(element, f"{element_index(outer)}_{element_index(element)}")

    flat = collection.derived(elements)
    flat._images = None
    return flat


@algorithm("Collection.iterate")
def iterate(collection: Collection, function: Function, start: Any) -> Any:
    """The last result of a function of each element and the result before it."""
    result = start
    for element in collection:
        result = function(element, result)
    return result


@algorithm("Collection.merge", "ImageCollection.merge")
def merge(left: Collection, right: Collection) -> Collection:
    """Both collections, indices prefixed with `1_` and `2_`."""

    def elements() -> Iterator[Element]:
        for prefix, collection in (("1", left), ("2", right)):
            for element in collection:
                yield with_index(element, f"{prefix}_{element_index(element)}")

    merged = left.derived(elements)
    merged._images = None
    return merged


@algorithm("Collection.distinct")
def distinct(collection: Collection, properties: Any) -> Collection:
    """The first element of each combination of values."""
    names: Sequence[str] = texts(properties, "properties")

    def elements() -> Iterator[Element]:
        seen = set()
        for element in collection:
            values = [encode(element_get(element, name), Limits.none()) for name in names]
            key = json.dumps(values, sort_keys=True)
            if key not in seen:
                seen.add(key)
                yield element

    return collection.derived(elements)


@algorithm("Collection.geometry")
def geometry(collection: Collection, error: Any) -> Geometry:
    """The union of all geometries."""
    return collection_geometry(collection)


@algorithm("Collection.bounds")
def bounds(collection: Collection, error: Any, projection: Any) -> Geometry:
    """The box around all geometries."""
    found = collection_geometry(collection)
    return found if found.unbounded else Geometry.box(found.planar(projection.crs).bounds, projection.crs)


@algorithm("Collection.union")
def union(collection: Collection, error: Any) -> Collection:
    """One feature with the union of all geometries."""
    return Collection.of([Feature(collection_geometry(collection), {"system:index": "0"})], images=False)


@algorithm("Collection.cache")
def cache(collection: Collection) -> Collection:
    """The collection itself: elements are kept anyway."""
    return collection


@algorithm("Collection.remap")
def remap(collection: Collection, old: list[Any], new: list[int], column: str) -> Collection:
    """A column's values looked up in a table; features of other values are left out."""
    table = lookup_table(old, new, "lookupIn", "lookupOut")

    def one(element: Element) -> Element | None:
        value = element.properties.get(column)
        if not isinstance(value, Hashable) or value not in table:
            return None
        return element.with_properties({**element.properties, column: table[value]})

    return collection.mapped(one)


@algorithm("Collection.reduceColumns")
def reduce_columns(
    collection: Collection, reducer: Reducer, selectors: list[str], weights: list[str] | None
) -> dict[str, Any]:
    """A reducer over columns of properties, by output name; the reducer decides what null means."""
    if len(selectors) != reducer.inputs:
        raise bad_request(
            f"Need {reducer.inputs} input selectors for the reducer, received {len(selectors)}: {selectors}."
        )
    records, given = [], []
    for element in collection:
        records.append(tuple(_column_value(element, name) for name in selectors))
        given.append(
            numeric(element_get(element, weights[0]), f"The weight '{weights[0]}'") if weights else 1.0
        )
    return dict(zip(reducer.outputs, reducer.reduce_records(Records.plain(records, given)), strict=True))


def _column_value(element: Element, name: str) -> Any:
    return element_get(element, name)


@algorithm("Collection.fromColumns")
def from_columns(columns: list[Any], names: list[str], types: list[Any] | None) -> Collection:
    """Features without geometry from lists of values."""
    lists = [coerce(column, "List<Object>", "columns") for column in columns]
    if len(lists) != len(names):
        raise bad_request(f"Need one name a column, received {len(names)} names for {len(lists)} columns.")
    if len({len(column) for column in lists}) > 1:
        raise bad_request(f"Columns must be equally long, received {[len(column) for column in lists]}.")
    rows = zip(*lists, strict=True)
    return Collection.of(
        [
            Feature(None, {**dict(zip(names, row, strict=True)), "system:index": str(i)})
            for i, row in enumerate(rows)
        ],
        images=False,
    )
