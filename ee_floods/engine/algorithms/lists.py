"""Lists."""

from __future__ import annotations

from typing import Any

import numpy as np

from ee_floods.engine.coerce import coerce
from ee_floods.engine.errors import bad_request
from ee_floods.engine.ordering import comparable, sort_key
from ee_floods.engine.registry import algorithm
from ee_floods.engine.values.elements import Feature, Function
from ee_floods.engine.values.filters import Filter
from ee_floods.engine.values.reducer import Records, Reducer


def _same(a: Any, b: Any) -> bool:
    a, b = comparable(a), comparable(b)
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return bool(np.array_equal(a, b))
    return bool(a == b)


def _at(values: list[Any], index: int) -> int:
    """A position, negative from the end."""
    if not -len(values) <= index < len(values):
        raise bad_request(
            f"List index must be between 0 and {len(values)}, or -{len(values)} and -1. Found {index}."
        )
    return index % len(values)


@algorithm("List.get")
def get(values: list[Any], index: int) -> Any:
    """The element at a position."""
    return values[_at(values, index)]


def _typed(name: str, type_: str) -> None:
    def apply(values: list[Any], index: int) -> Any:
        return coerce(values[_at(values, index)], type_, "list")

    algorithm(name)(apply)


for _name, _type in (
    ("Number", "Number"),
    ("String", "String"),
    ("Array", "Array"),
    ("Geometry", "Geometry"),
):
    _typed(f"List.get{_name}", _type)


@algorithm("List.size", "List.length")
def size(values: list[Any]) -> int:
    """The number of elements."""
    return len(values)


@algorithm("List.add")
def add(values: list[Any], element: Any) -> list[Any]:
    """One element more."""
    return [*values, element]


@algorithm("List.cat")
def cat(values: list[Any], other: list[Any]) -> list[Any]:
    """Both lists."""
    return [*values, *other]


@algorithm("List.set")
def set_element(values: list[Any], index: int, element: Any) -> list[Any]:
    """One element changed."""
    answer = list(values)
    answer[_at(values, index)] = element
    return answer


@algorithm("List.insert")
def insert(values: list[Any], index: int, element: Any) -> list[Any]:
    """One element put in at a position."""
    answer = list(values)
    answer.insert(index if index >= 0 else len(values) + index, element)
    return answer


@algorithm("List.remove")
def remove(values: list[Any], element: Any) -> list[Any]:
    """Without the first occurrence of an element."""
    for position, value in enumerate(values):
        if _same(value, element):
            return [*values[:position], *values[position + 1 :]]
    return values


@algorithm("List.removeAll")
def remove_all(values: list[Any], other: list[Any]) -> list[Any]:
    """Without all elements that are in another list."""
    return [v for v in values if not any(_same(v, o) for o in other)]


@algorithm("List.replace")
def replace(values: list[Any], old: Any, new: Any) -> list[Any]:
    """The first occurrence of a value replaced."""
    for position, value in enumerate(values):
        if _same(value, old):
            return [*values[:position], new, *values[position + 1 :]]
    return values


@algorithm("List.replaceAll")
def replace_all(values: list[Any], old: Any, new: Any) -> list[Any]:
    """All occurrences of a value replaced."""
    return [new if _same(value, old) else value for value in values]


@algorithm("List.contains")
def contains(values: list[Any], element: Any) -> bool:
    """Whether an element is in the list."""
    return any(_same(value, element) for value in values)


@algorithm("List.containsAll")
def contains_all(values: list[Any], other: list[Any]) -> bool:
    """Whether all elements of another list are in this one."""
    return all(contains(values, element) for element in other)


@algorithm("List.equals")
def equals(values: Any, other: list[Any]) -> bool:
    """Whether two lists are the same."""
    values = values.tolist() if isinstance(values, np.ndarray) else values
    if not isinstance(values, list):
        return False
    return len(values) == len(other) and all(_same(a, b) for a, b in zip(values, other, strict=True))


@algorithm("List.indexOf")
def index_of(values: list[Any], element: Any) -> int:
    """Position of the first occurrence, or -1."""
    return next((i for i, value in enumerate(values) if _same(value, element)), -1)


def _sublists(values: list[Any], target: list[Any]) -> list[int]:
    return [i for i in range(len(values) - len(target) + 1) if equals(values[i : i + len(target)], target)]


@algorithm("List.indexOfSublist")
def index_of_sublist(values: list[Any], target: list[Any]) -> int:
    """Position of the first occurrence of a list, or -1."""
    return next(iter(_sublists(values, target)), -1)


@algorithm("List.lastIndexOfSubList")
def last_index_of_sublist(values: list[Any], target: list[Any]) -> int:
    """Position of the last occurrence of a list, or -1."""
    return (_sublists(values, target) or [-1])[-1]


@algorithm("List.frequency")
def frequency(values: list[Any], element: Any) -> int:
    """How often an element occurs."""
    return sum(_same(value, element) for value in values)


@algorithm("List.distinct")
def distinct(values: list[Any]) -> list[Any]:
    """First occurrences."""
    answer: list[Any] = []
    for value in values:
        if not contains(answer, value):
            answer.append(value)
    return answer


