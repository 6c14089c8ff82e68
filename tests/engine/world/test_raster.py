"""The same pixel is the same number whatever was asked, where and in which order."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from ee_floods.engine.records import ImageRecord
from ee_floods.engine.world import WorldLibrary
from ee_floods.grid import Window
from tests.engine.world.pairs import SCORE, Pair, window_at

JRC = "JRC/GSW1_4/GlobalSurfaceWater"

Place = tuple[float, float]


def _records(world: WorldLibrary, pair: Pair) -> dict[str, tuple[ImageRecord, list[str]]]:
    score = world.image(f"{SCORE}/{pair.s2.properties['system:index']}")
    jrc = world.image(JRC)
    assert score and jrc
    return {
        "radar": (pair.s1, ["VV", "VH"]),
        "optical 10 m": (pair.s2, ["B4", "B8"]),
        "optical 20 m": (pair.s2, ["B11"]),
        "optical 60 m": (pair.s2, ["B1", "QA60"]),
        "score": (score, ["cs_cdf"]),
        "label": (pair.label, ["label"]),
        "history": (jrc, ["occurrence", "max_extent"]),
    }


@pytest.mark.parametrize(
    "kind", ["radar", "optical 10 m", "optical 20 m", "optical 60 m", "score", "label", "history"]
)
@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_windows_and_request_order_do_not_matter(
    world: WorldLibrary, pair: Pair, middle: Place, kind: str, level: int
) -> None:
    record, bands = _records(world, pair)[kind]
    at = window_at(record, bands[0], middle, 2)
    row, col = at.row >> level, at.col >> level
    large = record.source.read(bands, level, Window(row, col, 70, 90))
    other = WorldLibrary().image(record.id)
    assert other is not None
    small = other.source.read(bands[::-1], level, Window(row + 33, col + 21, 31, 17))[::-1]
    for whole, part in zip(large, small, strict=True):
        assert np.array_equal(whole.values[33:64, 21:38], part.values)
        assert np.array_equal(whole.mask[33:64, 21:38], part.mask)
        assert whole.values.dtype == part.values.dtype


@pytest.mark.parametrize("level", [1, 2])
def test_near_levels_are_means_of_native_pixels(pair: Pair, middle: Place, level: int) -> None:
    factor = 2**level
    at = window_at(pair.s1, "VV", middle, 2)
    row, col = at.row // factor, at.col // factor
    coarse = pair.s1.source.read(["VV"], level, Window(row, col, 9, 7))[0].values
    fine = pair.s1.source.read(["VV"], 0, Window(row * factor, col * factor, 9 * factor, 7 * factor))[0]
    mean = fine.values.reshape(9, factor, 7, factor).mean(axis=(1, 3))
    assert np.allclose(coarse, mean, atol=1e-4)


def test_label_levels_are_modes(pair: Pair) -> None:
    window = Window(300, 300, 60, 60)
    coarse = pair.label.source.read(["label"], 1, window)[0].values
    fine = pair.label.source.read(["label"], 0, Window(600, 600, 120, 120))[0].values
    cells = fine.reshape(60, 2, 60, 2).swapaxes(1, 2).reshape(60, 60, 4)
    most = np.stack([(cells == value).sum(axis=2) for value in (-1, 0, 1)]).max(axis=0)
    chosen = (cells == coarse[..., None]).sum(axis=2)
    assert np.array_equal(chosen, most)


@pytest.mark.parametrize("level", [1, 2, 3])
def test_levels_keep_the_area_of_water(world: WorldLibrary, pair: Pair, level: int) -> None:
    """10 to 80 m: within 4 % of the native share, seen by the near infrared under a threshold of water."""
    height, width = 640, 640
    native = _dark_share(pair, 0, Window(200, 200, height, width))
    factor = 2**level
    coarse = _dark_share(pair, level, Window(200 // factor, 200 // factor, height // factor, width // factor))
    assert native > 0.05
    assert coarse == pytest.approx(native, rel=0.04)


def _dark_share(pair: Pair, level: int, window: Window) -> float:
    label = pair.label.source.read(["label"], level, window)[0].values
    return float((label == 1).sum() / (label >= 0).sum())


def test_outside_the_footprint_is_masked(pair: Pair) -> None:
    grid = pair.s1.bands[0].grid
    for window in (Window(-300, -300, 64, 64), Window(0, 0, 64, 64), Window(grid.height - 8, 0, 64, 64)):
        raster = pair.s1.source.read(["VV"], 0, window)[0]
        assert raster.mask.max() == 0
        assert raster.values.shape == raster.mask.shape == (64, 64)


def test_another_process_gives_the_same_bytes(pair: Pair, middle: Place) -> None:
    window = window_at(pair.s1, "VV", middle, 48)
    here = hashlib.sha256(pair.s1.source.read(["VV"], 0, window)[0].values.tobytes()).hexdigest()
    code = (
        "import hashlib; from ee_floods.engine.world import WorldLibrary; from ee_floods.grid import Window; "
        f"r = WorldLibrary().image({pair.s1.id!r}).source.read(['VV'], 0, Window(*{tuple(window)!r}))[0]; "
        "print(hashlib.sha256(r.values.tobytes()).hexdigest())"
    )
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert there.stdout.strip() == here


def test_another_seed_is_another_world(pair: Pair, middle: Place) -> None:
    other = WorldLibrary(seed=1).image(pair.s1.id)
    assert other is not None
    window = window_at(pair.s1, "VV", middle, 32)
    mine = pair.s1.source.read(["VV"], 0, window)[0].values
    assert not np.allclose(mine, other.source.read(["VV"], 0, window)[0].values, atol=0.5)
