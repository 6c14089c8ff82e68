"""Speckle filters of one image: boxcar, Lee, gamma MAP, Lee sigma; and Quegan's of a series.

Source: A. Mullissa et al. (2021), "Sentinel-1 SAR Backscatter Analysis Ready Data Preparation in Google
Earth Engine", Remote Sensing 13(10), 1954, which cites the filters' own papers: Lee (1980), Lopes et al.
(1990), Lee et al. (2009), Quegan and Yu (2001). All take linear intensity.
"""

from __future__ import annotations

import ee

LOOKS = 5  # equivalent number of looks of GRD products, rounded as the paper has it


def to_power(image: ee.Image) -> ee.Image:
    return ee.Image(10).pow(image.divide(10)).rename(image.bandNames())


def to_decibel(image: ee.Image) -> ee.Image:
    return ee.Image(image).log10().multiply(10)


def boxcar(image: ee.Image, size: int = 7) -> ee.Image:
    kernel = ee.Kernel.square(radius=size // 2, units="pixels", normalize=True)
    return image.convolve(kernel).rename(image.bandNames()).copyProperties(image, image.propertyNames())


def _local(image: ee.Image, size: int) -> tuple[ee.Image, ee.Image]:
    names = image.bandNames()
    reducer = ee.Reducer.mean().combine(ee.Reducer.variance(), sharedInputs=True)
    both = image.reduceNeighborhood(
        reducer=reducer, kernel=ee.Kernel.square(size // 2, "pixels"), optimization="window"
    )
    mean = both.select(names.map(lambda name: ee.String(name).cat("_mean"))).rename(names)
    variance = both.select(names.map(lambda name: ee.String(name).cat("_variance"))).rename(names)
    return mean, variance


def lee(image: ee.Image, size: int = 5) -> ee.Image:
    names = image.bandNames()
    eta2 = 1 / LOOKS
    mean, variance = _local(image, size)
    signal = variance.subtract(mean.pow(2).multiply(eta2)).divide(1 + eta2)
    weight = signal.divide(variance)
    weight = weight.where(weight.lt(0), 0)
    return mean.add(weight.multiply(image.subtract(mean))).rename(names)


def gamma_map(image: ee.Image, size: int = 5) -> ee.Image:
    names = image.bandNames()
    mean, variance = _local(image, size)
    ci = variance.sqrt().divide(mean)
    cu = 1 / LOOKS**0.5
    cmax = 2**0.5 * cu
    alpha = ee.Image(1 + cu**2).divide(ci.pow(2).subtract(cu**2))
    b = alpha.subtract(LOOKS + 1)
    d = mean.pow(2).multiply(b.pow(2)).add(alpha.multiply(4 * LOOKS).multiply(mean).multiply(image))
    f = b.multiply(mean).add(d.sqrt()).divide(alpha.multiply(2))
    homogeneous = mean.updateMask(ci.lte(cu)).rename(names)
    textured = f.updateMask(ci.gt(cu)).updateMask(ci.lt(cmax)).rename(names)
    point = image.updateMask(ci.gte(cmax)).rename(names)
    return ee.ImageCollection([homogeneous, textured, point]).mosaic()


def lee_sigma(image: ee.Image, area: ee.Geometry, size: int = 7, target_size: int = 3) -> ee.Image:
    """Return the filtered image; strong point targets are kept as they are."""
    names = image.bandNames()
    eta, low, high, eta_sigma = 0.4472, 0.436, 1.92, 0.4057  # table of the paper: 5 looks, sigma 0.9
    z98 = ee.Dictionary(image.reduceRegion(ee.Reducer.percentile([98]), area, 10, maxPixels=1e10)).toImage()
    bright = image.gte(z98)
    crowd = bright.convolve(ee.Kernel.square(target_size // 2, "pixels", False))
    retained = bright.And(crowd.gte(5))

    mean3, variance3 = _local(image, 3)
    signal = variance3.subtract(mean3.pow(2).multiply(eta**2)).divide(1 + eta**2)
    weight = signal.divide(variance3)
    prior = mean3.add(weight.where(weight.lt(0), 0).multiply(image.subtract(mean3)))

    half = size // 2
    neighbours = image.neighborhoodToBands(ee.Kernel.square(half, "pixels"))
    inside = neighbours.gte(prior.multiply(low)).And(neighbours.lte(prior.multiply(high)))
    chosen = neighbours.updateMask(inside)
    mean = chosen.reduce(ee.Reducer.mean())
    variance = chosen.reduce(ee.Reducer.variance())
    signal = variance.subtract(mean.pow(2).multiply(eta_sigma**2)).divide(1 + eta_sigma**2)
    weight = signal.divide(variance)
    filtered = mean.add(weight.where(weight.lt(0), 0).multiply(image.subtract(mean)))
    return filtered.where(retained, image).rename(names)


def quegan(collection: ee.ImageCollection, size: int = 7) -> ee.ImageCollection:
    """Return the series, each image of one band filtered with the others in time."""

    def ratio(image: ee.Image) -> ee.Image:
        image = ee.Image(image)
        return image.divide(boxcar(image, size)).rename("ratio")

    scale = collection.map(ratio).sum()
    count = collection.map(lambda image: ee.Image(image).mask()).sum()

    def one(image: ee.Image) -> ee.Image:
        local = ee.Image(boxcar(image, size))
        return (
            local.multiply(scale)
            .divide(count)
            .rename(image.bandNames())
            .copyProperties(image, ["system:time_start", "system:index"])
        )

    return collection.map(one)
