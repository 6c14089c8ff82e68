from __future__ import annotations

import numpy as np
import pytest

from ee_floods.engine.world.hashing import stream_key, uniform, white_normal
from ee_floods.engine.world.lattice import EARTH_RADIUS, unit_vectors
from ee_floods.engine.world.noise import Octaves, gradient_noise, upsample


def _places(count: int) -> np.ndarray:
    random = np.random.default_rng(3)
    return unit_vectors(random.uniform(-180, 180, count), random.uniform(-80, 80, count)) * EARTH_RADIUS


def test_noise_has_mean_0_and_variance_1_at_every_wavelength() -> None:
    keys = np.arange(5, dtype=np.uint32)
    values = gradient_noise(_places(60_000), keys, np.array([130.0, 900.0, 6e3, 7e4, 4e5]))
    assert np.abs(values.mean(axis=1)).max() < 0.03
    assert np.abs(values.std(axis=1) - 1).max() < 0.03
    assert np.abs(np.corrcoef(values) - np.eye(5)).max() < 0.03


def test_noise_is_smooth_across_the_antimeridian() -> None:
    lon = np.array([179.99999, -179.99999])
    noise = Octaves(1, [("a", 500.0), ("b", 40_000.0)])
    fields = noise(unit_vectors(lon, np.array([17.0, 17.0])) * EARTH_RADIUS)
    for values in fields.values():
        assert values[0] == pytest.approx(values[1], abs=0.03)


@pytest.mark.parametrize("step", [2, 4, 8])
def test_upsampling_reproduces_quadratics_exactly(step: int) -> None:
    """Catmull-Rom interpolation is exact for polynomials of degree two."""
    nodes = np.arange(-1, 120 // step + 2) * float(step)
    pixels = np.arange(120) + 0.5
    grid = (nodes[:, None] - 40) ** 2 / 900 + nodes[None, :] / 30
    wanted = (pixels[:, None] - 40) ** 2 / 900 + pixels[None, :] / 30
    assert np.allclose(upsample(grid.astype(np.float32), step), wanted, atol=1e-4)


def test_white_noise_depends_on_absolute_pixels_only() -> None:
    key = stream_key("test")
    whole = white_normal(key, -50, 1000, 200, 150)
    assert np.array_equal(whole[60:90, 20:70], white_normal(key, 10, 1020, 30, 50))
    assert whole.mean() == pytest.approx(0, abs=0.02)
    assert whole.std() == pytest.approx(1, abs=0.02)
    for one, next_one in ((whole[1:], whole[:-1]), (whole[:, 1:], whole[:, :-1])):
        assert abs(np.corrcoef(one.ravel(), next_one.ravel())[0, 1]) < 0.02


def test_uniform_numbers_fill_the_interval_evenly() -> None:
    i, j = np.meshgrid(np.arange(-100, 100), np.arange(300))
    values = uniform(stream_key("cells"), i, j)
    counts, _ = np.histogram(values, bins=20, range=(0, 1))
    assert counts.sum() == values.size
    assert np.abs(counts / values.size * 20 - 1).max() < 0.06
