"""Shapes of arrays: the same operations for one array and for arrays in pixels (leading axes stay)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.arguments import check_dimensions
from ee_floods.engine.errors import bad_request
from ee_floods.engine.values.reducer import Reducer, Samples

__all__ = [
    "accumulated",
    "cut",
    "joined",
    "mask_axis",
    "ordered",
    "padded",
    "projected",
    "reduced",
    "repeated",
    "reshaped",
    "same_shape",
    "sliced",
    "swapped",
]

Array = NDArray[Any]


def _axis(values: Array, axis: int, lead: int) -> int:
    dimensions = values.ndim - lead
    if not 0 <= axis < dimensions:
        raise bad_request(f"Axis {axis} is out of range for an array of {dimensions} dimensions.")
    return axis + lead


def _widened(values: Array, dimensions: int, lead: int) -> Array:
    check_dimensions(dimensions)
    while values.ndim - lead < dimensions:
        values = values[..., None]
    return values


def sliced(values: Array, axis: int, start: int, end: int | None, step: int, lead: int = 0) -> Array:
    """Return a part along one axis; negative bounds count from its end."""
    if step < 1:
        raise bad_request(f"The step of a slice must be positive, not {step}.")
    index: list[slice] = [slice(None)] * values.ndim
    index[_axis(values, axis, lead)] = slice(start, end, step)
    return values[tuple(index)]


def joined(arrays: Sequence[Array], axis: int, lead: int = 0) -> Array:
    """Return arrays joined along an axis; missing axes of length 1 are added at the end."""
    if not arrays or any(array is None for array in arrays):
        raise bad_request("There are no arrays to join." if not arrays else "An array to join is null.")
    dimensions = max(axis + 1, max(a.ndim - lead for a in arrays))
    wide = [_widened(a, dimensions, lead) for a in arrays]
    try:
        return np.concatenate(wide, axis=axis + lead)
    except ValueError as error:
        shapes = [a.shape[lead:] for a in wide]
        raise bad_request(f"Cannot join arrays of shapes {shapes} along axis {axis}.") from error


def projected(values: Array, axes: Sequence[int], lead: int = 0) -> Array:
    """Return only some axes; the others must have length 1."""
    kept = [_axis(values, axis, lead) for axis in axes]
    dropped = [axis for axis in range(lead, values.ndim) if axis not in kept]
    if any(values.shape[axis] != 1 for axis in dropped):
        raise bad_request(f"Cannot drop axes whose length is not 1: the array is {values.shape[lead:]}.")
    moved = values.transpose(*range(lead), *kept, *dropped)
    return moved.reshape(moved.shape[: lead + len(kept)])


def repeated(values: Array, axis: int, copies: int, lead: int = 0) -> Array:
    """Return copies along an axis, which may be a new one."""
    if copies < 0:
        raise bad_request(f"The number of copies must not be negative: {copies}.")
    wide = _widened(values, axis + 1, lead)
    shape = [1] * wide.ndim
    shape[axis + lead] = int(copies)
    return np.tile(wide, shape)


def reshaped(values: Array, lengths: Sequence[int], lead: int = 0) -> Array:
    """Return another shape; one length may be -1."""
    try:
        return values.reshape((*values.shape[:lead], *(int(n) for n in lengths)))
    except ValueError as error:
        raise bad_request(
            f"Cannot reshape an array of {list(values.shape[lead:])} to {[int(n) for n in lengths]}."
        ) from error


def padded(values: Array, lengths: Sequence[int], fill: float, lead: int = 0) -> Array:
    """Return the values filled up at the ends of the axes; longer axes stay."""
    if len(lengths) != values.ndim - lead:
        raise bad_request(f"{len(lengths)} lengths for an array of {values.ndim - lead} dimensions.")
    widths = [(0, max(int(n) - have, 0)) for n, have in zip(lengths, values.shape[lead:], strict=True)]
    if values.ndim == lead:
        return values
    return np.pad(values, [(0, 0)] * lead + widths, constant_values=fill)


def cut(values: Array, position: Sequence[int]) -> Array:
    """Return one place along each axis, or all of it where the position is -1."""
    if len(position) != values.ndim:
        raise bad_request(f"{len(position)} positions for an array of {values.ndim} dimensions.")
    for place, length in zip(position, values.shape, strict=True):
        if not -1 <= place < length:
            raise bad_request(f"Position {place} is out of bounds for an axis of length {length}.")
    return values[tuple(slice(None) if p == -1 else slice(p, p + 1) for p in position)]


def mask_axis(flags: tuple[int, ...]) -> int:
    """Return the axis that a mask of some shape selects along: the one on which it is longer than 1."""
    long = [axis for axis, length in enumerate(flags) if length > 1]
    if len(long) > 1:
        raise bad_request("The mask may be longer than 1 along one axis only.")
    return long[0] if long else next((axis for axis, length in enumerate(flags) if length != 1), 0)


def same_shape(left: Array, right: Array, lead: int = 0) -> tuple[Array, Array]:
    """Return two operands that go together element by element: a number goes with every element.

    Raises:
        EngineError: If both are arrays of different shapes.
    """
    if left.ndim > lead and right.ndim > lead and left.shape[lead:] != right.shape[lead:]:
        raise bad_request(
            "Arrays must have same lengths on all axes: "
            f"found {list(left.shape[lead:])} and {list(right.shape[lead:])}."
        )
    return _widened(left, right.ndim - lead, lead), _widened(right, left.ndim - lead, lead)


def swapped(values: Array, first: int, second: int, lead: int = 0) -> Array:
    """Return two axes exchanged."""
    if min(first, second) < 0:
        raise bad_request(f"Axes must not be negative, received {first} and {second}.")
    wide = _widened(values, max(first, second) + 1, lead)
    return np.swapaxes(wide, first + lead, second + lead)


def ordered(values: Array, keys: Array, lead: int = 0) -> Array:
    """Return values sorted by keys along the one axis on which the keys are longer than 1."""
    long = [axis for axis in range(lead, keys.ndim) if keys.shape[axis] > 1]
    if len(long) > 1:
        raise bad_request("The keys may be longer than 1 along one axis only.")
    if keys.ndim == lead:
        return values
    axis = long[0] if long else next((a for a in range(lead, keys.ndim) if keys.shape[a] != 1), lead)
    if keys.ndim != values.ndim or keys.shape[axis] != values.shape[axis]:
        raise bad_request(
            f"Keys of shape {list(keys.shape[lead:])} do not fit an array of {list(values.shape[lead:])}."
        )
    order = np.argsort(keys, axis=axis, kind="stable")
    return np.take_along_axis(values, np.broadcast_to(order, values.shape), axis)


def reduced(values: Array, reducer: Reducer, axes: Sequence[int], field: int | None, lead: int = 0) -> Array:
    """Return a reduction along axes, which keep length 1; several inputs or outputs lie along `field`."""
    places = [_axis(values, axis, lead) for axis in axes]
    if field is None:
        if reducer.inputs != 1 or len(reducer.outputs) != 1:
            raise bad_request("A reducer of several inputs or outputs needs a fieldAxis.")
        columns = [_samples_first(values, places)]
    else:
        where = _axis(values, field, lead)
        if values.shape[where] != reducer.inputs:
            raise bad_request(f"The field axis must have length {reducer.inputs}, not {values.shape[where]}.")
        columns = [_samples_first(np.take(values, [i], axis=where), places) for i in range(reducer.inputs)]
    weights: Array = np.ones(columns[0].shape, np.float64)
    outputs = reducer.reduce_stack(Samples.plain(columns, weights))
    found = [np.asarray(values) for values, _ in outputs]
    if any(values.ndim != weights.ndim - 1 for values in found):
        raise bad_request(
            f"Reducer.{reducer.name}: Every output must be a number to reduce an array with it."
        )
    for place in sorted(places):
        found = [np.expand_dims(v, place) for v in found]
    answer: Array = found[0] if field is None else np.concatenate(found, axis=field + lead)
    if weights.shape[0] == 0 and not all(valid.all() for _, valid in outputs):
        # What reduces nothing to null (all but sums and counts) leaves an axis of length 0.
        index: list[Any] = [slice(0, 0) if axis in places else slice(None) for axis in range(answer.ndim)]
        return np.asarray(answer[tuple(index)])
    return answer


def _samples_first(values: Array, places: Sequence[int]) -> Array:
    if len(set(places)) != len(places):
        raise bad_request("An axis is given twice.")
    rest = [axis for axis in range(values.ndim) if axis not in places]
    moved = values.transpose(*places, *rest)
    return moved.reshape(-1, *(values.shape[axis] for axis in rest))


def accumulated(values: Array, axis: int, reducer: Reducer | None, lead: int = 0) -> Array:
    """Return the reduction up to each position along an axis; sums without a reducer."""
    place = _axis(values, axis, lead)
    if reducer is None or reducer.name == "sum":
        return np.cumsum(values, axis=place)
    if values.shape[place] == 0:
        return values
    parts = [
        reduced(np.take(values, range(end), axis=place), reducer, [axis], None, lead)
        for end in range(1, values.shape[place] + 1)
    ]
    return np.concatenate(parts, axis=place)
