"""Flood depth from the extent and a terrain model.

Source: S. Cohen et al. (2019), NHESS 19, 2053 (FwDET 2.0), in the Earth Engine form of B. Peter et al.
(2020), IEEE GRSL, doi 10.1109/LGRS.2020.3031190: the elevation of the boundary is carried inwards, its
difference to the ground is the depth.
"""

from __future__ import annotations

import ee


def flood_depth(flooded: ee.Image, elevation: ee.Image, steps: int = 12) -> ee.Image:
    """Return depth in m where `flooded` is 1."""
    extent = flooded.unmask(0).gt(0)
    boundary = extent.And(extent.focalMin(1.5, "square", "pixels").Not())
    surface = elevation.updateMask(boundary)

    def spread(_: ee.Number, image: ee.Image) -> ee.Image:
        image = ee.Image(image)
        return image.unmask(image.focalMean(1, "square", "pixels"), False)

    water = ee.Image(ee.List.sequence(1, steps).iterate(spread, surface))
    depth = water.subtract(elevation).max(0).updateMask(extent)
    return depth.focalMean(1, "square", "pixels").updateMask(extent).rename("depth")
