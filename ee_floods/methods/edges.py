"""Inner and outer edges of a water label, for losses that weigh the shore line.

The inner edge is the water within `width` pixels of dry land, the outer edge the dry land within `width`
pixels of water (Garg et al., Environmental Data Science 2 (2023), e37, Fig. 4; the width is a choice).
Distance is along rows, columns and diagonals alike: a square window. An invalid pixel is no edge and makes
none.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from ee_floods.errors import InputError

if TYPE_CHECKING:
    import ee
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["EDGE_WIDTH", "Edge", "edges", "edges_image"]

EDGE_WIDTH = 1
"""Pixels; the thinnest edge, so that a river of three pixels still has an inside."""


class Edge(IntEnum):
    """Values of an edge map."""

    NONE = 0
    INNER = 1
    OUTER = 2


def edges(label: NDArray[np.integer], width: int = EDGE_WIDTH) -> NDArray[np.uint8]:
    """Return the edge map of a label.

    Args:
        label: `(H, W)` of -1 (invalid), 0 (dry), 1 (water).
        width: Pixels on each side of the shore line, at least 1.

    Returns:
        `(H, W)` of `Edge` values.
    """
    import numpy as np
    from scipy.ndimage import maximum_filter

    _positive(width)
    water, dry = label == 1, label == 0
    size = 2 * width + 1
    near_dry = maximum_filter(dry, size=size, mode="constant", cval=False)
    near_water = maximum_filter(water, size=size, mode="constant", cval=False)
    out = np.zeros(label.shape, np.uint8)
    out[water & near_dry] = Edge.INNER
    out[dry & near_water] = Edge.OUTER
    return out


def edges_image(label: ee.Image, width: int = EDGE_WIDTH) -> ee.Image:
    """Return a graph of `edges`, band `edge`; the width is in pixels of the grid that is asked for."""
    _positive(width)
    known = label.unmask(-1, False)
    water, dry = known.eq(1), known.eq(0)
    inner = water.And(dry.focalMax(width, "square", "pixels"))
    outer = dry.And(water.focalMax(width, "square", "pixels"))
    return inner.multiply(int(Edge.INNER)).add(outer.multiply(int(Edge.OUTER))).rename("edge")


def _positive(width: int) -> None:
    if width < 1:
        raise InputError(f"`width` must be at least 1 pixel, received {width}.")
