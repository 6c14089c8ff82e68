"""The refined Lee filter of SNAP in Earth Engine's words.

Source: G. Lemoine's port of the Sentinel-1 toolbox, published on the Earth Engine developers' list and used
in A. Mullissa et al. (2021), Remote Sensing 13(10), 1954; the filter is of J.-S. Lee (1981).
"""

from __future__ import annotations

import ee


def refined_lee(image: ee.Image) -> ee.Image:
    """Return a one-band image of linear intensity, filtered with the half window along the nearest edge."""
    weights3 = ee.List.repeat(ee.List.repeat(1, 3), 3)
    kernel3 = ee.Kernel.fixed(3, 3, weights3, 1, 1, False)
    mean3 = image.reduceNeighborhood(ee.Reducer.mean(), kernel3)
    variance3 = image.reduceNeighborhood(ee.Reducer.variance(), kernel3)

    # Nine 3x3 windows inside the 7x7 window: their means and variances.
    sample_weights = ee.List([
        [0, 0, 0, 0, 0, 0, 0], [0, 1, 0, 1, 0, 1, 0], [0, 0, 0, 0, 0, 0, 0], [0, 1, 0, 1, 0, 1, 0],
        [0, 0, 0, 0, 0, 0, 0], [0, 1, 0, 1, 0, 1, 0], [0, 0, 0, 0, 0, 0, 0],
    ])  # fmt: skip
    sample_kernel = ee.Kernel.fixed(7, 7, sample_weights, 3, 3, False)
    sample_mean = mean3.neighborhoodToBands(sample_kernel)
    sample_var = variance3.neighborhoodToBands(sample_kernel)

    gradients = sample_mean.select(1).subtract(sample_mean.select(7)).abs()
    gradients = gradients.addBands(sample_mean.select(6).subtract(sample_mean.select(2)).abs())
    gradients = gradients.addBands(sample_mean.select(3).subtract(sample_mean.select(5)).abs())
    gradients = gradients.addBands(sample_mean.select(0).subtract(sample_mean.select(8)).abs())
    max_gradient = gradients.reduce(ee.Reducer.max())
    gradient_mask = gradients.eq(max_gradient)
    gradient_mask = gradient_mask.addBands(gradient_mask)

    def side(a: int, b: int, number: int) -> ee.Image:
        middle = sample_mean.select(4)
        nearer = sample_mean.select(a).subtract(middle).gt(middle.subtract(sample_mean.select(b)))
        return nearer.multiply(number)

    directions = side(1, 7, 1).addBands(side(6, 2, 2)).addBands(side(3, 5, 3)).addBands(side(0, 8, 4))
    opposite = [directions.select(i).Not().multiply(i + 5) for i in range(4)]
    for image_of_direction in opposite:
        directions = directions.addBands(image_of_direction)
    directions = directions.updateMask(gradient_mask).reduce(ee.Reducer.sum())

    sample_stats = sample_var.divide(sample_mean.multiply(sample_mean))
    sigma_v = sample_stats.toArray().arraySort().arraySlice(0, 0, 5).arrayReduce(ee.Reducer.mean(), [0])

    rect_weights = ee.List.repeat(ee.List.repeat(0, 7), 3).cat(ee.List.repeat(ee.List.repeat(1, 7), 4))
    diag_weights = ee.List([
        [1, 0, 0, 0, 0, 0, 0], [1, 1, 0, 0, 0, 0, 0], [1, 1, 1, 0, 0, 0, 0], [1, 1, 1, 1, 0, 0, 0],
        [1, 1, 1, 1, 1, 0, 0], [1, 1, 1, 1, 1, 1, 0], [1, 1, 1, 1, 1, 1, 1],
    ])  # fmt: skip
    rect_kernel = ee.Kernel.fixed(7, 7, rect_weights, 3, 3, False)
    diag_kernel = ee.Kernel.fixed(7, 7, diag_weights, 3, 3, False)

    dir_mean = image.reduceNeighborhood(ee.Reducer.mean(), rect_kernel).updateMask(directions.eq(1))
    dir_var = image.reduceNeighborhood(ee.Reducer.variance(), rect_kernel).updateMask(directions.eq(1))
    dir_mean = dir_mean.addBands(
        image.reduceNeighborhood(ee.Reducer.mean(), diag_kernel).updateMask(directions.eq(2))
    )
    dir_var = dir_var.addBands(
        image.reduceNeighborhood(ee.Reducer.variance(), diag_kernel).updateMask(directions.eq(2))
    )
    for i in range(1, 4):
        rect, diag = rect_kernel.rotate(i), diag_kernel.rotate(i)
        for kernel, number in ((rect, 2 * i + 1), (diag, 2 * i + 2)):
            chosen = directions.eq(number)
            dir_mean = dir_mean.addBands(
                image.reduceNeighborhood(ee.Reducer.mean(), kernel).updateMask(chosen)
            )
            dir_var = dir_var.addBands(
                image.reduceNeighborhood(ee.Reducer.variance(), kernel).updateMask(chosen)
            )
    mean = dir_mean.reduce(ee.Reducer.sum())
    variance = dir_var.reduce(ee.Reducer.sum())
    var_x = variance.subtract(mean.multiply(mean).multiply(sigma_v)).divide(sigma_v.add(1.0))
    weight = var_x.divide(variance)
    filtered = mean.add(weight.multiply(image.subtract(mean)))
    return filtered.arrayProject([0]).arrayFlatten([["sum"]]).float()
