"""Water by spectral indices, with fixed and with local thresholds.

Sources: S. McFeeters (1996) NDWI; H. Xu (2006) MNDWI; G. Feyisa et al. (2014) AWEI; the dynamic threshold
of G. Donchyts et al. (2016), Remote Sensing 8(5), 386.
"""

from __future__ import annotations

import ee

from tests.corpus.workflows.otsu import otsu


def mndwi_water(image: ee.Image, above: float = 0.0) -> ee.Image:
    index = image.normalizedDifference(["B3", "B11"]).rename("MNDWI")
    return index.addBands(index.gt(above).rename("water")).copyProperties(image, ["system:time_start"])


def awei(image: ee.Image) -> ee.Image:
    """Return AWEI without and with shadow, of reflectance 0..1."""
    reflectance = image.select("B.*").divide(10000)
    bands = {
        name: reflectance.select(band)
        for name, band in {"blue": "B2", "green": "B3", "nir": "B8", "swir1": "B11", "swir2": "B12"}.items()
    }
    plain = reflectance.expression("4 * (green - swir1) - (0.25 * nir + 2.75 * swir2)", bands)
    shadow = reflectance.expression("blue + 2.5 * green - 1.5 * (nir + swir1) - 0.25 * swir2", bands)
    return plain.rename("awei_nsh").addBands(shadow.rename("awei_sh"))


def ndwi_by_local_threshold(image: ee.Image, area: ee.Geometry, first: float = 0.0) -> ee.Dictionary:
    """Return the threshold around the edges of a first guess, and the water that it gives."""
    index = image.normalizedDifference(["B3", "B8"]).rename("ndwi")
    edge = ee.Algorithms.CannyEdgeDetector(index.gt(first), 0.1, 1).unmask(0).gt(0)
    around = edge.focalMax(30, "circle", "meters")
    histogram = index.updateMask(around).reduceRegion(ee.Reducer.histogram(100), area, 10).get("ndwi")
    threshold = otsu(ee.Dictionary(histogram))
    return ee.Dictionary({"threshold": threshold, "water": index.gt(threshold)})
