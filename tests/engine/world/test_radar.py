from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ee_floods.engine.world import WorldLibrary
from ee_floods.engine.world.hashing import stream_key
from ee_floods.engine.world.lattice import Lattice
from ee_floods.engine.world.radar import speckle
from ee_floods.grid import Window
from tests.engine.world.pairs import Pair


@pytest.fixture(scope="module")
def field(world: WorldLibrary) -> np.ndarray:
    radar = world.config.radar
    lattice = Lattice("EPSG:32642", 10.0)
    key = stream_key("a pass", "VV")
    rows = [
        np.hstack([speckle(key, lattice.block(i, j), radar.looks, radar.speckle_kernel) for j in range(4)])
        for i in range(4)
    ]
    return np.vstack(rows)


def test_speckle_keeps_the_mean_power(field: np.ndarray) -> None:
    assert field.mean(dtype=np.float64) == pytest.approx(1, abs=0.01)


def test_looks_are_near_the_nominal(world: WorldLibrary, field: np.ndarray) -> None:
    looks = field.mean(dtype=np.float64) ** 2 / field.var(dtype=np.float64)
    assert looks == pytest.approx(world.config.radar.looks, rel=0.06)


def test_speckle_is_gamma_distributed(world: WorldLibrary, field: np.ndarray) -> None:
    """Against SciPy's gamma law; every fourth pixel, which are independent."""
    looks = world.config.radar.looks
    sample = field[::4, ::4].ravel().astype(float)
    assert stats.kstest(sample, stats.gamma(looks, scale=1 / looks).cdf).statistic < 0.02


def test_neighbours_are_correlated_as_the_kernel_says(world: WorldLibrary, field: np.ndarray) -> None:
    k = world.config.radar.speckle_kernel
    theory = 2 * k / (1 + 2 * k**2)
    for a, b in ((field[1:], field[:-1]), (field[:, 1:], field[:, :-1])):
        # Gamma of a normal field: the correlation of the powers is a little below that of the normals.
        assert np.corrcoef(a.ravel(), b.ravel())[0, 1] == pytest.approx(theory, abs=0.06)
    assert abs(np.corrcoef(field[3:].ravel(), field[:-3].ravel())[0, 1]) < 0.02


def test_speckle_has_no_seam_between_blocks(field: np.ndarray) -> None:
    across = np.corrcoef(field[:, 119].ravel(), field[:, 120].ravel())[0, 1]
    inside = np.corrcoef(field[:, 59].ravel(), field[:, 60].ravel())[0, 1]
    assert across == pytest.approx(inside, abs=0.12)


def test_backscatter_lies_where_real_chips_lie(pair: Pair) -> None:
    """Ranges of the medians and of the lowest percent of unlabelled real chips, with a margin of 3 dB."""
    window = _over_label(pair, 700)
    vv, vh = pair.s1.source.read(["VV", "VH"], 0, window)
    assert vv.mask.min() == 1
    assert -25 < np.median(vv.values) < -6
    assert -31 < np.median(vh.values) < -11
    assert np.percentile(vh.values, 1) > -50.1
    assert 3 < np.median(vv.values - vh.values) < 12


def test_incidence_angle_grows_from_near_to_far_range(pair: Pair) -> None:
    angle = pair.s1.source.read(["angle"], 0, Window(80, 0, 1, pair.s1.bands[2].grid.width))[0]
    seen = angle.values[angle.mask > 0]
    assert seen.min() >= 30.4
    assert seen.max() <= 46.6
    rising = np.sign(np.diff(seen))
    assert abs(rising.sum()) == len(rising)


def _over_label(pair: Pair, size: int) -> Window:
    from tests.engine.world.pairs import window_at

    west, south, east, north = pair.bounds
    return window_at(pair.s1, "VV", ((west + east) / 2, (south + north) / 2), size)
