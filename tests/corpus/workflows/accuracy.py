"""How right a water map is at labelled points, and a random forest as the map.

Source: the documentation's guide "Supervised Classification" (`errorMatrix`, accuracy, kappa;
`ee.Classifier.smileRandomForest`).
"""

from __future__ import annotations

import ee


def accuracy(water: ee.Image, labels: ee.Image, area: ee.Geometry, scale: float = 10) -> ee.Dictionary:
    sampled = water.rename("mapped").addBands(labels.rename("label")).sample(area, scale, geometries=False)
    matrix = sampled.errorMatrix("label", "mapped")
    return ee.Dictionary(
        {
            "matrix": matrix.array(),
            "overall": matrix.accuracy(),
            "kappa": matrix.kappa(),
            "producers": matrix.producersAccuracy(),
            "consumers": matrix.consumersAccuracy(),
            "order": matrix.order(),
        }
    )


def forest_water(stack: ee.Image, training: ee.FeatureCollection, trees: int = 10, seed: int = 1) -> ee.Image:
    bands = stack.bandNames()
    classifier = ee.Classifier.smileRandomForest(trees, seed=seed).train(training, "water", bands)
    return stack.classify(classifier).rename("water")
