"""Kernels: weights around a pixel, in pixels, or in metres until an output scale is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ee_floods.engine.values.projection import Projection
from ee_floods.grid import Grid

__all__ = ["Kernel", "Weights"]


@dataclass(frozen=True)
class Weights:
    """Weights on the pixels around a focus.

    Args:
        values: `(h, w)`.
        x: Column of the focus.
        y: Row of the focus.
    """

    values: NDArray[np.float64]
    x: int
    y: int

    @property
    def reach(self) -> int:
        """Pixels by which the kernel reaches over the focus, at most."""
        height, width = self.values.shape
        return int(max(self.x, width - 1 - self.x, self.y, height - 1 - self.y))

    def offsets(self) -> list[tuple[int, int, float]]:
        """`(row, column, weight)` from the focus, of weights other than 0."""
        rows, cols = np.nonzero(self.values)
        return [
            (int(r) - self.y, int(c) - self.x, float(self.values[r, c]))
            for r, c in zip(rows, cols, strict=True)
        ]


@dataclass(frozen=True, eq=False)
class Kernel:
    """A kernel.

    Args:
        name: Shape, for descriptions.
        make: Weights for radii in pixels of `1 / size`: it takes the size of a pixel in the kernel's units.
        metric: Whether the radii are in metres.
    """

    name: str
    make: Callable[[float], Weights]
    metric: bool = False

    def on(self, grid: Grid) -> Weights:
        """Return the weights on a grid: metres follow its nominal scale."""
        return self.make(Projection.of_grid(grid).nominal_scale if self.metric else 1.0)

    def fixed(self) -> Weights:
        """Return the weights of a kernel in pixels (of one in metres at 1 m a pixel)."""
        return self.make(1.0)

    def to_json(self) -> dict[str, Any]:
        """Return the service's description: rows of weights as text."""
        weights = self.fixed()
        rows = ["[" + ", ".join(f"{v:.10g}" for v in row) + "]" for row in weights.values]
        return {"type": f"Kernel.{self.name}", "weights": "\n".join(rows), "center": [weights.x, weights.y]}