@algorithm("List.flatten")
def flatten(values: list[Any]) -> list[Any]:
    """Elements of lists in the list, at any depth."""
    answer: list[Any] = []
    for value in values:
        answer += flatten(list(value)) if isinstance(value, (list, tuple)) else [value]
    return answer


@algorithm("List.filter")
def filter_list(values: list[Any], condition: Filter) -> list[Any]:
    """The elements that pass, tested as `item`."""

    def element(value: Any) -> Any:
        if hasattr(value, "properties"):
            return value
        return Feature(None, {"item": value})

    return [value for value in values if condition.passes(element(value))]


@algorithm("List.map")
def map_list(values: list[Any], function: Function, drop_nulls: bool) -> list[Any]:
    """The results of a function of each element."""
    answer = [function(value) for value in values]
    return [value for value in answer if value is not None] if drop_nulls else answer


@algorithm("List.iterate")
def iterate(values: list[Any], function: Function, first: Any) -> Any:
    """The last result of a function of each element and the result before it."""
    result = first
    for value in values:
        result = function(value, result)
    return result


@algorithm("List.reduce")
def reduce_list(values: list[Any], reducer: Reducer) -> Any:
    """A reducer over the elements: one output directly, several as a dictionary."""
    if reducer.inputs > 1:
        for row in values:
            if not isinstance(row, (list, tuple)) or len(row) != reducer.inputs:
                raise bad_request(f"Each element must be a list of the reducer's {reducer.inputs} inputs.")
    records = [(v,) if reducer.inputs == 1 else tuple(v) for v in values]
    found = reducer.reduce_records(Records.plain(records))
    return found[0] if len(found) == 1 else dict(zip(reducer.outputs, found, strict=True))


@algorithm("List.join")
def join(values: list[Any], separator: str) -> str:
    """Elements as text."""
    from ee_floods.engine.algorithms.strings import text_of

    return separator.join(text_of(value) for value in values)


@algorithm("List.repeat")
def repeat(value: Any, count: int) -> list[Any]:
    """A value several times."""
    return [value] * count


@algorithm("List.reverse")
def reverse(values: list[Any]) -> list[Any]:
    """The other way round."""
    return values[::-1]


@algorithm("List.rotate")
def rotate(values: list[Any], distance: int) -> list[Any]:
    """Moved forward by a distance; what leaves the end comes in at the start."""
    if not values:
        return values
    shift = distance % len(values)
    return values[-shift:] + values[:-shift] if shift else values


@algorithm("List.sequence")
def sequence(start: float, end: float | None, step: float, count: int | None) -> list[float]:
    """Numbers from a start to an end, which is included if a step meets it."""
    if end is None and count is None:
        raise bad_request("At least one of 'end' and 'count' must be specified.")
    if count is not None:
        if end is None:
            return [start + step * i for i in range(count)]
        return [start + (end - start) * i / max(count - 1, 1) for i in range(count)]
    if step == 0 or end is None:
        raise bad_request("The step must not be 0.")
    number = int(np.floor((end - start) / step + 1e-9)) + 1
    return [start + step * i for i in range(max(number, 0))]


@algorithm("List.shuffle")
def shuffle(values: list[Any], seed: Any) -> list[Any]:
    """A random order, the same for the same seed."""
    if seed is False:
        return values
    number = int(seed) if isinstance(seed, (int, float)) else 0
    return [values[i] for i in np.random.default_rng(abs(number)).permutation(len(values))]


@algorithm("List.slice")
def slice_list(values: list[Any], start: int, end: int | None, step: int | None) -> list[Any]:
    """Elements from a start up to but not including an end."""
    if step == 0:
        raise bad_request("The step of a slice must not be 0.")
    return values[start:end:step]


@algorithm("List.splice")
def splice(values: list[Any], start: int, count: int, other: list[Any] | None) -> list[Any]:
    """Some elements replaced by others."""
    first = start if start >= 0 else len(values) + start
    return [*values[:first], *(other or ()), *values[first + count :]]


@algorithm("List.swap")
def swap(values: list[Any], first: int, second: int) -> list[Any]:
    """Two elements exchanged."""
    answer = list(values)
    a, b = _at(values, first), _at(values, second)
    answer[a], answer[b] = answer[b], answer[a]
    return answer


@algorithm("List.sort")
def sort(values: list[Any], keys: list[Any] | None) -> list[Any]:
    """In ascending order of the elements, or of keys."""
    if keys is None:
        return sorted(values, key=sort_key)
    if len(keys) != len(values):
        raise bad_request(f"Need one key an element, received {len(keys)} keys for {len(values)} elements.")
    order = sorted(range(len(values)), key=lambda i: sort_key(keys[i]))
    return [values[i] for i in order]


@algorithm("List.zip")
def zip_lists(values: list[Any], other: list[Any]) -> list[Any]:
    """Pairs, as many as the shorter list has."""
    return [[a, b] for a, b in zip(values, other, strict=False)]


@algorithm("List.unzip")
def unzip(values: list[Any]) -> list[Any]:
    """First elements of lists, then second ones, and so on."""
    for row in values:
        if not isinstance(row, (list, tuple)):
            raise bad_request("Each element of the list must be a list itself.")
    return [list(column) for column in zip(*values, strict=False)]
