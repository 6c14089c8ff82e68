"""Angular radiometric slope correction, volume scattering model.

Source: A. Vollrath, A. Mullissa and J. Reiche (2020), "Angular-Based Radiometric Slope Correction for
Sentinel-1 on Google Earth Engine", Remote Sensing 12(11), 1867, equations 1 to 10. The look azimuth, which
the paper takes from the aspect of the incidence angle, is the same here.
"""

from __future__ import annotations

import math

import ee


def slope_correction(image: ee.Image, elevation: ee.Image) -> ee.Image:
    """Return sigma0 bands in dB as gamma0 flattened by the volume model, and a mask of layover and shadow."""
    to_radians = math.pi / 180
    ninety = ee.Image(90 * to_radians)
    heading = ee.Terrain.aspect(image.select("angle")).reduceRegion(
        ee.Reducer.mean(), image.geometry(), 100
    ).getNumber("aspect")  # fmt: skip

    theta_i = image.select("angle").multiply(to_radians)
    phi_i = ee.Image.constant(heading.multiply(to_radians))
    alpha_s = ee.Terrain.slope(elevation).multiply(to_radians)
    phi_s = ee.Terrain.aspect(elevation).multiply(to_radians)

    phi_r = phi_i.subtract(phi_s)
    alpha_r = alpha_s.tan().multiply(phi_r.cos()).atan()
    alpha_az = alpha_s.tan().multiply(phi_r.sin()).atan()

    gamma0 = image.select("V.").subtract(theta_i.cos().log10().multiply(10))
    model = ninety.subtract(theta_i).add(alpha_r).tan().divide(ninety.subtract(theta_i).tan())
    flat = gamma0.subtract(model.abs().log10().multiply(10)).rename(gamma0.bandNames())
    layover = alpha_r.lt(theta_i)
    shadow = alpha_r.gt(ninety.subtract(theta_i).multiply(-1))
    return (
        flat.addBands(layover.And(shadow).rename("no_data_mask"))
        .addBands(alpha_az.rename("azimuth_slope"))
        .copyProperties(image, image.propertyNames())
    )
