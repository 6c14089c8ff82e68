"""Speckle filters, slope correction and border noise against NumPy and SciPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ee
import numpy as np
import pytest
from scipy import ndimage

from tests.corpus.conftest import Read
from tests.corpus.land import PIXEL, RADAR_DAYS, SHAPE, Land
from tests.corpus.workflows import border_noise, refined_lee, slope_correction, speckle

PEAK = "2022-08-22"
LOOKS = speckle.LOOKS


@pytest.fixture
def scene(ids: dict[str, str]) -> ee.Image:
    return ee.Image(ee.ImageCollection(ids["S1"]).filterDate(PEAK, "2022-08-23").first())


def _power(land: Land, day: str = PEAK, band: str = "VV") -> np.ndarray:
    return 10 ** (land.radar(day)[band].astype(float) / 10)


def _windows(values: np.ndarray, size: int, weights: np.ndarray | None = None) -> np.ndarray:
    """Return every pixel's neighbours, NaN beyond the edge; shape (H, W, n)."""
    half = size // 2
    padded = np.pad(values, half, constant_values=np.nan)
    views = np.lib.stride_tricks.sliding_window_view(padded, (size, size)).reshape(*values.shape, -1)
    return views if weights is None else np.where(weights.ravel() > 0, views, np.nan)


def _lee(power: np.ndarray, mean: np.ndarray, variance: np.ndarray, eta2: float) -> np.ndarray:
    weight = np.maximum((variance - mean**2 * eta2) / (1 + eta2) / variance, 0)
    return mean + weight * (power - mean)


