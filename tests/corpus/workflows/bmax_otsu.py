"""Bmax-Otsu: the histogram is taken only from the cells of a chessboard that hold two classes.

Source: S. Cao et al. (2019), "An automated flood mapping procedure on Sentinel-1", in the form of K.
Markert et al. (2020), Remote Sensing 12(15), 2469: a cell is kept where the between-class variance at a
first threshold, divided by the variance, exceeds a limit.
"""

from __future__ import annotations

import ee

from tests.corpus.workflows.otsu import otsu


def bmax_otsu(
    image: ee.Image,
    area: ee.Geometry,
    *,
    cell: float = 160,
    initial: float = -16,
    bmax: float = 0.65,
    scale: float = 10,
) -> ee.Dictionary:
    """Return the threshold and the number of cells kept; `cell` is in metres."""
    band = ee.String(image.bandNames().get(0))
    grid = area.coveringGrid(image.projection().atScale(cell))

    def with_variance(feature: ee.Feature) -> ee.Feature:
        binary = image.lt(initial)
        statistics = (
            image.rename("value")
            .addBands(binary.rename("class"))
            .reduceRegion(
                ee.Reducer.mean().combine(ee.Reducer.variance(), "", True).group(1, "class").unweighted(),
                feature.geometry(),
                scale,
            )
        )
        groups = ee.List(statistics.get("groups"))
        share = binary.reduceRegion(ee.Reducer.mean().unweighted(), feature.geometry(), scale).getNumber(band)
        means = groups.map(lambda group: ee.Dictionary(group).getNumber("mean"))
        total = image.reduceRegion(ee.Reducer.variance().unweighted(), feature.geometry(), scale).getNumber(
            band
        )
        apart = ee.Number(means.get(0)).subtract(ee.Number(means.get(-1)))
        between = share.multiply(ee.Number(1).subtract(share)).multiply(apart.pow(2))
        return feature.set("bmax", between.divide(total), "classes", groups.size())

    kept = grid.map(with_variance).filter(ee.Filter.gt("bmax", bmax)).filter(ee.Filter.eq("classes", 2))
    histogram = image.reduceRegion(ee.Reducer.histogram(255, 0.25), kept.union(1).geometry(), scale)
    return ee.Dictionary({"threshold": otsu(ee.Dictionary(histogram.get(band))), "cells": kept.size()})
