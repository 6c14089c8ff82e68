"""Otsu's threshold of a histogram, on the server.

Source: N. Clinton, "Otsu's Method for Image Segmentation" (Google Earth and Earth Engine, Medium, 2017),
which maximises the between-class variance over the buckets of `ee.Reducer.histogram`.
"""

from __future__ import annotations

import ee


def otsu(histogram: ee.Dictionary) -> ee.Number:
    counts = ee.Array(ee.Dictionary(histogram).get("histogram"))
    means = ee.Array(ee.Dictionary(histogram).get("bucketMeans"))
    size = means.length().get([0])
    total = counts.reduce(ee.Reducer.sum(), [0]).get([0])
    weighted = means.multiply(counts).reduce(ee.Reducer.sum(), [0]).get([0])
    mean = weighted.divide(total)

    def between(i: ee.Number) -> ee.Number:
        a_counts = counts.slice(0, 0, i)
        a_count = a_counts.reduce(ee.Reducer.sum(), [0]).get([0])
        a_means = means.slice(0, 0, i)
        a_mean = a_means.multiply(a_counts).reduce(ee.Reducer.sum(), [0]).get([0]).divide(a_count)
        b_count = total.subtract(a_count)
        b_mean = weighted.subtract(a_count.multiply(a_mean)).divide(b_count)
        return a_count.multiply(a_mean.subtract(mean).pow(2)).add(
            b_count.multiply(b_mean.subtract(mean).pow(2))
        )

    indices = ee.List.sequence(1, size)
    variances = indices.map(lambda i: between(ee.Number(i)))
    return means.sort(variances).get([-1])


def global_otsu(image: ee.Image, area: ee.Geometry, scale: float = 10) -> ee.Dictionary:
    """Return threshold and water map of a one-band image in dB."""
    band = image.bandNames().getString(0)
    reducer = ee.Reducer.histogram(255, 0.25).combine("mean", None, True).combine("variance", None, True)
    found = image.reduceRegion(reducer=reducer, geometry=area, scale=scale, bestEffort=True)
    threshold = otsu(found.get(band.cat("_histogram")))
    return ee.Dictionary({"threshold": threshold, "water": image.lt(threshold).rename("water")})
