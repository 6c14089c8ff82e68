"""Reducers as values: what turns many inputs into few outputs, for stacks of pixels and for plain lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.errors import bad_request
from ee_floods.engine.values.pixeltype import DOUBLE, PixelType

__all__ = ["Output", "Records", "Reducer", "Samples", "Typing", "double", "output_names", "same"]

Output = tuple[NDArray[Any], NDArray[np.bool_]]
"""Values and validity of one output, over the pixels that were reduced separately."""

Typing = Callable[[PixelType], PixelType]


def same(type_: PixelType) -> PixelType:
    """Return the type of an output that is one of the inputs."""
    return type_


def double(type_: PixelType) -> PixelType:
    """Return the type of an output that is any real number."""
    return DOUBLE


@dataclass(frozen=True)
class Samples:
    """What is reduced: N samples along the first axis, everything else in parallel.

    Args:
        columns: One array `(N, ...)` per input.
        weights: `(N, ...)`; 0 leaves a sample out of weighted reducers.
        counted: `(N, ...)`; whether an unweighted reducer takes the sample. In a region that is the pixels
            whose centre is inside.
    """

    columns: Sequence[NDArray[Any]]
    weights: NDArray[Any]
    counted: NDArray[np.bool_]

    @classmethod
    def plain(cls, columns: Sequence[NDArray[Any]], weights: NDArray[Any]) -> Samples:
        """Return samples that count wherever their weight is not 0."""
        return cls(columns, weights, weights > 0)

    def only(self, columns: Sequence[NDArray[Any]]) -> Samples:
        """Return the same samples with other columns."""
        return Samples(columns, self.weights, self.counted)


@dataclass(frozen=True)
class Records:
    """Inputs of any kind, null among them: one tuple of inputs for each of N samples.

    Args:
        rows: One value per input each.
        weights: One each; 0 leaves a sample out of weighted reducers.
        counted: Whether an unweighted reducer takes the sample.
    """

    rows: Sequence[tuple[Any, ...]]
    weights: Sequence[float]
    counted: Sequence[bool]

    @classmethod
    def plain(cls, rows: Sequence[tuple[Any, ...]], weights: Sequence[float] | None = None) -> Records:
        """Return records that count wherever their weight is not 0; all do without weights."""
        given = [1.0] * len(rows) if weights is None else weights
        return cls(rows, given, [weight > 0 for weight in given])

    def fields(self, start: int, stop: int) -> Records:
        """Return only some of the inputs of every sample."""
        return Records([row[start:stop] for row in self.rows], self.weights, self.counted)

    def unweighted(self) -> Records:
        """Return the samples that count, with a weight of 1."""
        return Records.plain([row for row, ok in zip(self.rows, self.counted, strict=True) if ok])

    def weighted(self) -> Records:
        """Return the samples that have a weight."""
        kept = [(row, w) for row, w in zip(self.rows, self.weights, strict=True) if w > 0]
        return Records.plain([row for row, _ in kept], [w for _, w in kept])


@dataclass(frozen=True)
class Reducer:
    """A reducer.

    Args:
        name: As in `Reducer.mean`.
        outputs: Names of the outputs.
        inputs: Number of inputs.
        stack: Reduces numbers along the first axis; None if the outputs are not numbers or arrays.
        collect: Reduces records to one value per output; None if `stack` does.
        types: Type of each output, from that of the first input.
        weighted: Whether weights matter to it.
        by_record: Whether samples that are not pixels are always collected, `stack` or not: lists.
    """

    name: str
    outputs: tuple[str, ...]
    inputs: int
    stack: Callable[[Samples], list[Output]] | None
    collect: Callable[[Records], list[Any]] | None = None
    types: tuple[Typing, ...] = ()
    weighted: bool = False
    by_record: bool = False

    def reduce_stack(self, samples: Samples) -> list[Output]:
        """Reduce numbers along the first axis.

        Raises:
            EngineError: If the outputs are not numbers.
        """
        if self.stack is None:
            raise bad_request(f"Reducer.{self.name}: The outputs of this reducer cannot be stored in pixels.")
        return self.stack(samples)

    def reduce_records(self, records: Records) -> list[Any]:
        """Reduce records of any values to one value per output; None for an output without a value."""
        if self.collect is not None:
            return self.collect(records)
        full = [all(v is not None for v in row) for row in records.rows]
        rows = [row for row, ok in zip(records.rows, full, strict=True) if ok]
        columns = [_column([row[i] for row in rows]) for i in range(self.inputs)]
        kept = np.asarray(records.weights, np.float64)[np.asarray(full, bool)]
        flags = np.asarray(records.counted, bool)[np.asarray(full, bool)]
        return self.reduce_samples(Samples(columns, kept, flags))

    def reduce_samples(self, samples: Samples) -> list[Any]:
        """Reduce one set of samples, `(N,)` each, to plain values."""
        if self.stack is None or self.by_record or any(column.dtype == object for column in samples.columns):
            columns = [_plain_items(column) for column in samples.columns]
            rows = list(zip(*columns, strict=True))
            assert self.collect is not None or self.stack is not None
            return self.reduce_records(Records(rows, samples.weights.tolist(), samples.counted.tolist()))
        answer: list[Any] = []
        for values, valid in self.stack(samples):
            if not np.all(valid):
                answer.append(None)
            else:
                answer.append(values.item() if values.ndim == 0 else values)
        return answer

    def output_types(self, type_: PixelType) -> list[PixelType]:
        """Return the pixel type of each output; arrays that are reduced element by element stay arrays."""
        types = self.types or (double,) * len(self.outputs)
        found = [typing(type_.plain()) for typing in types]
        return [kind if kind.dimensions else kind.array(type_.dimensions) for kind in found]


def _plain_items(column: NDArray[Any]) -> list[Any]:
    """Samples as plain numbers, or as an array each."""
    return column.tolist() if column.ndim == 1 and column.dtype != object else list(column)


def _column(values: list[Any]) -> NDArray[Any]:
    if any(isinstance(v, str) for v in values):
        raise bad_request("Reducer: Input is a String where a Number is expected.")
    try:
        array = np.array([getattr(v, "millis", v) for v in values])
    except ValueError as error:
        raise bad_request("Reducer: The inputs are not numbers of one shape.") from error
    if array.size == 0:
        return array.astype(np.float64)
    if array.dtype.kind not in "biuf":
        raise bad_request("Reducer: The inputs are not numbers.")
    return array


def output_names(band: str, outputs: Sequence[str], *, always: bool) -> list[str]:
    """Return names of a reducer's outputs for a band; a lone output need not be suffixed."""
    if len(outputs) == 1 and not always:
        return [band]
    return [f"{band}_{output}" for output in outputs]
