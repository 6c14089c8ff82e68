"""Backscatter against its own history: z-scores of a baseline, and what a harmonic model leaves.

Sources: B. DeVries et al. (2020), Remote Sensing of Environment 240, 111664 (z-scores against a baseline of
the same season); the community tutorial "Time Series Modeling" (harmonic regression by `linearRegression`).
"""

from __future__ import annotations

import math

import ee


def z_score(
    area: ee.Geometry, baseline: tuple[str, str], event: tuple[str, str], *, s1: str = "COPERNICUS/S1_GRD"
) -> ee.Image:
    """Return z of VV and VH, and the class: 0 dry, 1 by VV, 2 by VH, 3 by both."""
    passes = ee.ImageCollection(s1).filterBounds(area).filter(ee.Filter.eq("instrumentMode", "IW"))
    before = passes.filterDate(*baseline).select(["VV", "VH"])
    mean, deviation = before.mean(), before.reduce(ee.Reducer.stdDev()).rename(["VV", "VH"])
    z = passes.filterDate(*event).select(["VV", "VH"]).mean().subtract(mean).divide(deviation)
    flooded = z.lt(-3)
    return z.addBands(flooded.select("VV").add(flooded.select("VH").multiply(2)).rename("class"))


def harmonic(
    area: ee.Geometry, start: str, end: str, *, s1: str = "COPERNICUS/S1_GRD", cycles: int = 1
) -> ee.Image:
    """Return the coefficients of constant, trend and yearly cycle of VV, by name, and the residuals' RMS."""
    names = ["constant", "t"] + [f"{f}{k}" for k in range(1, cycles + 1) for f in ("cos", "sin")]

    def with_variables(image: ee.Image) -> ee.Image:
        years = image.date().difference(ee.Date("1970-01-01"), "year")
        t = ee.Image(years).float().rename("t")
        radians = t.multiply(2 * math.pi)
        bands = [ee.Image(1).rename("constant"), t]
        for k in range(1, cycles + 1):
            bands += [
                radians.multiply(k).cos().rename(f"cos{k}"),
                radians.multiply(k).sin().rename(f"sin{k}"),
            ]
        return ee.Image(bands).addBands(image.select("VV"))

    series = ee.ImageCollection(s1).filterBounds(area).filterDate(start, end).map(with_variables)
    fit = series.select([*names, "VV"]).reduce(ee.Reducer.linearRegression(len(names), 1))
    coefficients = fit.select("coefficients").arrayProject([0]).arrayFlatten([names])
    residuals = fit.select("residuals").arrayGet([0]).rename("rms")
    return coefficients.addBands(residuals)
