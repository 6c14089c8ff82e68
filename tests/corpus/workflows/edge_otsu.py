"""Edge-Otsu: the histogram is taken only around the edges of a first guess of water.

Source: K. Markert et al. (2020), "Comparing Sentinel-1 Surface Water Mapping Algorithms and Radiometric
Terrain Correction Processing in Southeast Asia Utilizing Google Earth Engine", Remote Sensing 12(15), 2469,
after G. Donchyts et al. (2016), Remote Sensing 8(5), 386.
"""

from __future__ import annotations

import ee

from tests.corpus.workflows.otsu import otsu


def edge_otsu(
    image: ee.Image,
    area: ee.Geometry,
    *,
    initial: float = -16,
    connected: int = 100,
    edge_length: int = 20,
    edge_buffer: float = 60,
    canny_threshold: float = 0.1,
    scale: float = 10,
) -> ee.Number:
    """Return the threshold of a one-band image in dB."""
    band = ee.String(image.bandNames().get(0))
    binary = image.lt(initial).rename("binary")
    canny = ee.Algorithms.CannyEdgeDetector(image=binary, threshold=canny_threshold, sigma=1)
    lines = canny.mask(canny).gt(0).connectedPixelCount(connected, True)
    edges = lines.gte(edge_length)
    around = edges.focal_max(edge_buffer, "square", "meters")
    histogram = image.updateMask(around).reduceRegion(
        ee.Reducer.histogram(255, 0.25), area, scale, maxPixels=1e9, tileScale=4
    )
    return otsu(ee.Dictionary(histogram.get(band)))
