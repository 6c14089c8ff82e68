"""Reducers made from reducers: combination, repetition, groups, names, weights."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ee_floods.engine.errors import bad_request
from ee_floods.engine.ordering import sort_key
from ee_floods.engine.registry import algorithm
from ee_floods.engine.values.image import Image
from ee_floods.engine.values.reducer import Output, Records, Reducer, Samples, Typing, double


def _types(reducer: Reducer) -> tuple[Typing, ...]:
    return reducer.types or (double,) * len(reducer.outputs)


@dataclasses.dataclass(frozen=True)
class _Part:
    """A reducer inside another: which inputs it takes."""

    reducer: Reducer
    start: int

    @property
    def stop(self) -> int:
        return self.start + self.reducer.inputs

    def stack(self, samples: Samples) -> list[Output]:
        return self.reducer.reduce_stack(samples.only(samples.columns[self.start : self.stop]))

    def collect(self, records: Records) -> list[Any]:
        return self.reducer.reduce_records(records.fields(self.start, self.stop))


def _parallel(name: str, parts: Sequence[_Part], outputs: Sequence[str]) -> Reducer:
    """A reducer that runs several over their inputs; each of them meets null as it would alone."""

    def stack(samples: Samples) -> list[Output]:
        return [output for part in parts for output in part.stack(samples)]

    def collect(records: Records) -> list[Any]:
        return [value for part in parts for value in part.collect(records)]

    reducers = [part.reducer for part in parts]
    return Reducer(
        name, tuple(outputs), max((part.stop for part in parts), default=0),
        stack if all(r.stack is not None for r in reducers) else None, collect,
        tuple(typing for r in reducers for typing in _types(r)), any(r.weighted for r in reducers),
        any(r.by_record for r in reducers),
    )  # fmt: skip


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
    return _parallel("combine", [_Part(first, 0), _Part(second, 0 if shared else first.inputs)], outputs)


@algorithm("Reducer.repeat")
def repeat(reducer: Reducer, count: int) -> Reducer:
    """As many copies, each over inputs of its own; every output is the list of the copies' outputs."""
    if count < 1:
        raise bad_request(f"The reducer must be repeated at least once, not {count} times.")
    parts = [_Part(reducer, i * reducer.inputs) for i in range(count)]

    def stack(samples: Samples) -> list[Output]:
        runs = [part.stack(samples) for part in parts]
        answer = []
        for position in range(len(reducer.outputs)):
            values = np.stack([run[position][0] for run in runs], axis=-1)
            answer.append((values, np.logical_and.reduce([run[position][1] for run in runs])))
        return answer

    def collect(records: Records) -> list[Any]:
        runs = [part.collect(records) for part in parts]
        return [[run[position] for run in runs] for position in range(len(reducer.outputs))]

    types = tuple(lambda type_, typing=typing: typing(type_).array(1) for typing in _types(reducer))
    return Reducer(
        "repeat", reducer.outputs, reducer.inputs * count, stack if reducer.stack else None, collect, types,
        reducer.weighted, reducer.by_record,
    )  # fmt: skip


def _copies(reducer: Reducer, names: Sequence[str]) -> Reducer:
    """A copy for each name, over inputs of its own."""
    if len(reducer.outputs) == 1:
        outputs = list(names)
    else:
        outputs = [f"{name}_{output}" for name in names for output in reducer.outputs]
    return _parallel("forEach", [_Part(reducer, i * reducer.inputs) for i in range(len(names))], outputs)


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
    """The reducer at each position of arrays of equal shape."""
    if reducer.stack is None or reducer.inputs != 1:
        raise bad_request(f"Reducer.{reducer.name}: The reducer cannot be applied to each element.")

    def collect(records: Records) -> list[Any]:
        kept = [(np.asarray(row[0]), w, c)
                for row, w, c in zip(records.rows, records.weights, records.counted, strict=True)
                if row[0] is not None]  # fmt: skip
        if len({array.shape for array, _, _ in kept}) > 1:
            raise bad_request("Reducer.forEachElement: All arrays must have the same shape.")
        if not kept:
            return [None] * len(reducer.outputs)
        values = np.stack([array for array, _, _ in kept])
        weights = np.array([w for _, w, _ in kept], np.float64)
        counted = np.array([c for _, _, c in kept], bool)
        wide = (slice(None), *(None,) * (values.ndim - 1))
        found = reducer.reduce_stack(
            Samples(
                [values],
                np.broadcast_to(weights[wide], values.shape),
                np.broadcast_to(counted[wide], values.shape),
            )
        )
        return [np.asarray(output) if valid.all() else None for output, valid in found]

    return dataclasses.replace(reducer, collect=collect, by_record=True)


