"""Water through time: areas by date for a chart, months of a year, days under water.

Sources: the guide "Charts" (`ui.Chart.image.series` asks for dates and one reduced value each); the pattern
of monthly composites by mapping a list of months (developers' guide, "Iterating", "Compositing"); B.
Tellman et al. (2021), Nature 596, 80, for durations.
"""

from __future__ import annotations

import ee


def water_area_series(
    area: ee.Geometry, start: str, end: str, *, s1: str = "COPERNICUS/S1_GRD", below: float = -21.0
) -> ee.FeatureCollection:
    """Return a feature for each pass with `date`, `water_ha` and the share that was observed."""

    def one(image: ee.Image) -> ee.Feature:
        water = image.select("VH").lt(below)
        hectares = water.multiply(ee.Image.pixelArea()).divide(1e4).rename("water_ha")
        observed = image.select("VH").mask().rename("observed")
        sums = hectares.reduceRegion(ee.Reducer.sum(), area, 10)
        share = observed.reduceRegion(ee.Reducer.mean(), area, 10)
        return ee.Feature(None, sums.combine(share)).set(
            "date", image.date().format("YYYY-MM-dd"), "system:time_start", image.get("system:time_start")
        )

    passes = ee.ImageCollection(s1).filterBounds(area).filterDate(start, end)
    return (
        ee.FeatureCollection(passes.map(one)).filter(ee.Filter.gt("observed", 0.5)).sort("system:time_start")
    )


def chart_rows(series: ee.FeatureCollection) -> ee.List:
    """Return rows as a chart's data table takes them."""
    return series.reduceColumns(ee.Reducer.toList(2), ["date", "water_ha"]).get("list")


def monthly_composites(
    year: int, area: ee.Geometry, *, s1: str = "COPERNICUS/S1_GRD", months: tuple[int, int] = (7, 9)
) -> ee.ImageCollection:
    """Return an image a month: the least VH, and how many passes there were."""
    passes = ee.ImageCollection(s1).filterBounds(area).filter(ee.Filter.calendarRange(year, year, "year"))

    def one(month: ee.Number) -> ee.Image:
        month = ee.Number(month)
        chosen = passes.filter(ee.Filter.calendarRange(month, month, "month")).select("VH")
        start = ee.Date.fromYMD(year, month, 1)
        return (
            chosen.min()
            .addBands(chosen.count().rename("passes"))
            .set("month", month, "year", year, "system:time_start", start.millis())
            .set("system:index", start.format("YYYY_MM"))
        )

    return ee.ImageCollection.fromImages(ee.List.sequence(*months).map(one))


def flood_duration(
    area: ee.Geometry, start: str, end: str, *, s1: str = "COPERNICUS/S1_GRD", below: float = -21.0
) -> ee.Image:
    """Return days from the first to the last pass with water, and how many passes saw water."""

    def one(image: ee.Image) -> ee.Image:
        water = image.select("VH").lt(below).rename("passes")
        day = ee.Image.constant(image.date().difference(ee.Date(start), "day")).toFloat().rename("day")
        return water.addBands(day.updateMask(water)).copyProperties(image, ["system:time_start"])

    stack = ee.ImageCollection(s1).filterBounds(area).filterDate(start, end).map(one)
    span = stack.select("day").reduce(ee.Reducer.minMax())
    days = span.select("day_max").subtract(span.select("day_min")).rename("days")
    return days.addBands(stack.select("passes").sum())
