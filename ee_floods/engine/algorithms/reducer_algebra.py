"""Reducers made from reducers: combination, repetition, groups, names, weights."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from ee_floods.engine.errors import bad_request
from ee_floods.engine.registry import algorithm
from ee_floods.engine.values.image import Image
from ee_floods.engine.values.reducer import Output, Reducer, Samples

Records = Sequence[tuple[Any, ...]]


@algorithm("Reducer.combine")
def combine(first: Reducer, second: Reducer, prefix: str, shared: bool) -> Reducer:
    """Both reducers in parallel, over the same inputs or over those of the first followed by the second's."""
    if shared and first.inputs != second.inputs:
        raise bad_request("Reducers that share inputs must have the same number of inputs.")
    outputs = list(first.outputs)
    for name in second.outputs:
        candidate, number = prefix + name, 0
        while candidate in outputs:
            number += 1
            candidate = f"{prefix}{name}_{number}"
        outputs.append(candidate)
    split = 0 if shared else first.inputs

    def stack(samples: Samples) -> list[Output]:
        return first.reduce_stack(samples.only(samples.columns[: first.inputs])) + second.reduce_stack(
            samples.only(samples.columns[split:])
        )

    def collect(records: Records, weights: Sequence[float]) -> list[Any]:
        left = [record[: first.inputs] for record in records]
        right = [record[split:] for record in records]
        return first.reduce_records(left, weights) + second.reduce_records(right, weights)

    numeric = first.stack is not None and second.stack is not None
    both = first.collect is None and second.collect is None
    types = (*_types(first), *_types(second))
    return Reducer(
        "combine", tuple(outputs), second.inputs + split, stack if numeric else None,
        None if both and numeric else collect, types, first.weighted or second.weighted,
    )  # fmt: skip


def _types(reducer: Reducer) -> tuple[Any, ...]:
    from ee_floods.engine.values.pixeltype import DOUBLE

    return reducer.types or (lambda type_: DOUBLE,) * len(reducer.outputs)


@algorithm("Reducer.repeat")
def repeat(reducer: Reducer, count: int) -> Reducer:
    """As many copies, each over inputs of its own; every output is the list of the copies' outputs."""
    n = reducer.inputs

    def stack(samples: Samples) -> list[Output]:
        runs = [
            reducer.reduce_stack(samples.only(samples.columns[i * n : (i + 1) * n])) for i in range(count)
        ]
        answer = []
        for position in range(len(reducer.outputs)):
            values = np.stack([run[position][0] for run in runs], axis=-1)
            valid = np.logical_and.reduce([run[position][1] for run in runs])
            answer.append((values, valid))
        return answer

    def collect(records: Records, weights: Sequence[float]) -> list[Any]:
        runs = [
            reducer.reduce_records([r[i * n : (i + 1) * n] for r in records], weights) for i in range(count)
        ]
        return [[run[position] for run in runs] for position in range(len(reducer.outputs))]

    types = tuple(lambda type_, typing=typing: typing(type_).array(1) for typing in _types(reducer))
    return Reducer(
        "repeat",
        reducer.outputs,
        n * count,
        stack if reducer.stack else None,
        collect,
        types,
        reducer.weighted,
    )


def _copies(reducer: Reducer, names: Sequence[str]) -> Reducer:
    """A copy for each name, over inputs of its own."""
    n = reducer.inputs
    if len(reducer.outputs) == 1:
        outputs = tuple(names)
    else:
        outputs = tuple(f"{name}_{output}" for name in names for output in reducer.outputs)

    def stack(samples: Samples) -> list[Output]:
        answer: list[Output] = []
        for i in range(len(names)):
            answer += reducer.reduce_stack(samples.only(samples.columns[i * n : (i + 1) * n]))
        return answer

    def collect(records: Records, weights: Sequence[float]) -> list[Any]:
        answer: list[Any] = []
        for i in range(len(names)):
            answer += reducer.reduce_records([r[i * n : (i + 1) * n] for r in records], weights)
        return answer

    return Reducer(
        "forEach", outputs, n * len(names), stack if reducer.stack else None,
        None if reducer.stack else collect, _types(reducer) * len(names), reducer.weighted,
    )  # fmt: skip


@algorithm("Reducer.forEach")
def for_each(reducer: Reducer, names: list[str]) -> Reducer:
    """A copy for each name."""
    return _copies(reducer, names)


@algorithm("Reducer.forEachBand")
def for_each_band(reducer: Reducer, image: Image) -> Reducer:
    """A copy for each band of an image."""
    return _copies(reducer, image.names)


@algorithm("Reducer.forEachElement")
def for_each_element(reducer: Reducer) -> Reducer:
    """The reducer at each position of arrays; reducers work that way on arrays anyway."""
    return dataclasses.replace(reducer, collect=None) if reducer.stack else reducer


