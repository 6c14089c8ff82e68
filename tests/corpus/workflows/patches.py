"""Patches for a neural network: neighbourhoods as arrays, sampled at points.

Source: the Earth Engine guide "TensorFlow examples" (the U-Net notebook: `neighborhoodToArray` on a stack,
`sample` per shard, merged and exported as TFRecord).
"""

from __future__ import annotations

import ee


def patches(
    stack: ee.Image, points: ee.FeatureCollection, size: int = 8, scale: float = 10
) -> ee.FeatureCollection:
    """Return a feature a point, whose bands are `size` x `size` arrays."""
    row = ee.List.repeat(1, size)
    kernel = ee.Kernel.fixed(size, size, ee.List.repeat(row, size))
    arrays = stack.neighborhoodToArray(kernel)
    listed = points.toList(points.size())

    def shard(number: ee.Number) -> ee.FeatureCollection:
        point = ee.Feature(listed.get(number))
        return arrays.sample(region=point.geometry(), scale=scale, numPixels=1, seed=number, tileScale=8)

    return ee.FeatureCollection(ee.List.sequence(0, points.size().subtract(1)).map(shard)).flatten()
