"""Filters and joins as values: what they test, and what of it a catalogue can be asked for directly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ee_floods.engine.values.elements import Element

if TYPE_CHECKING:
    from ee_floods.engine.values.collection import Collection

__all__ = ["EVERYTHING", "Filter", "Join", "Query"]

Bounds = tuple[float, float, float, float]


@dataclass(frozen=True)
class Query:
    """What a library can be asked for: a box in degrees and a range of `system:time_start`."""

    bounds: Bounds | None = None
    start: float | None = None
    end: float | None = None

    @property
    def empty(self) -> bool:
        """Whether the range of times ends before it begins, so that nothing is in it."""
        return self.start is not None and self.end is not None and self.start >= self.end

    def narrowed(self, other: Query) -> Query:
        """Return a query that admits at least what both admit."""
        bounds = self.bounds if other.bounds is None else other.bounds
        if self.bounds is not None and other.bounds is not None:
            west, south, east, north = (
                max(self.bounds[0], other.bounds[0]), max(self.bounds[1], other.bounds[1]),
                min(self.bounds[2], other.bounds[2]), min(self.bounds[3], other.bounds[3]),
            )  # fmt: skip
            # Two boxes that do not meet may still both meet one image.
            bounds = (west, south, east, north) if west <= east and south <= north else self.bounds
        starts = [v for v in (self.start, other.start) if v is not None]
        ends = [v for v in (self.end, other.end) if v is not None]
        return Query(bounds, max(starts, default=None), min(ends, default=None))


EVERYTHING = Query()
"""The query that admits all elements."""


@dataclass(frozen=True, eq=False)
class Filter:
    """A test of one element, or of a pair in a join.

    Args:
        test: Takes the left element and the right one (the same element outside joins).
        measure: The number that `saveBest` and its kin compare; None if the filter makes none.
        query: What every element that passes must meet, for the library.
        complement: What every element that fails must meet; the client writes `gte` as not `lessThan`.
    """

    test: Callable[[Element, Element], bool]
    measure: Callable[[Element, Element], float | None] | None = None
    query: Query = EVERYTHING
    complement: Query = EVERYTHING

    def passes(self, element: Element) -> bool:
        """Whether an element passes."""
        return self.test(element, element)


@dataclass(frozen=True, eq=False)
class Join:
    """How pairs of elements become a collection.

    Args:
        name: As in `Join.simple`.
        apply: Takes primary, secondary and condition.
    """

    name: str
    apply: Callable[[Collection, Collection, Filter], Iterator[Any]]
