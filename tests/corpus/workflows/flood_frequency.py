"""How often a place was flooded over many events.

Source: B. Tellman et al. (2021), Nature 596, 80, and the catalogue page of GLOBAL_FLOOD_DB/MODIS_EVENTS/V1:
the flooded bands of all events are summed, permanent water is taken off.
"""

from __future__ import annotations

import ee


def flood_frequency(
    area: ee.Geometry, *, events: str = "GLOBAL_FLOOD_DB/MODIS_EVENTS/V1", first: str = "2000-01-01"
) -> ee.Image:
    """Return events with a flood, their longest duration and the year of the latest."""
    database = (
        ee.ImageCollection(events)
        .filterBounds(area)
        .filter(ee.Filter.gte("system:time_start", ee.Date(first).millis()))
    )

    def without_permanent(image: ee.Image) -> ee.Image:
        flooded = image.select("flooded").updateMask(image.select("jrc_perm_water").Not()).selfMask()
        year = ee.Image.constant(image.date().get("year")).toInt16().rename("year")
        return (
            flooded.rename("events")
            .addBands(image.select("duration").updateMask(flooded))
            .addBands(year.updateMask(flooded))
            .copyProperties(image, ["system:time_start"])
        )

    prepared = database.map(without_permanent)
    return (
        prepared.select("events").sum().unmask(0).toInt16()
        .addBands(prepared.select("duration").max().rename("longest"))
        .addBands(prepared.select("year").max().rename("latest"))
    )  # fmt: skip