@algorithm("Reducer.setOutputs")
def set_outputs(reducer: Reducer, names: list[str | None]) -> Reducer:
    """Other names for the outputs; null removes one."""
    if len(names) > len(reducer.outputs):
        raise bad_request(
            f"The reducer has {len(reducer.outputs)} outputs, but {len(names)} names were given."
        )
    keep = [i for i, name in enumerate(names) if name is not None]
    outputs = tuple(str(names[i]) for i in keep)
    types = _types(reducer)

    def stack(samples: Samples) -> list[Output]:
        found = reducer.reduce_stack(samples)
        return [found[i] for i in keep]

    def collect(records: Records, weights: Sequence[float]) -> list[Any]:
        found = reducer.reduce_records(records, weights)
        return [found[i] for i in keep]

    return dataclasses.replace(
        reducer, outputs=outputs, stack=stack if reducer.stack else None,
        collect=collect if reducer.collect else None, types=tuple(types[i] for i in keep),
    )  # fmt: skip


@algorithm("Reducer.getOutputs")
def get_outputs(reducer: Reducer) -> list[str]:
    """Names of the outputs."""
    return list(reducer.outputs)


@algorithm("Reducer.unweighted")
def unweighted(reducer: Reducer) -> Reducer:
    """The same without weights: every pixel whose centre is inside counts once."""

    def stack(samples: Samples) -> list[Output]:
        flat = Samples(samples.columns, samples.counted.astype(np.float64), samples.counted)
        return reducer.reduce_stack(flat)

    def collect(records: Records, weights: Sequence[float]) -> list[Any]:
        return reducer.reduce_records(records)

    return dataclasses.replace(
        reducer,
        stack=stack if reducer.stack else None,
        collect=collect if reducer.collect else None,
        weighted=False,
    )


@algorithm("Reducer.splitWeights")
def split_weights(reducer: Reducer) -> Reducer:
    """Each input followed by its weight as an input of its own."""
    if reducer.inputs != 1:
        raise bad_request("Only reducers of one input can be split from their weights.")

    def stack(samples: Samples) -> list[Output]:
        value, weight = samples.columns
        given = np.where(samples.counted, weight, 0)
        return reducer.reduce_stack(Samples([value], given, given > 0))

    def collect(records: Records, weights: Sequence[float]) -> list[Any]:
        return reducer.reduce_records([(r[0],) for r in records], [float(r[1]) for r in records])

    return dataclasses.replace(
        reducer, inputs=2, stack=stack if reducer.stack else None,
        collect=collect if reducer.collect else None, weighted=False,
    )  # fmt: skip


@algorithm("Reducer.group")
def group(reducer: Reducer, field: int, name: str) -> Reducer:
    """One reduction for each value of one input: a list of dictionaries, ordered by the value."""

    def collect(records: Records, weights: Sequence[float]) -> list[Any]:
        rows: dict[Any, list[tuple[tuple[Any, ...], float]]] = {}
        for record, weight in zip(records, weights, strict=True):
            key = record[field]
            if key is not None:
                rows.setdefault(key, []).append(((*record[:field], *record[field + 1 :]), weight))
        answer = []
        for key in sorted(rows):
            group_records, group_weights = zip(*rows[key], strict=True)
            values = reducer.reduce_records(group_records, group_weights)
            shown = int(key) if isinstance(key, float) and key.is_integer() else key
            answer.append({name: shown, **_outputs(reducer, values)})
        return [answer]

    return Reducer("group", ("groups",), reducer.inputs + 1, None, collect, (), reducer.weighted)


def _outputs(reducer: Reducer, values: list[Any]) -> dict[str, Any]:
    """Outputs by name; a group inside a group is merged under `groups`."""
    return dict(zip(reducer.outputs, values, strict=True))


@algorithm("Reducer.disaggregate")
def disaggregate(reducer: Reducer, axis: int | None) -> Reducer:
    """The items of arrays, lists and dictionaries as inputs of their own."""

    def collect(records: Records, weights: Sequence[float]) -> list[Any]:
        items: list[tuple[Any, ...]] = []
        for record in records:
            value = record[0]
            if isinstance(value, dict):
                items += [(v,) for v in value.values()]
            elif isinstance(value, np.ndarray):
                split = value.ravel().tolist() if axis is None else list(np.moveaxis(value, axis, 0))
                items += [(v,) for v in split]
            elif isinstance(value, (list, tuple)):
                items += [(v,) for v in value]
            else:
                items.append((value,))
        return reducer.reduce_records(items)

    return dataclasses.replace(reducer, stack=None, collect=collect, weighted=False)