@algorithm("Reducer.setOutputs")
def set_outputs(reducer: Reducer, names: list[str | None]) -> Reducer:
    """Other names for the outputs; null or an empty name removes one."""
    if len(names) > len(reducer.outputs):
        raise bad_request(
            f"The reducer has {len(reducer.outputs)} outputs, but {len(names)} names were given."
        )
    keep = [i for i, name in enumerate(names) if name]
    types = _types(reducer)

    def stack(samples: Samples) -> list[Output]:
        found = reducer.reduce_stack(samples)
        return [found[i] for i in keep]

    def collect(records: Records) -> list[Any]:
        found = reducer.reduce_records(records)
        return [found[i] for i in keep]

    return dataclasses.replace(
        reducer, outputs=tuple(str(names[i]) for i in keep), stack=stack if reducer.stack else None,
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

    def collect(records: Records) -> list[Any]:
        return reducer.reduce_records(records.unweighted())

    return dataclasses.replace(
        reducer,
        stack=stack if reducer.stack else None,
        collect=collect if reducer.collect else None,
        weighted=False,
    )


@algorithm("Reducer.splitWeights")
def split_weights(reducer: Reducer) -> Reducer:
    """Each weighted input replaced by two without weights: the value and its weight."""
    if not reducer.weighted:
        return reducer
    if reducer.inputs != 1:
        raise bad_request("Only reducers of one input can be split from their weights.")

    def stack(samples: Samples) -> list[Output]:
        value, weight = samples.columns
        given = np.where(samples.counted, weight, 0).astype(np.float64)
        return reducer.reduce_stack(Samples([value], given, given > 0))

    def collect(records: Records) -> list[Any]:
        rows = [row for row in records.unweighted().rows if row[1] is not None]
        return reducer.reduce_records(Records.plain([(row[0],) for row in rows], [float(r[1]) for r in rows]))

    return dataclasses.replace(
        reducer, inputs=2, stack=stack if reducer.stack else None, collect=collect, weighted=False
    )


@algorithm("Reducer.group")
def group(reducer: Reducer, field: int, name: str) -> Reducer:
    """One reduction for each value of one input: a list of dictionaries, ordered by the value.

    A record without a group, or with nothing but its group, makes none.
    """
    if not 0 <= field <= reducer.inputs:
        raise bad_request(f"The group field {field} is not one of {reducer.inputs + 1} inputs.")

    def collect(records: Records) -> list[Any]:
        places: dict[Any, list[int]] = {}
        for position, row in enumerate(records.rows):
            taken = records.weights[position] > 0 or records.counted[position]
            rest = [*row[:field], *row[field + 1 :]]
            if taken and row[field] is not None and any(value is not None for value in rest):
                places.setdefault(_group_key(row[field]), []).append(position)
        answer = []
        for value in sorted(places, key=sort_key):
            chosen = Records(
                [(*records.rows[i][:field], *records.rows[i][field + 1 :]) for i in places[value]],
                [records.weights[i] for i in places[value]],
                [records.counted[i] for i in places[value]],
            )
            found = reducer.reduce_records(chosen)
            answer.append({name: value, **dict(zip(reducer.outputs, found, strict=True))})
        return [answer]

    return Reducer("group", ("groups",), reducer.inputs + 1, None, collect, (), reducer.weighted)


def _group_key(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


@algorithm("Reducer.disaggregate")
def disaggregate(reducer: Reducer, axis: int | None) -> Reducer:
    """The items of arrays, lists and dictionaries as inputs of their own."""

    def items(value: Any) -> list[Any]:
        if isinstance(value, Mapping):
            return list(value.values())
        if isinstance(value, np.ndarray):
            return value.ravel().tolist() if axis is None else list(np.moveaxis(value, axis, 0))
        return list(value) if isinstance(value, (list, tuple)) else [value]

    def collect(records: Records) -> list[Any]:
        every = [
            ((item,), weight, counted)
            for row, weight, counted in zip(records.rows, records.weights, records.counted, strict=True)
            for item in items(row[0])
        ]
        rows, weights, counted = zip(*every, strict=True) if every else ((), (), ())
        return reducer.reduce_records(Records(rows, weights, counted))

    if reducer.inputs != 1:
        raise bad_request("Only reducers of one input can be disaggregated.")
    return dataclasses.replace(reducer, stack=None, collect=collect)
