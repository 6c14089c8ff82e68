"""Flood extent by change detection, with exposed people and cropland.

Source: UN-SPIDER Recommended Practice "Flood Mapping and Damage Assessment Using Sentinel-1 SAR Data in
Google Earth Engine", step by step (un-spider.org, recommended-practice-google-earth-engine-flood-mapping).
The practice takes slopes of HydroSHEDS and cropland of MODIS; here any elevation and WorldCover.
"""

from __future__ import annotations

import ee


def flood_extent(
    area: ee.Geometry,
    before: tuple[str, str],
    after: tuple[str, str],
    *,
    s1: str = "COPERNICUS/S1_GRD",
    history: str = "JRC/GSW1_4/GlobalSurfaceWater",
    elevation: str = "MERIT/Hydro/v1_0_1",
    polarisation: str = "VH",
    orbit: str = "DESCENDING",
    ratio: float = 1.25,
) -> ee.Image:
    collection = (
        ee.ImageCollection(s1)
        .filter(ee.Filter.eq("instrumentMode", "IW"))
        .filter(ee.Filter.listContains("transmitterReceiverPolarisation", polarisation))
        .filter(ee.Filter.eq("orbitProperties_pass", orbit))
        .filter(ee.Filter.eq("resolution_meters", 10))
        .filterBounds(area)
        .select(polarisation)
    )
    radius = 50
    smooth_before = collection.filterDate(*before).mosaic().clip(area).focal_mean(radius, "circle", "meters")
    smooth_after = collection.filterDate(*after).mosaic().clip(area).focal_mean(radius, "circle", "meters")

    difference = smooth_after.divide(smooth_before)
    raised = difference.gt(ratio)

    seasonality = ee.Image(history).select("seasonality")
    permanent = seasonality.gte(10).updateMask(seasonality.gte(10))
    flooded = raised.where(permanent, 0)
    flooded = flooded.updateMask(flooded)

    flooded = flooded.updateMask(flooded.connectedPixelCount().gte(8))

    slope = ee.Algorithms.Terrain(ee.Image(elevation).select("elv")).select("slope")
    return flooded.updateMask(slope.lt(5))


def flooded_hectares(flooded: ee.Image, area: ee.Geometry, polarisation: str = "VH") -> ee.Number:
    stats = (
        flooded.select(polarisation)
        .multiply(ee.Image.pixelArea())
        .reduceRegion(reducer=ee.Reducer.sum(), geometry=area, scale=10, bestEffort=True)
    )
    return stats.getNumber(polarisation).divide(10000).round()


def exposed_people(flooded: ee.Image, area: ee.Geometry, population: ee.Image) -> ee.Number:
    counts = population.clip(area)
    on_their_grid = flooded.reproject(crs=counts.projection())
    exposed = counts.updateMask(on_their_grid).updateMask(counts)
    stats = exposed.reduceRegion(
        reducer=ee.Reducer.sum(), geometry=area, scale=counts.projection().nominalScale(), maxPixels=1e9
    )
    return stats.getNumber("population_count").round()


def affected_cropland(flooded: ee.Image, area: ee.Geometry, cover: str = "ESA/WorldCover/v200") -> ee.Number:
    classes = ee.ImageCollection(cover).filterBounds(area).mosaic()
    cropland = classes.eq(40)
    affected = flooded.updateMask(cropland.updateMask(cropland)).rename("crop")
    stats = affected.multiply(ee.Image.pixelArea()).reduceRegion(ee.Reducer.sum(), area, 10, maxPixels=1e9)
    return stats.getNumber("crop").divide(10000)
