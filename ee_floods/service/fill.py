"""The fill in Earth Engine's terms: masks made 0 or 1, then masked pixels given the contracts' fill."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ee_floods.contracts.chip import FILL

if TYPE_CHECKING:
    import ee

__all__ = ["filled", "solid"]


def solid(image: ee.Image, bands: Sequence[str]) -> ee.Image:
    """Return the bands as float with masks of 0 or 1.

    Earth Engine's TFRecord export writes its default into partly masked pixels too, while direct reads return
    their values; whatever was seen at all counts as seen in both.
    """
    values = image.select(list(bands)).toFloat()
    masked: ee.Image = values.updateMask(values.mask().gt(0))
    return masked


def filled(image: ee.Image, bands: Sequence[str]) -> ee.Image:
    """Return the bands as float with the contracts' fill where they are masked, past the footprint too."""
    image_filled: ee.Image = solid(image, bands).unmask(FILL, sameFootprint=False)
    return image_filled
