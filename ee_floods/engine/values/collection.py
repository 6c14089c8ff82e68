"""Collections: lazy sequences of elements; a loaded one narrows its query before anything is listed."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ee_floods.engine.values.elements import Element, Feature
from ee_floods.engine.values.filters import EVERYTHING, Bounds, Filter, Query
from ee_floods.engine.values.geometry import Geometry
from ee_floods.engine.values.image import Image

__all__ = ["NESTED", "Collection", "nested"]

NESTED = ".collection"
"""Property under which a feature holds a collection, so that collections can be elements until `flatten`."""


class Collection:
    """Elements that are made when someone asks, and at most once.

    Args:
        make: Starts the sequence.
        images: Whether the elements are images; None asks the first element.
        properties: Properties of the collection itself.
        id: Asset id of a loaded collection.
        listed: Asks the library for a narrower sequence; for a collection that is loaded and only filtered.
        query: What it was narrowed to so far.
        filters: Filters so far; `make` applies them.
    """

    def __init__(
        self,
        make: Callable[[], Iterable[Element]],
        *,
        images: bool | None = None,
        properties: Mapping[str, Any] | None = None,
        id: str | None = None,
        listed: Callable[[Query], Iterable[Element]] | None = None,
        query: Query = EVERYTHING,
        filters: tuple[Filter, ...] = (),
    ) -> None:
        self._make = make
        self._images = images
        self.properties = dict(properties or {})
        self.id = id
        self._listed = listed
        self._query = query
        self._filters = filters
        self._over: Callable[[Bounds], Collection | None] = lambda _: None
        self._found: list[Element] = []
        self._rest: Iterator[Element] | None = None

    @classmethod
    def loaded(
        cls,
        listed: Callable[[Query], Iterable[Element]],
        *,
        id: str,
        properties: Mapping[str, Any],
        images: bool,
    ) -> Collection:
        """Return a stored collection; `listed` may answer more than a query admits, never less."""
        return cls(lambda: listed(Query()), images=images, properties=properties, id=id, listed=listed)

    @classmethod
    def of(cls, elements: Iterable[Element], images: bool | None = None) -> Collection:
        """Return a collection of elements that are known."""
        return cls(lambda: elements, images=images)

    def __iter__(self) -> Iterator[Element]:
        for position in itertools.count():
            if position >= len(self._found):
                if self._rest is None:
                    self._rest = iter(self._make())
                try:
                    self._found.append(next(self._rest))
                except StopIteration:
                    return
            yield self._found[position]

    def elements(self) -> list[Element]:
        """Return all elements."""
        return list(self)

    @property
    def geometry(self) -> Geometry:
        """The union of all geometries."""
        from ee_floods.engine.geometry_sets import collection_geometry

        return collection_geometry(self)

    def first(self) -> Element | None:
        """Return the first element, or None."""
        return next(iter(self), None)

    def size(self) -> int:
        """Return the number of elements."""
        return sum(1 for _ in self)

    @property
    def holds_images(self) -> bool:
        """Whether the elements are images."""
        if self._images is None:
            self._images = isinstance(self.first(), Image)
        return self._images

    @property
    def type_name(self) -> str:
        """`ImageCollection` or `FeatureCollection`."""
        return "ImageCollection" if self.holds_images else "FeatureCollection"

    def filtered(self, condition: Filter) -> Collection:
        """Return the elements that pass; a loaded collection asks its library for no more than needed."""
        listed = self._listed
        if listed is None:
            return self.derived(lambda: (element for element in self if condition.passes(element)))
        query, filters = self._query.narrowed(condition.query), (*self._filters, condition)

        def make() -> Iterator[Element]:
            return (e for e in listed(query) if all(f.passes(e) for f in filters))

        return Collection(
            make, images=self._images, properties=self.properties, id=self.id, listed=listed, query=query,
            filters=filters,
        )  # fmt: skip

    def derived(self, make: Callable[[], Iterable[Element]], images: bool | None = None) -> Collection:
        """Return a collection made from this one, with its properties."""
        return Collection(
            make, images=self._images if images is None else images, properties=self.properties, id=self.id
        )

    def mapped(self, function: Callable[[Element], Element | None]) -> Collection:
        """Return the collection of the results, None left out; their kind is that of the first result."""
        collection = self.derived(lambda: (r for e in self if (r := function(e)) is not None))
        collection._images = None

        def over(bounds: Bounds) -> Collection | None:
            fewer = self.over(bounds)
            return None if fewer is None else fewer.mapped(function)

        collection._over = over
        return collection

    def over(self, bounds: Bounds) -> Collection | None:
        """Return the elements that may touch a box in degrees; None if the library cannot be asked for them.

        A mapped collection is narrowed before the map, so a function that moves or widens an image is not
        seen from outside the box.
        """
        if self._listed is None:
            return self._over(bounds)
        return self.filtered(Filter(lambda left, right: True, query=Query(bounds)))

    def with_properties(self, properties: Mapping[str, Any]) -> Collection:
        """Return the same elements with other properties of the collection."""
        collection = self.derived(lambda: iter(self))
        collection.properties = dict(properties)
        return collection


def nested(value: Element | Collection) -> Element:
    """Return an element; a collection becomes a feature that holds it."""
    return Feature(None, {NESTED: value}) if isinstance(value, Collection) else value
