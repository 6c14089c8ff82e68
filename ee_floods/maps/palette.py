"""Colours of everything but the classes, whose colours are part of the product's contract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ee_floods.contracts.product import CLASSES, Exclusion

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["EXCLUSION_COLOURS", "class_rgba", "probability_ramp", "rgb"]

PROBABILITY_STOPS = ("#ffffd9", "#7fcdbb", "#1d91c0", "#081d58")
"""0, 33, 67 and 100 %: ColorBrewer's YlGnBu, whose lightness falls steadily (https://colorbrewer2.org)."""

EXCLUSION_COLOURS: Mapping[Exclusion, str] = {
    Exclusion.STEEP_OR_HIGH: "#8c510a",
    Exclusion.SHADOW_OR_LAYOVER: "#01665e",
    Exclusion.URBAN: "#c51b7d",
    Exclusion.DENSE_VEGETATION: "#4d9221",
    Exclusion.NO_RADAR: "#636363",
    Exclusion.PERSISTENTLY_DARK: "#542788",
    Exclusion.FROZEN: "#80cdc1",
    Exclusion.INCIDENCE_OUT_OF_RANGE: "#e08214",
}
"""Ends of ColorBrewer's diverging palettes, none of which is a class's colour. Where a pixel has several bits
the first of them is drawn."""


def rgb(colour: str) -> tuple[int, int, int]:
    """Return red, green and blue, 0..255 each, of `#rrggbb`."""
    value = int(colour[1:], 16)
    return value >> 16, value >> 8 & 255, value & 255


def class_rgba(flood: NDArray[np.uint8], *, without: frozenset[int] = frozenset()) -> NDArray[np.uint8]:
    """Return a class band as colours.

    Args:
        flood: uint8 `(H, W)` of `FloodClass`.
        without: Classes that stay transparent, as "no data" always does.

    Returns:
        uint8 `(H, W, 4)`: opaque in the class's colour, or all 0.
    """
    table = np.zeros((256, 4), np.uint8)
    for spec in CLASSES:
        if spec.colour is not None and int(spec.value) not in without:
            table[spec.value] = (*rgb(spec.colour), 255)
    return table[flood]


def probability_ramp() -> tuple[str, ...]:
    """Return the colours of 0, 1, ... 100 % of water probability as `#rrggbb`."""
    stops = np.array([rgb(colour) for colour in PROBABILITY_STOPS], dtype=float)  # (stops, 3)
    places = np.linspace(0, 100, len(stops))
    channels = [np.interp(np.arange(101), places, stops[:, channel]) for channel in range(3)]
    return tuple(
        "#{:02x}{:02x}{:02x}".format(*(round(v) for v in values)) for values in zip(*channels, strict=True)
    )
