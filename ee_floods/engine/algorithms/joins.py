"""Joins: pairs of elements of two collections that pass a filter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ee_floods.engine.errors import bad_request
from ee_floods.engine.ordering import sort_key
from ee_floods.engine.registry import algorithm
from ee_floods.engine.values.collection import Collection
from ee_floods.engine.values.elements import Element, Feature, element_get, element_index
from ee_floods.engine.values.filters import Filter, Join

Match = tuple[Element, float | None]


@algorithm("Join.apply")
def apply(join: Join, primary: Collection, secondary: Collection, condition: Filter) -> Collection:
    """The collection that a join makes."""
    if not isinstance(join, Join):
        raise bad_request("Parameter 'join' must be a Join.")
    joined = primary.derived(lambda: join.apply(primary, secondary, condition))
    if join.name == "inner":
        joined._images = False
    return joined


def _matches(element: Element, secondary: Collection, condition: Filter) -> list[Match]:
    measure = condition.measure
    return [
        (other, None if measure is None else measure(element, other))
        for other in secondary
        if condition.test(element, other)
    ]


def _with(element: Element, **values: Any) -> Element:
    return element.with_properties({**element.properties, **values})


def _measured(match: Match, key: str | None) -> Element:
    other, measure = match
    return other if key is None or measure is None else _with(other, **{key: measure})


@algorithm("Join.simple")
def simple() -> Join:
    """Primary elements with at least one match."""

    def run(primary: Collection, secondary: Collection, condition: Filter) -> Iterator[Element]:
        return (e for e in primary if any(condition.test(e, other) for other in secondary))

    return Join("simple", run)


@algorithm("Join.inverted")
def inverted() -> Join:
    """Primary elements without a match."""

    def run(primary: Collection, secondary: Collection, condition: Filter) -> Iterator[Element]:
        return (e for e in primary if not any(condition.test(e, other) for other in secondary))

    return Join("inverted", run)


def _saving(
    name: str, key: str, measure_key: str | None, outer: bool, choose: Callable[[list[Match]], Any]
) -> Join:
    def run(primary: Collection, secondary: Collection, condition: Filter) -> Iterator[Element]:
        for element in primary:
            matches = _matches(element, secondary, condition)
            if matches:
                yield _with(element, **{key: choose(matches)})
            elif outer:
                yield element

    return Join(name, run)


@algorithm("Join.saveBest")
def save_best(key: str, measure_key: str, outer: bool) -> Join:
    """Each primary element with the match of the smallest measure, which carries the measure."""

    def choose(matches: list[Match]) -> Element:
        if any(measure is None for _, measure in matches):
            raise bad_request("The join condition produces no measure: use maxDifference or withinDistance.")
        return _measured(min(matches, key=lambda match: match[1] or 0.0), measure_key)

    return _saving("saveBest", key, measure_key, outer, choose)


def _ordered(matches: list[Match], ordering: str | None, ascending: bool) -> list[Match]:
    if ordering is None:
        return matches
    return sorted(matches, key=lambda m: sort_key(element_get(m[0], ordering)), reverse=not ascending)


@algorithm("Join.saveFirst")
def save_first(key: str, ordering: str | None, ascending: bool, measure_key: str | None, outer: bool) -> Join:
    """Each primary element with its first match."""
    return _saving(
        "saveFirst", key, measure_key, outer,
        lambda matches: _measured(_ordered(matches, ordering, ascending)[0], measure_key),
    )  # fmt: skip


@algorithm("Join.saveAll")
def save_all(key: str, ordering: str | None, ascending: bool, measure_key: str | None, outer: bool) -> Join:
    """Each primary element with the list of its matches."""

    def choose(matches: list[Match]) -> list[Element]:
        return [_measured(match, measure_key) for match in _ordered(matches, ordering, ascending)]

    return _saving("saveAll", key, measure_key, outer, choose)


@algorithm("Join.inner")
def inner(primary_key: str, secondary_key: str, measure_key: str | None) -> Join:
    """A feature for each matching pair, which holds both elements as properties."""

    def run(primary: Collection, secondary: Collection, condition: Filter) -> Iterator[Element]:
        for element in primary:
            for other, measure in _matches(element, secondary, condition):
                values: dict[str, Any] = {primary_key: element, secondary_key: other}
                if measure_key is not None and measure is not None:
                    values[measure_key] = measure
                values["system:index"] = f"{element_index(element)}_{element_index(other)}"
                yield Feature(None, values)

    return Join("inner", run)
