"""Reference water: JRC occurrence, in which "never water" is 0 and "no data" is masked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ee_floods.catalog.datasets import DATASETS

if TYPE_CHECKING:
    import ee

__all__ = ["occurrence_image"]


def occurrence_image() -> ee.Image:
    """Return a graph with the float band `occurrence` in %.

    JRC masks `occurrence` wherever it never saw water, as well as where it has no data; `max_extent` has data
    in the first case and none in the second.
    """
    import ee

    water = ee.Image(DATASETS["jrc_water"].id)
    seen = water.select("max_extent").mask()
    # `seen` bounds the result; JRC's own footprint is the whole world and need not be asked.
    occurrence: ee.Image = water.select("occurrence").unmask(0, False).updateMask(seen).toFloat()
    return occurrence
