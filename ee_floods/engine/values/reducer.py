"""Reducers as values: what turns many inputs into few outputs, for stacks of pixels and for plain lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.errors import bad_request
from ee_floods.engine.values.pixeltype import DOUBLE, PixelType

__all__ = ["Output", "Reducer", "Samples", "Typing", "output_names"]

Output = tuple[NDArray[Any], NDArray[np.bool_]]
"""Values and validity of one output, over the pixels that were reduced separately."""

Typing = Callable[[PixelType], PixelType]


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
class Reducer:
    """A reducer.

    Args:
        name: As in `Reducer.mean`.
        outputs: Names of the outputs.
        inputs: Number of inputs.
        stack: Reduces numbers along the first axis; None if the outputs are not numbers or arrays.
        collect: Reduces records (tuples of any values, None allowed) with weights to one value per output;
            None if `stack` does.
        types: Type of each output, from that of the first input.
        weighted: Whether weights matter to it.
    """

    name: str
    outputs: tuple[str, ...]
    inputs: int
    stack: Callable[[Samples], list[Output]] | None
    collect: Callable[[Sequence[tuple[Any, ...]], Sequence[float]], list[Any]] | None = None
    types: tuple[Typing, ...] = ()
    weighted: bool = False

    def reduce_stack(self, samples: Samples) -> list[Output]:
        """Reduce numbers along the first axis.

        Raises:
            EngineError: If the outputs are not numbers.
        """
        if self.stack is None:
            raise bad_request(f"Reducer.{self.name}: The outputs of this reducer cannot be stored in pixels.")
        return self.stack(samples)

    def reduce_records(
        self,
        records: Sequence[tuple[Any, ...]],
        weights: Sequence[float] | None = None,
        counted: Sequence[bool] | None = None,
    ) -> list[Any]:
        """Reduce records of any values to one value per output; None for an output without a value."""
        weights = [1.0] * len(records) if weights is None else weights
        if self.collect is not None:
            if not self.weighted and counted is not None:
                records = [r for r, c in zip(records, counted, strict=True) if c]
                weights = [1.0] * len(records)
            return self.collect(records, weights)
        full = [all(v is not None for v in record) for record in records]
        rows = [r for r, ok in zip(records, full, strict=True) if ok]
        columns = [_column([row[i] for row in rows]) for i in range(self.inputs)]
        kept = np.array([w for w, ok in zip(weights, full, strict=True) if ok], np.float64)
        flags = (
            kept > 0
            if counted is None
            else np.array([c for c, ok in zip(counted, full, strict=True) if ok], bool)
        )
        return self.reduce_samples(Samples(columns, kept, flags))

    def reduce_samples(self, samples: Samples) -> list[Any]:
        """Reduce one set of samples, `(N,)` each, to plain values."""
        if self.stack is None:
            rows = list(zip(*(column.tolist() for column in samples.columns), strict=True))
            keep = samples.weights > 0 if self.weighted else samples.counted
            chosen = [row for row, ok in zip(rows, keep, strict=True) if ok]
            weights = samples.weights[keep].tolist() if self.weighted else [1.0] * len(chosen)
            assert self.collect is not None
            return self.collect(chosen, weights)
        answer: list[Any] = []
        for values, valid in self.stack(samples):
            if not np.all(valid):
                answer.append(None)
            else:
                answer.append(values.item() if values.ndim == 0 else values)
        return answer

    def output_types(self, type_: PixelType) -> list[PixelType]:
        """Return the pixel type of each output."""
        return [typing(type_) for typing in self.types] if self.types else [DOUBLE] * len(self.outputs)


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