def _statistics(power: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    windows = _windows(power, size)
    return np.nanmean(windows, -1), np.nanvar(windows, -1)


def _boxcar(power: np.ndarray, size: int = 7) -> np.ndarray:
    """The mean; beyond the edge there is nothing to add, as a convolution with masked pixels has it."""
    return ndimage.uniform_filter(power, size, mode="constant")


def _gamma_map(power: np.ndarray) -> np.ndarray:
    mean, variance = _statistics(power, 5)
    ci, cu = np.sqrt(variance) / mean, 1 / np.sqrt(LOOKS)
    cmax = np.sqrt(2) * cu
    alpha = (1 + cu**2) / (ci**2 - cu**2)
    b = alpha - LOOKS - 1
    with np.errstate(invalid="ignore"):
        f = (b * mean + np.sqrt(mean**2 * b**2 + 4 * alpha * LOOKS * mean * power)) / (2 * alpha)
    return np.select([ci >= cmax, ci > cu], [power, f], mean)


def _lee_sigma(power: np.ndarray) -> np.ndarray:
    bright = power >= np.percentile(power, 98)
    crowd = ndimage.convolve(bright.astype(float), np.ones((3, 3)), mode="constant")
    mean, variance = _statistics(power, 3)
    prior = _lee(power, mean, variance, 0.4472**2)
    windows = _windows(power, 7)
    inside = (windows >= prior[..., None] * 0.436) & (windows <= prior[..., None] * 1.92)
    chosen = np.where(inside, windows, np.nan)
    filtered = _lee(power, np.nanmean(chosen, -1), np.nanvar(chosen, -1), 0.4057**2)
    return np.where(bright & (crowd >= 5), power, filtered)


@pytest.mark.parametrize(
    ("filtered", "twin"),
    [
        (speckle.boxcar, _boxcar),
        (speckle.lee, lambda power: _lee(power, *_statistics(power, 5), 1 / LOOKS)),
        (speckle.gamma_map, _gamma_map),
    ],
    ids=["boxcar", "Lee", "gamma MAP"],
)
def test_filter_of_one_image_is_numpys(
    filtered: Callable[[ee.Image], ee.Image], twin: Callable[[np.ndarray], np.ndarray], scene: ee.Image,
    land: Land, read: Read,
) -> None:  # fmt: skip
    found = read(ee.Image(filtered(speckle.to_power(scene.select("VV")))))["VV"]
    inner = slice(4, -4)  # what lies beyond the edge is another test's
    np.testing.assert_allclose(found[inner, inner], twin(_power(land))[inner, inner], rtol=2e-4)


def test_lee_sigma_is_numpys(scene: ee.Image, land: Land, area: Any, read: Read) -> None:
    found = read(speckle.lee_sigma(speckle.to_power(scene.select("VV")), area))["VV"]
    inner = (slice(4, -4), slice(4, -4))
    expected = _lee_sigma(_power(land))
    # A neighbour within a rounding error of the sigma range may fall on either side.
    close = np.isclose(found, expected, rtol=2e-3)[inner]
    assert close.mean() > 0.995


def test_quegan_is_numpys(ids: dict[str, str], land: Land, area: Any, read: Read) -> None:
    series = ee.ImageCollection(ids["S1"]).filterDate("2022-07-10", "2022-10-01").select("VV")
    power = series.map(lambda image: speckle.to_power(image).copyProperties(image, ["system:time_start"]))
    filtered = speckle.quegan(ee.ImageCollection(power))
    assert filtered.size().getInfo() == len(RADAR_DAYS) - 1
    found = read(ee.Image(filtered.toList(10).get(2)))["VV"]
    stack = np.stack([_power(land, day) for day in RADAR_DAYS[1:]])
    means = np.stack([_boxcar(one) for one in stack])
    expected = means[2] * (stack / means).mean(0)
    np.testing.assert_allclose(found[4:-4, 4:-4], expected[4:-4, 4:-4], rtol=1e-4)


def _refined_lee(power: np.ndarray) -> np.ndarray:
    """Lemoine's steps, pixel by pixel in NumPy."""
    mean3, var3 = _statistics(power, 3)
    offsets = [(r, c) for r in (-2, 0, 2) for c in (-2, 0, 2)]

    def at(values: np.ndarray, number: int) -> np.ndarray:
        return np.roll(values, (-offsets[number][0], -offsets[number][1]), (0, 1))

    means = [at(mean3, k) for k in range(9)]
    pairs = [(1, 7), (6, 2), (3, 5), (0, 8)]
    gradients = np.stack([np.abs(means[a] - means[b]) for a, b in pairs])
    strongest = gradients == gradients.max(0)
    direction = np.zeros(SHAPE, int)
    for k, (a, b) in enumerate(pairs):
        near = (means[a] - means[4]) > (means[4] - means[b])
        direction += strongest[k] * np.where(near, k + 1, k + 5)
    ratios = np.sort(np.stack([at(var3, k) / means[k] ** 2 for k in range(9)]), 0)
    sigma_v = ratios[:5].mean(0)
    rect = np.zeros((7, 7))
    rect[3:] = 1
    diag = np.tril(np.ones((7, 7)))
    mean, variance = np.zeros(SHAPE), np.zeros(SHAPE)
    for quarter in range(4):
        for kernel, number in ((rect, 2 * quarter + 1), (diag, 2 * quarter + 2)):
            windows = _windows(power, 7, np.rot90(kernel, -quarter))  # clockwise
            mean = np.where(direction == number, np.nanmean(windows, -1), mean)
            variance = np.where(direction == number, np.nanvar(windows, -1), variance)
    weight = (variance - mean**2 * sigma_v) / (sigma_v + 1) / variance
    return mean + weight * (power - mean)


def test_refined_lee_is_numpys(scene: ee.Image, land: Land, read: Read) -> None:
    found = read(refined_lee.refined_lee(speckle.to_power(scene.select("VV"))))["sum"]
    expected = _refined_lee(_power(land))
    np.testing.assert_allclose(found[6:-6, 6:-6], expected[6:-6, 6:-6], rtol=1e-3)


def test_slope_correction_follows_the_papers_equations(
    scene: ee.Image, land: Land, ids: dict[str, str], read: Read
) -> None:
    elevation = ee.ImageCollection(ids["DEM"]).mosaic().setDefaultProjection(
        ee.Image(ee.ImageCollection(ids["DEM"]).first()).projection()
    )  # fmt: skip
    found = read(slope_correction.slope_correction(scene, elevation.select("DEM")))
    radar = {name: values.astype(float) for name, values in land.radar(PEAK).items()}
    # Downhill, clockwise from north; rows grow southwards.
    south, east = np.gradient(land.elevation.astype(float), PIXEL)
    slope = np.arctan(np.hypot(south, east))
    aspect = np.arctan2(-east, south)
    heading = np.radians(270.0)  # the angle grows eastwards, so its aspect is west
    theta = np.radians(radar["angle"])
    ratio = np.tan(slope) * np.cos(heading - aspect)
    model = np.tan(np.pi / 2 - theta + np.arctan(ratio)) / np.tan(np.pi / 2 - theta)
    expected = radar["VV"] - 10 * np.log10(np.cos(theta)) - 10 * np.log10(np.abs(model))
    inner = (slice(1, -1), slice(1, -1))
    np.testing.assert_allclose(found["VV"][inner], expected[inner], atol=2e-3)
    mask = (np.arctan(ratio) < theta) & (np.arctan(ratio) > theta - np.pi / 2)
    np.testing.assert_array_equal(found["no_data_mask"][inner], mask[inner])


def test_border_noise_masks_angles_and_weak_pixels(ids: dict[str, str], land: Land, read: Read) -> None:
    first = ee.Image(ee.ImageCollection(ids["S1"]).first())
    found = read(border_noise.without_border_noise(first))
    radar = land.radar(RADAR_DAYS[0])
    keep = (radar["angle"] > 30.63993) & (radar["angle"] < 45.23993) & (radar["VV"] >= -30)
    for name, values in radar.items():
        np.testing.assert_array_equal(found[name], np.where(keep, values, np.nan))
