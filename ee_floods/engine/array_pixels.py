"""Pixels that hold arrays: one dense block where all have one shape, a packed one where shapes differ.

The values of a band with array pixels are `(H, W, *shape)`. Where pixels differ in shape they are a NumPy
structured array `(H, W)` with the fields `cells`, every pixel's array filled up at the ends of its axes, and
`lengths`, its true shape. Picking and cropping pixels works on both alike; what looks inside goes through
`per_shape`, which works on all pixels of one shape at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.errors import bad_request
from ee_floods.engine.records import Raster

__all__ = [
    "assembled",
    "chosen",
    "compressed",
    "concatenated",
    "is_packed",
    "items",
    "lengths_of",
    "per_shape",
    "recast",
    "settled",
    "together",
    "unpacked",
]

Array = NDArray[Any]
Shaped = Callable[..., Any]
"""Takes dense blocks `(n, 1, *shape)`, then one number per key; returns a block, or it and its validity."""

_LEAD = 2


def is_packed(values: Array) -> bool:
    """Whether pixels are stored with shapes of their own."""
    return values.dtype.names == ("cells", "lengths")


def _packed(cells: Array, lengths: Array) -> Array:
    lead = lengths.shape[:-1]
    kind = np.dtype(
        [("cells", cells.dtype, cells.shape[len(lead) :]), ("lengths", np.int32, (lengths.shape[-1],))]
    )
    answer = np.empty(lead, kind)
    answer["cells"], answer["lengths"] = cells, lengths
    return answer


def _corner(lengths: Any) -> tuple[Any, ...]:
    """The index of the first elements of arrays in pixels."""
    return (..., *(slice(0, int(n)) for n in lengths))


def unpacked(values: Array, lead: int = _LEAD) -> tuple[Array, Array]:
    """Return every pixel's array filled up to one shape `(..., *most)`, and true lengths `(..., d)`."""
    if is_packed(values):
        return values["cells"], values["lengths"]
    shape = values.shape[lead:]
    return values, np.broadcast_to(np.array(shape, np.int32), (*values.shape[:lead], len(shape)))


def lengths_of(values: Array, lead: int = _LEAD) -> Array:
    """Return the shape of every pixel's array, `(..., d)`."""
    return unpacked(values, lead)[1]


def settled(cells: Array, lengths: Array, mask: Array) -> Array:
    """Return pixels as densely as they can be stored; masked ones need not agree in shape."""
    shown = lengths[mask > 0]
    if shown.shape[0] == 0:
        return np.asarray(cells[_corner((0,) * lengths.shape[-1])])
    if (shown == shown[0]).all():
        return np.asarray(cells[_corner(shown[0])])
    most = shown.max(axis=0)
    clipped = np.minimum(lengths, most)  # masked pixels may be longer than any that shows
    return _packed(cells[_corner(most)], clipped)


def recast(values: Array, cast: Callable[[Array], Array]) -> Array:
    """Return packed pixels with other numbers in their arrays."""
    return _packed(cast(values["cells"]), values["lengths"])


def items(values: Array) -> Array:
    """Return packed pixels `(N,)` as objects: one array each."""
    answer = np.empty(values.shape, object)
    for index in np.ndindex(values.shape):
        lengths = values["lengths"][index]
        answer[index] = values["cells"][index][tuple(slice(0, int(n)) for n in lengths)]
    return answer


def per_shape(
    function: Shaped,
    values: Sequence[Array],
    mask: NDArray[np.float32],
    dimensions: int,
    keys: Sequence[Array] = (),
) -> tuple[Array, NDArray[np.bool_] | None]:
    """Apply a function of arrays to pixels, all pixels of one shape at once.

    Args:
        function: Takes one dense block `(n, 1, *shape)` per input, then one number per key.
        values: `(H, W, ...)`, dense or packed.
        mask: `(H, W)`; masked pixels are left out where shapes differ, and answered by zeros.
        dimensions: Of the arrays that the function makes; 0 for numbers.
        keys: `(H, W)` integers that are the same for all pixels of one call.

    Returns:
        The result's pixels, dense or packed, and where the function finds them valid (None: anywhere).
    """
    shown = np.asarray(mask) > 0
    if not shown.any():
        return np.zeros((*shown.shape, *(0,) * dimensions)), None
    labels = [np.broadcast_to(key, shown.shape)[shown].astype(np.int64) for key in keys]
    for value in values:
        if is_packed(value):
            labels += list(value["lengths"][shown].astype(np.int64).T)
    if all((label == label[0]).all() for label in labels):
        blocks = [settled(*unpacked(v), mask) if is_packed(v) else v for v in values]
        return _split(function(*blocks, *(int(label[0]) for label in labels[: len(keys)])))
    table = np.stack(labels, axis=1)
    _, first, group = np.unique(table, axis=0, return_index=True, return_inverse=True)
    places = np.flatnonzero(shown)
    order = np.argsort(group.ravel(), kind="stable")
    parts = np.split(places[order], np.flatnonzero(np.diff(group.ravel()[order])) + 1)
    answers = []
    for head, part in zip(first, parts, strict=True):
        blocks = [_block(value, part, shown.size) for value in values]
        answers.append((part, *_split(function(*blocks, *(int(n) for n in table[head, : len(keys)])))))
    return _gathered(answers, shown.shape, np.asarray(mask))


def _split(answer: Any) -> tuple[Array, NDArray[np.bool_] | None]:
    return answer if isinstance(answer, tuple) else (answer, None)


