"""Clear optical composites: Cloud Score+, QA60, s2cloudless with projected shadows.

Sources: the pages of GOOGLE/CLOUD_SCORE_PLUS/V1/S2_HARMONIZED and COPERNICUS/S2_HARMONIZED in the Earth
Engine catalogue; the community tutorial "Sentinel-2 Cloud Masking with s2cloudless" (J. Braaten et al.),
whose water test is of the scene classification and whose shadows lie opposite to the mean solar azimuth.
"""

from __future__ import annotations

import ee


def cloud_score_composite(
    area: ee.Geometry,
    start: str,
    end: str,
    *,
    s2: str = "COPERNICUS/S2_HARMONIZED",
    score: str = "GOOGLE/CLOUD_SCORE_PLUS/V1/S2_HARMONIZED",
    band: str = "cs_cdf",
    clear: float = 0.6,
) -> ee.Image:
    """Return the median of clear pixels."""
    scores = ee.ImageCollection(score)
    return (
        ee.ImageCollection(s2)
        .filterBounds(area)
        .filterDate(start, end)
        .linkCollection(scores, [band])
        .map(lambda image: image.updateMask(image.select(band).gte(clear)))
        .select(["B3", "B8", "B11"])
        .median()
    )


def mask_by_qa60(image: ee.Image) -> ee.Image:
    """Return reflectance without clouds and cirrus, and whether QA60 was there to tell."""
    qa = image.select("QA60")
    cloud_bit, cirrus_bit = 1 << 10, 1 << 11
    clear = qa.bitwiseAnd(cloud_bit).eq(0).And(qa.bitwiseAnd(cirrus_bit).eq(0))
    known = qa.mask()
    return (
        image.select("B.*")
        .updateMask(clear.unmask(1))
        .divide(10000)
        .addBands(known.rename("qa60_known"))
        .copyProperties(image, ["system:time_start"])
    )


def qa60_composite(
    area: ee.Geometry, start: str, end: str, *, s2: str = "COPERNICUS/S2_HARMONIZED", cloudy: float = 20
) -> ee.Image:
    return (
        ee.ImageCollection(s2)
        .filterBounds(area)
        .filterDate(start, end)
        .filter(ee.Filter.lt("CLOUDY_PIXEL_PERCENTAGE", cloudy))
        .map(mask_by_qa60)
        .mean()
    )


def s2cloudless_scenes(
    area: ee.Geometry,
    start: str,
    end: str,
    *,
    s2: str = "COPERNICUS/S2_SR_HARMONIZED",
    probability: str = "COPERNICUS/S2_CLOUD_PROBABILITY",
) -> ee.ImageCollection:
    """Return the scenes, each with its probability image as a property."""
    scenes = ee.ImageCollection(s2).filterBounds(area).filterDate(start, end)
    clouds = ee.ImageCollection(probability).filterBounds(area).filterDate(start, end)
    return ee.ImageCollection(
        ee.Join.saveFirst("s2cloudless").apply(
            primary=scenes,
            secondary=clouds,
            condition=ee.Filter.equals(leftField="system:index", rightField="system:index"),
        )
    )


def add_cloud_shadow_mask(
    image: ee.Image, *, likely: float = 50, dark: float = 0.15, reach_km: float = 0.2, buffer: float = 50
) -> ee.Image:
    probability = ee.Image(image.get("s2cloudless")).select("probability")
    clouds = probability.gt(likely).rename("clouds")

    not_water = image.select("SCL").neq(6)
    dark_pixels = image.select("B8").lt(dark * 1e4).multiply(not_water).rename("dark_pixels")
    azimuth = ee.Number(90).subtract(ee.Number(image.get("MEAN_SOLAR_AZIMUTH_ANGLE")))
    projected = (
        clouds.directionalDistanceTransform(azimuth, reach_km * 100)
        .reproject(crs=image.select(0).projection(), scale=10)
        .select("distance")
        .mask()
        .rename("cloud_transform")
    )
    shadows = projected.multiply(dark_pixels).rename("shadows")
    either = clouds.add(shadows).gt(0)
    grown = (
        either.focalMin(1)
        .focalMax(buffer * 2 / 20)
        .reproject(crs=image.select([0]).projection(), scale=10)
        .rename("cloudmask")
    )
    return image.addBands(ee.Image([clouds, projected, shadows, grown]))
