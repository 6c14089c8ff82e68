"""Flooded area and share by administrative unit.

Source: the documentation's guide "Statistics of Image Regions" (`reduceRegions`), with the units of
WM/geoLab/geoBoundaries/600/ADM1.
"""

from __future__ import annotations

import ee


def flood_by_district(
    flooded: ee.Image,
    area: ee.Geometry,
    *,
    districts: str = "WM/geoLab/geoBoundaries/600/ADM1",
    scale: float = 10,
) -> ee.FeatureCollection:
    """Return the districts with `flooded_ha`, `share` and no geometry, the worst first."""
    units = ee.FeatureCollection(districts).filterBounds(area).select(["shapeName"])
    image = (
        flooded.unmask(0).rename("share").addBands(
            flooded.unmask(0).multiply(ee.Image.pixelArea()).divide(1e4).rename("flooded_ha")
        )
    )  # fmt: skip
    means = image.select("share").reduceRegions(units, ee.Reducer.mean().setOutputs(["share"]), scale)
    sums = image.select("flooded_ha").reduceRegions(means, ee.Reducer.sum().setOutputs(["flooded_ha"]), scale)
    return sums.sort("flooded_ha", False).select(
        propertySelectors=["shapeName", "flooded_ha", "share"], retainGeometry=False
    )
