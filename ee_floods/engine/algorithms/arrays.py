"""Arrays: shapes, slices, orders, reductions, matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine import array_shapes as shapes
from ee_floods.engine import matrices
from ee_floods.engine.algorithms.elementwise import rounded
from ee_floods.engine.errors import bad_request
from ee_floods.engine.registry import algorithm, register
from ee_floods.engine.values.pixeltype import PixelType
from ee_floods.engine.values.reducer import Reducer

Array = NDArray[Any]


@algorithm("Array")
def array(values: Any, type_: PixelType | None) -> Array:
    """An array from nested lists of numbers, or of arrays."""
    try:
        made = np.array(values)
    except ValueError as error:
        raise bad_request("All rows of an array must have the same length.") from error
    if made.size == 0:
        if type_ is None and not isinstance(values, np.ndarray):
            raise bad_request("If 'pixelType' is not provided, 'values' must not be empty.")
        made = made.astype(np.float64)
    if made.dtype.kind not in "biuf":
        raise bad_request("An array is made from numbers.")
    return made if type_ is None else rounded(type_.plain(), made)


@algorithm("Array.get")
def get(values: Array, position: list[int]) -> float:
    """The number at a position."""
    if len(position) != values.ndim:
        raise bad_request(
            f"The position has {len(position)} coordinates, the array {values.ndim} dimensions."
        )
    if any(not -n <= p < n for p, n in zip(position, values.shape, strict=True)):
        raise bad_request(f"Array: Coordinates {position} are out of bounds for an array of {values.shape}.")
    found: float = values[tuple(position)].item()
    return found


@algorithm("Array.length")
def length(values: Array) -> Array:
    """Lengths of the axes."""
    return np.array(values.shape)


@algorithm("Array.toList")
def to_list(values: Array) -> Any:
    """Nested lists."""
    return values.tolist()


@algorithm("Array.slice")
def slice_array(values: Array, axis: int, start: int, end: int | None, step: int) -> Array:
    """A part along one axis."""
    return shapes.sliced(values, axis, start, end, step)


@algorithm("Array.cat")
def cat(arrays: list[Array], axis: int) -> Array:
    """Arrays joined along an axis, which may be a new one."""
    return shapes.joined(arrays, axis)


@algorithm("Array.project")
def project(values: Array, axes: list[int]) -> Array:
    """Only some axes; the others must have length 1."""
    return shapes.projected(values, axes)


@algorithm("Array.repeat")
def repeat(values: Array, axis: int, copies: int) -> Array:
    """Copies along an axis, which may be a new one."""
    return shapes.repeated(values, axis, copies)


@algorithm("Array.reshape")
def reshape(values: Array, shape: Array) -> Array:
    """Another shape; one length may be -1."""
    if not np.isfinite(shape).all():
        raise bad_request("The lengths of a shape must be finite.")
    return shapes.reshaped(values, [int(n) for n in shape.ravel()])


@algorithm("Array.transpose", "Array.matrixTranspose")
def transpose(values: Array, first: int, second: int) -> Array:
    """Two axes exchanged."""
    return shapes.swapped(values, first, second)


@algorithm("Array.pad")
def pad(values: Array, lengths: list[int], fill: float) -> Array:
    """Filled up at the ends of the axes."""
    return shapes.padded(values, lengths, fill)


@algorithm("Array.cut")
def cut(values: Array, position: list[int]) -> Array:
    """One place along each axis, or all of it where the position is -1."""
    return shapes.cut(values, position)


@algorithm("Array.mask")
def mask(values: Array, flags: Array) -> Array:
    """Only the positions along the one axis of a mask where it is not 0."""
    axis = shapes.mask_axis(flags.shape)
    if axis >= values.ndim or (values.shape[axis] != flags.size and flags.size != 1):
        raise bad_request(
            f"The mask of shape {list(flags.shape)} does not fit an array of {list(values.shape)}."
        )
    keep = np.broadcast_to(flags.ravel() != 0, (values.shape[axis],))
    return np.compress(keep, values, axis=axis)


@algorithm("Array.sort")
def sort(values: Array, keys: Array | None) -> Array:
    """Sorted along the axis on which the keys are longer than 1."""
    return shapes.ordered(values, values if keys is None else keys)


@algorithm("Array.argmax")
def argmax(values: Array) -> list[int] | None:
    """Position of the first largest value."""
    if values.size == 0:
        return None
    return [int(i) for i in np.unravel_index(int(np.argmax(values)), values.shape)]


@algorithm("Array.reduce")
def reduce_array(values: Array, reducer: Reducer, axes: list[int], field: int | None) -> Array:
    """A reducer along axes, which keep length 1."""
    return shapes.reduced(values, reducer, axes, field)


@algorithm("Array.accum")
def accumulate(values: Array, axis: int, reducer: Reducer | None) -> Array:
    """The reduction up to each position; sums without a reducer."""
    return shapes.accumulated(values, axis, reducer)


@algorithm("Array.dotProduct")
def dot(first: Array, second: Array) -> float:
    """The sum of products of two lists of numbers."""
    if first.ndim != 1 or first.shape != second.shape:
        raise bad_request(
            f"The arrays must be 1-D and equally long: {list(first.shape)} and {list(second.shape)}."
        )
    return float(np.dot(first, second))


@algorithm("Array.identity")
def identity(size: int) -> Array:
    """The identity matrix."""
    if size < 1:
        raise bad_request(f"The size must be positive, not {size}.")
    return np.eye(size)


def _matrix(values: Array) -> Array:
    if values.ndim != 2 or 0 in values.shape:
        raise bad_request(f"A matrix is a 2-D array with rows and columns, not {list(values.shape)}.")
    if not np.isfinite(found := values.astype(np.float64)).all():
        raise bad_request("A matrix must hold finite numbers.")
    return found


def _of_one(name: str, dimensions: int, function: Callable[[Array], Array]) -> None:
    def apply(values: Array) -> Any:
        found = function(_matrix(values))
        return found if dimensions else float(found)

    register(f"Array.{name}", apply)


def _of_two(name: str, function: Callable[[Array, Array], Array]) -> None:
    register(f"Array.{name}", lambda a, b: function(_matrix(a), _matrix(b)))


def _decomposition(name: str, parts: Callable[[Array], dict[str, Array]]) -> None:
    register(f"Array.{name}", lambda values: parts(_matrix(values)))


for _name, _dimensions, _function in matrices.OF_ONE:
    _of_one(_name, _dimensions, _function)
for _name, _pair in matrices.OF_TWO.items():
    _of_two(_name, _pair)
for _name, (_parts, _) in matrices.DECOMPOSITIONS.items():
    _decomposition(_name, _parts)
register("Array.eigen", lambda values: matrices.eigen(_matrix(values)))


@algorithm("Array.bitsToArray")
def bits_to_array(value: int) -> Array:
    """The bits of a whole number, from the lowest up to the highest that is set; one 0 for 0."""
    if not np.isfinite(value):
        raise bad_request(f"The value must be a whole number, not {value}.")
    return np.array([int(bit) for bit in bin(int(value) & (2**64 - 1))[:1:-1]])
