"""What is too small, too steep or too high above the drainage is no flood; what is left becomes polygons.

Sources: A. Twele et al. (2016), IJRS 37(13), 2990 (HAND exclusion); UN-SPIDER's practice (connected
pixels); the guide "Raster to Vector Conversion" (`reduceToVectors`).
"""

from __future__ import annotations

import ee


def cleaned(
    flooded: ee.Image,
    *,
    terrain: str = "MERIT/Hydro/v1_0_1",
    least_pixels: int = 8,
    steepest: float = 5,
    highest: float = 15,
) -> ee.Image:
    merit = ee.Image(terrain)
    slope = ee.Terrain.slope(merit.select("elv"))
    low = flooded.updateMask(merit.select("hnd").lt(highest)).updateMask(slope.lt(steepest)).selfMask()
    count = low.connectedPixelCount(maxSize=100, eightConnected=True)
    return low.updateMask(count.gte(least_pixels)).rename("flooded")


def polygons(flooded: ee.Image, area: ee.Geometry, scale: float = 10) -> ee.FeatureCollection:
    """Return the flood's polygons with `area_m2`, the largest first."""
    vectors = flooded.selfMask().reduceToVectors(
        reducer=ee.Reducer.countEvery(),
        geometry=area,
        scale=scale,
        geometryType="polygon",
        eightConnected=False,
        labelProperty="flooded",
        maxPixels=1e8,
    )
    return vectors.map(lambda feature: feature.set("area_m2", feature.area(1))).sort("area_m2", False)