def _block(values: Array, part: Array, size: int) -> Array:
    """Return some pixels, which have one shape, as a dense block `(n, 1, *shape)`."""
    if not is_packed(values):
        return values.reshape(size, 1, *values.shape[_LEAD:])[part]
    flat = values.reshape(size, 1)[part]
    return np.asarray(flat["cells"][_corner(flat["lengths"][0, 0])])


def _gathered(
    answers: Sequence[tuple[Array, Array, NDArray[np.bool_] | None]], shape: tuple[int, ...], mask: Array
) -> tuple[Array, NDArray[np.bool_] | None]:
    """Return the blocks of groups of pixels at their places."""
    sizes = np.array([block.shape[_LEAD:] for _, block, _ in answers], np.int32).reshape(len(answers), -1)
    most = sizes.max(axis=0)
    total = int(np.prod(shape))
    cells = np.zeros((total, *most), np.result_type(*(block.dtype for _, block, _ in answers)))
    lengths = np.zeros((total, most.size), np.int32)
    valid = None if all(ok is None for _, _, ok in answers) else np.ones(total, bool)
    for (part, block, ok), size in zip(answers, sizes, strict=True):
        cells[(part, *_corner(size)[1:])] = block[:, 0]
        lengths[part] = size
        if ok is not None and valid is not None:
            valid[part] = ok[:, 0]
    found = cells.reshape(*shape, *most)
    if most.size:
        found = settled(found, lengths.reshape(*shape, -1), mask)
    return found, None if valid is None else valid.reshape(shape)


def compressed(values: Array, keep: Array, axis: int, mask: Array) -> Array:
    """Return every pixel's array with only some positions along an axis.

    Args:
        values: `(H, W, ...)`, dense or packed.
        keep: `(H, W, n)` flags along the axis.
        axis: Of the arrays.
        mask: `(H, W)`; masked pixels do not matter for the shape of the result.
    """
    cells, lengths = unpacked(values)
    place = axis + _LEAD
    size = cells.shape[place]
    keep = keep & (np.arange(size) < lengths[..., axis, None])
    order = np.argsort(~keep, axis=-1, kind="stable")
    shape = [size if axis == place else 1 for axis in range(_LEAD, cells.ndim)]
    order = order.reshape(*order.shape[:_LEAD], *shape)
    moved = np.take_along_axis(cells, order, place)
    found = np.array(lengths)
    found[..., axis] = keep.sum(axis=-1)
    return settled(moved, found, mask)


def together(parts: Sequence[Array], masks: Sequence[Array], lead: int) -> list[Array]:
    """Return pixels of several places in one way of storing, so that they can be put into one array.

    Args:
        parts: Each `(..., *shape)` with `lead` axes of places, dense or packed.
        masks: Their masks; the shape of a part that is wholly masked does not count.
        lead: Axes before those of the arrays.
    """
    wide = [unpacked(part, lead) for part in parts]
    shown = [(np.asarray(mask) > 0).any() for mask in masks]
    counted = [lengths for (_, lengths), seen in zip(wide, shown, strict=True) if seen] or [wide[0][1]]
    if len({lengths.shape[-1] for lengths in counted}) > 1:
        raise bad_request("Array pixels must have the same number of dimensions everywhere.")
    if not any(is_packed(part) for part in parts) and len({w[0].shape[lead:] for w in wide}) == 1:
        return list(parts)
    dimensions = counted[0].shape[-1]
    most = np.max([c.reshape(-1, dimensions).max(axis=0, initial=0) for c in counted], axis=0)
    dtype = np.result_type(*(cells.dtype for cells, _ in wide))
    answer = []
    for cells, lengths in wide:
        places = cells.shape[:lead]
        filled = np.zeros((*places, *most), dtype)
        if lengths.shape[-1] == dimensions:
            cut = _corner(np.minimum(cells.shape[lead:], most))
            filled[cut] = cells[cut]
            found = np.minimum(lengths, most)
        else:
            found = np.zeros((*places, dimensions), np.int32)
        answer.append(_packed(filled, found))
    return answer


def chosen(flags: NDArray[np.bool_], first: Raster, second: Raster) -> Array:
    """Return the first raster's pixels where a flag is set, else the second's; shapes may differ."""
    if first.values.ndim == second.values.ndim == _LEAD and not (
        is_packed(first.values) or is_packed(second.values)
    ):
        return np.where(flags, first.values, second.values)
    left, right = together([first.values, second.values], [first.mask * flags, second.mask * ~flags], _LEAD)
    wide = flags.reshape(flags.shape + (1,) * (left.ndim - _LEAD))
    found = np.where(wide, left, right)
    return settled(*unpacked(found), np.where(flags, first.mask, second.mask)) if is_packed(found) else found


def assembled(parts: Sequence[tuple[Any, Raster]], shape: tuple[int, int]) -> Raster:
    """Return tiles of array pixels, whose shapes are known only when all are there, as one raster.

    Args:
        parts: Tiles with their places `(rows, columns)` as slices; they cover everything.
        shape: `(H, W)`.
    """
    blocks = together([raster.values for _, raster in parts], [raster.mask for _, raster in parts], _LEAD)
    values = np.zeros((*shape, *blocks[0].shape[_LEAD:]), blocks[0].dtype)
    mask = np.zeros(shape, np.float32)
    for (place, raster), block in zip(parts, blocks, strict=True):
        values[place], mask[place] = block, raster.mask
    return Raster(settled(*unpacked(values), mask) if is_packed(values) else values, mask)


def concatenated(parts: Sequence[Raster]) -> Raster:
    """Return pixels `(N,)` of several places one after the other."""
    values = together([part.values for part in parts], [part.mask for part in parts], 1)
    return Raster(np.concatenate(values), np.concatenate([part.mask for part in parts]))
