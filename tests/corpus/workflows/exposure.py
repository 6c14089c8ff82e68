"""People and cropland under water.

Source: the documentation's guides "Scale", "Resampling and Reducing Resolution" and "reduceRegion": counts
are summed on their own grid, so that no person is counted twice, and areas are sums of
`ee.Image.pixelArea()`.
"""

from __future__ import annotations

import ee


def people_exposed(flooded: ee.Image, people: ee.Image, area: ee.Geometry) -> ee.Dictionary:
    """Return the people of the grid cells by the share of them that is flooded, and all people."""
    grid = people.projection()
    share = (
        flooded.unmask(0)
        .toFloat()
        .setDefaultProjection(flooded.projection())
        .reduceResolution(ee.Reducer.mean(), maxPixels=1024)
        .reproject(grid)
    )
    sums = (
        people.multiply(share)
        .rename("exposed")
        .addBands(people.rename("all"))
        .reduceRegion(ee.Reducer.sum().unweighted(), area, crs=grid, scale=grid.nominalScale())
    )
    return ee.Dictionary(sums)


def area_by_cover(
    flooded: ee.Image, area: ee.Geometry, *, cover: str = "ESA/WorldCover/v200", scale: float = 10
) -> ee.Dictionary:
    """Return flooded square metres by code of land cover."""
    classes = ee.ImageCollection(cover).first().select("Map")
    reduced = (
        ee.Image.pixelArea()
        .updateMask(flooded)
        .addBands(classes)
        .reduceRegion(ee.Reducer.sum().group(1, "code"), area, scale, classes.projection(), maxPixels=1e9)
    )
    groups = ee.List(reduced.get("groups"))
    codes = groups.map(lambda group: ee.Number(ee.Dictionary(group).get("code")).format("%d"))
    sums = groups.map(lambda group: ee.Dictionary(group).get("sum"))
    return ee.Dictionary.fromLists(codes, sums)
