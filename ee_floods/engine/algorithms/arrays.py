"""Arrays: the table of arithmetic applied to arrays, shapes, slices, reductions, matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine import array_shapes as shapes
from ee_floods.engine.arithmetic import BINARY, CASTS, UNARY, Binary, Unary
from ee_floods.engine.errors import bad_request
from ee_floods.engine.registry import algorithm, register
from ee_floods.engine.values.pixeltype import PixelType
from ee_floods.engine.values.reducer import Reducer

Array = NDArray[Any]


def _binary(name: str, operation: Binary) -> None:
    def apply(left: Array, right: Array) -> Array:
        if left.ndim and right.ndim and left.shape != right.shape:
            raise bad_request(f"Arrays must have the same shape: {left.shape} and {right.shape}.")
        found = np.asarray(operation.function(left, right))
        return found.astype(np.int64) if found.dtype.kind == "b" else found

    register(f"Array.{name}", apply)


def _unary(name: str, operation: Unary) -> None:
    def apply(array: Array) -> Array:
        found = np.asarray(operation.function(array))
        return found.astype(np.int64) if found.dtype.kind == "b" else found

    register(f"Array.{name}", apply)


def _cast(names: tuple[str, ...], type_: PixelType) -> None:
    for name in names:
        register(f"Array.{name}", type_.cast)


for _name, _operation in BINARY.items():
    _binary(_name, _operation)
for _name, _function in UNARY.items():
    _unary(_name, _function)
for _name, _target in CASTS.items():
    _cast((_name, f"to{_name[0].upper()}{_name[1:]}"), PixelType.named(_target))


@algorithm("Array")
def array(values: Any, type_: PixelType | None) -> Array:
    """An array from nested lists of numbers."""
    try:
        made = np.array(values)
    except ValueError as error:
        raise bad_request("All rows of an array must have the same length.") from error
    if made.dtype.kind not in "biuf":
        raise bad_request("An array is made from numbers.")
    return made if type_ is None else type_.plain().cast(made)


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
    try:
        return values.reshape([int(n) for n in shape.ravel()])
    except ValueError as error:
        raise bad_request(f"Cannot reshape an array of {values.shape} to {shape.tolist()}.") from error


@algorithm("Array.transpose", "Array.matrixTranspose")
def transpose(values: Array, first: int, second: int) -> Array:
    """Two axes exchanged."""
    return shapes.swapped(values, first, second)


@algorithm("Array.pad")
def pad(values: Array, lengths: list[int], fill: float) -> Array:
    """Filled up at the ends of the axes."""
    widths = [(0, max(n - have, 0)) for n, have in zip(lengths, values.shape, strict=True)]
    return np.pad(values, widths, constant_values=fill)


@algorithm("Array.mask")
def mask(values: Array, flags: Array) -> Array:
    """Only the positions along the first differing axis where a mask is not 0."""
    axes = [axis for axis, n in enumerate(flags.shape) if n > 1]
    if len(axes) > 1:
        raise bad_request("The mask may be longer than 1 along one axis only.")
    axis = axes[0] if axes else 0
    return np.compress(flags.ravel() != 0, values, axis=axis)


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
    return float(np.dot(first.ravel(), second.ravel()))


@algorithm("Array.identity")
def identity(size: int) -> Array:
    """The identity matrix."""
    return np.eye(size)


@algorithm("Array.matrixMultiply")
def multiply(left: Array, right: Array) -> Array:
    """The product of matrices."""
    if left.ndim != 2 or right.ndim != 2 or left.shape[1] != right.shape[0]:
        raise bad_request(f"Cannot multiply matrices of {left.shape} and {right.shape}.")
    return left @ right


@algorithm("Array.matrixSolve")
def solve(left: Array, right: Array) -> Array:
    """X of left x = right, by least squares where left is not square."""
    return np.linalg.lstsq(left, right, rcond=None)[0]


def _square(values: Array) -> Array:
    if values.ndim != 2 or values.shape[0] != values.shape[1]:
        raise bad_request(f"The matrix must be square, not {values.shape}.")
    return values


@algorithm("Array.matrixInverse")
def inverse(values: Array) -> Array:
    """The inverse of a matrix."""
    try:
        return np.linalg.inv(_square(values))
    except np.linalg.LinAlgError as error:
        raise bad_request("The matrix is singular.") from error


register("Array.matrixPseudoInverse", lambda values: np.linalg.pinv(values))
register("Array.matrixDeterminant", lambda values: float(np.linalg.det(_square(values))))
register("Array.matrixTrace", lambda values: float(np.trace(values)))
register("Array.matrixFnorm", lambda values: float(np.linalg.norm(values)))
register("Array.matrixDiagonal", lambda values: np.diagonal(values).reshape(-1, 1).copy())
register("Array.matrixToDiag", lambda values: np.diag(values.ravel()))


@algorithm("Array.eigen")
def eigen(values: Array) -> Array:
    """Eigenvalues, in falling order, and eigenvectors of a symmetric matrix: one row for each."""
    found, vectors = np.linalg.eigh(_square(values))
    order = np.argsort(found)[::-1]
    return np.column_stack([found[order], vectors[:, order].T])


@algorithm("Array.bitsToArray")
def bits_to_array(value: int) -> Array:
    """Bits from the lowest."""
    return np.array([int(bit) for bit in bin(int(value))[:1:-1]])
