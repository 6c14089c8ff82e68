"""Reference water of JRC's Global Surface Water.

Sources: J.-F. Pekel et al. (2016), Nature 540; the Earth Engine tutorials "Global Surface Water" (water
class transition, occurrence change); the monthly recurrence of JRC/GSW1_4/MonthlyRecurrence as reference
water of the month of a flood.
"""

from __future__ import annotations

import ee


def monthly_reference(
    month: int, *, recurrence: str = "JRC/GSW1_4/MonthlyRecurrence", usual: float = 50
) -> ee.Image:
    """Return 1 where most years have water in that month."""
    image = ee.Image(ee.ImageCollection(recurrence).filter(ee.Filter.eq("month", month)).first())
    seen = image.select("has_observations")
    return image.select("monthly_recurrence").gte(usual).updateMask(seen).rename("reference")


def permanent_and_seasonal(*, history: str = "JRC/GSW1_4/GlobalSurfaceWater") -> ee.Image:
    """Return 2 where water is permanent, 1 where seasonal, 0 elsewhere."""
    occurrence = ee.Image(history).select("occurrence").unmask(0)
    return occurrence.gte(75).add(occurrence.gte(25)).toByte().rename("water_class")


def transition_areas(area: ee.Geometry, *, history: str = "JRC/GSW1_4/GlobalSurfaceWater") -> ee.List:
    """Return area in square metres by class of transition."""
    transition = ee.Image(history).select("transition")
    areas = ee.Image.pixelArea().addBands(transition)
    reduced = areas.reduceRegion(
        reducer=ee.Reducer.sum().group(groupField=1, groupName="transition_class_value"),
        geometry=area,
        scale=10,
        bestEffort=True,
    )
    return ee.List(reduced.get("groups"))


def change_histogram(area: ee.Geometry, *, history: str = "JRC/GSW1_4/GlobalSurfaceWater") -> ee.Array:
    """Return the histogram of the change of occurrence, as the tutorial's chart takes it."""
    change = ee.Image(history).select("change_abs")
    return ee.Array(change.reduceRegion(ee.Reducer.fixedHistogram(-100, 100, 20), area, 10).get("change_abs"))
