"""Flood classes: water seen by the radar, told apart from the water that is normally there.

The reference is the JRC Global Surface Water `occurrence` (Pekel et al. 2016, doi:10.1038/nature20584): the
share of clear Landsat looks since 1984 that saw water. Each function exists twice: in NumPy and as an Earth
Engine graph with the same classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ee_floods.contracts.product import FloodClass
from ee_floods.errors import ConfigError, GridMismatchError

if TYPE_CHECKING:
    import ee
    from numpy.typing import NDArray

__all__ = ["PERMANENT_MIN", "SEASONAL_MIN", "check_thresholds", "flood_classes", "flood_classes_graph"]

PERMANENT_MIN = 90.0
"""Occurrence in % from which water is permanent: the water mask of Earth Engine's own tutorial on this data
set (https://developers.google.com/earth-engine/tutorials/tutorial_global_surface_water_02). Below 100,
because clouds, ice and mixed pixels at the shore hide water from Landsat now and then."""

SEASONAL_MIN = 30.0
"""Occurrence in % from which water is normal for part of the year: the default that ASF's HydroSAR used for
"known water" (asf-tools, `known_water_threshold`). Lower values mostly hold earlier floods, which must stay
floods."""


def check_thresholds(permanent_min: float, seasonal_min: float) -> None:
    """Raise `ConfigError` unless 0 < seasonal_min <= permanent_min <= 100 (%)."""
    # A seasonal threshold of 0 would call every flood on land that was never wet seasonal water.
    if not 0 < seasonal_min <= permanent_min <= 100:
        raise ConfigError(
            f"Occurrence thresholds must follow 0 < seasonal_min <= permanent_min <= 100 %, received "
            f"seasonal_min={seasonal_min:g} and permanent_min={permanent_min:g}.",
            remedy=f"The defaults are {SEASONAL_MIN:g} and {PERMANENT_MIN:g}.",
        )


def flood_classes(
    water: NDArray[np.bool_],
    occurrence: NDArray[np.float32] | None,
    *,
    permanent_min: float = PERMANENT_MIN,
    seasonal_min: float = SEASONAL_MIN,
) -> NDArray[np.uint8]:
    """Return the class of every pixel from a water mask and a reference of normal water.

    A pixel without water is dry even where the reference has a lake: the product says what the radar saw.

    Args:
        water: bool `(H, W)`, True where the radar saw water.
        occurrence: JRC occurrence in %, float `(H, W)`, 0 where JRC saw no water and NaN where it has no
            data; None if there is no reference at all.
        permanent_min: Occurrence in % from which water is permanent.
        seasonal_min: Occurrence in % from which water is seasonal.

    Returns:
        uint8 `(H, W)` of `FloodClass`: dry, permanent, seasonal, flood, and water that is not separated where
        there is no reference.

    Raises:
        GridMismatchError: If the two shapes differ.
        ConfigError: If the thresholds are out of order.
    """
    check_thresholds(permanent_min, seasonal_min)
    wet = np.asarray(water, dtype=bool)
    classes = np.full(wet.shape, FloodClass.DRY, dtype=np.uint8)
    classes[wet] = FloodClass.WATER_NOT_SEPARATED
    if occurrence is None:
        return classes
    if occurrence.shape != wet.shape:
        raise GridMismatchError(
            f"`occurrence` is {occurrence.shape}, the water mask {wet.shape}.",
            remedy="Resample the reference to the radar's grid.",
        )
    # NaN compares false with everything, so pixels without reference stay "not separated".
    with np.errstate(invalid="ignore"):
        classes[wet & (occurrence < seasonal_min)] = FloodClass.FLOOD
        classes[wet & (occurrence >= seasonal_min)] = FloodClass.SEASONAL_WATER
        classes[wet & (occurrence >= permanent_min)] = FloodClass.PERMANENT_WATER
    return classes


def flood_classes_graph(
    water: ee.Image,
    occurrence: ee.Image,
    *,
    permanent_min: float = PERMANENT_MIN,
    seasonal_min: float = SEASONAL_MIN,
) -> ee.Image:
    """Return the Earth Engine graph of `flood_classes`: one uint8 band `flood`, masked where `water` is.

    Args:
        water: One band, 1 where the radar saw water and 0 where not.
        occurrence: One band in %, 0 where JRC saw no water, masked where JRC has no data. (The asset's own
            band is masked where never wet: unmask it with `max_extent` first.)
        permanent_min: Occurrence in % from which water is permanent.
        seasonal_min: Occurrence in % from which water is seasonal.

    Raises:
        ConfigError: If the thresholds are out of order.
    """
    import ee

    check_thresholds(permanent_min, seasonal_min)
    normal = (
        ee.Image(int(FloodClass.FLOOD))
        .where(occurrence.gte(seasonal_min), int(FloodClass.SEASONAL_WATER))
        .where(occurrence.gte(permanent_min), int(FloodClass.PERMANENT_WATER))
    )
    # `where` leaves a pixel alone whose test is masked, so the mask of the reference has to be set by hand.
    separated = normal.updateMask(occurrence.mask()).unmask(int(FloodClass.WATER_NOT_SEPARATED), False)
    classes: ee.Image = separated.multiply(water).uint8().rename("flood")
    return classes
