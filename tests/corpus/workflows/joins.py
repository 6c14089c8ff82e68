"""Radar passes with the optical scenes that lie nearest in time.

Source: the documentation's guides "Joins" (`saveBest`, `saveAll` with an ordering, `maxDifference`).
"""

from __future__ import annotations

import ee

DAY = 24 * 60 * 60 * 1000


def nearest_optical(
    area: ee.Geometry, start: str, end: str, days: float, *, s1: str = "COPERNICUS/S1_GRD",
    s2: str = "COPERNICUS/S2_HARMONIZED",
) -> ee.FeatureCollection:  # fmt: skip
    """Return a row for each pass that has a scene: both indices and hours apart."""
    radar = ee.ImageCollection(s1).filterBounds(area).filterDate(start, end)
    optical = ee.ImageCollection(s2).filterBounds(area)
    close = ee.Filter.maxDifference(
        difference=days * DAY, leftField="system:time_start", rightField="system:time_start"
    )
    joined = ee.Join.saveBest(matchKey="optical", measureKey="apart").apply(radar, optical, close)

    def row(image: ee.Image) -> ee.Feature:
        scene = ee.Image(image.get("optical"))
        hours = ee.Number(scene.get("apart")).divide(3_600_000)
        return ee.Feature(
            None, {"radar": image.get("system:index"), "optical": scene.get("system:index"), "hours": hours}
        )

    return ee.FeatureCollection(ee.ImageCollection(joined).map(row))


def radar_before(
    area: ee.Geometry, start: str, end: str, days: float, *, s1: str = "COPERNICUS/S1_GRD",
    s2: str = "COPERNICUS/S2_HARMONIZED",
) -> ee.FeatureCollection:  # fmt: skip
    """Return the optical scenes, each with all passes within some days, the latest first."""
    close = ee.Filter.And(
        ee.Filter.maxDifference(days * DAY, "system:time_start", None, "system:time_start"),
        ee.Filter.greaterThan(leftField="system:time_start", rightField="system:time_start"),
    )
    joined = ee.Join.saveAll(
        matchesKey="passes", ordering="system:time_start", ascending=False, outer=True
    ).apply(
        ee.ImageCollection(s2).filterBounds(area).filterDate(start, end),
        ee.ImageCollection(s1).filterBounds(area),
        close,
    )

    def row(image: ee.Image) -> ee.Feature:
        passes = ee.List(ee.Algorithms.If(image.get("passes"), image.get("passes"), []))
        indices = passes.map(lambda one: ee.Image(one).get("system:index"))
        return ee.Feature(
            None, {"optical": image.get("system:index"), "count": passes.size(), "passes": indices}
        )

    return ee.FeatureCollection(ee.ImageCollection(joined).map(row))
