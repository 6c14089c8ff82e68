from __future__ import annotations

import numpy as np
import pytest

from ee_floods.engine.world import WorldLibrary
from ee_floods.engine.world.fields import Fields
from ee_floods.engine.world.hydrology import days_of, milliseconds
from ee_floods.engine.world.lattice import Lattice
from ee_floods.grid import Window
from tests.engine.world.pairs import Pair, window_at

JRC = "JRC/GSW1_4/GlobalSurfaceWater"


def test_occurrence_is_the_share_of_time_under_water(
    world: WorldLibrary, middle: tuple[float, float]
) -> None:
    """Against the maps of water themselves, drawn every two months from 1984 to 2021."""
    record = world.image(JRC)
    assert record is not None
    window = window_at(record, "occurrence", middle, 60)
    occurrence = record.source.read(["occurrence"], 0, window)[0]
    share = np.where(occurrence.mask > 0, occurrence.values, 0) / 100
    fields = Fields(world.config)
    lattice, row0, col0 = Lattice.under(record.bands[0].grid)
    row, col = row0 + window.row, col0 + window.col
    block = lattice.block(row // 120, col // 120)
    r, c = row - block.first_row, col - block.first_col
    height, width = min(60, 120 - r), min(60, 120 - c)
    days = np.arange(days_of(milliseconds("1984-03-16")), days_of(milliseconds("2021-12-31")), 61.0)
    ground = fields.ground(block)
    total = np.zeros((height, width))
    for day in days:
        total += fields.water(block, ground, float(day)).fraction[r : r + height, c : c + width] > 0.5
    drawn = total / len(days)
    apart = np.abs(drawn - share[:height, :width])
    assert np.median(apart) < 0.02
    assert np.percentile(apart, 95) < 0.12


def test_never_water_is_masked_and_told_from_no_data(
    world: WorldLibrary, middle: tuple[float, float]
) -> None:
    record = world.image(JRC)
    assert record is not None
    bands = ["occurrence", "recurrence", "seasonality", "max_extent"]
    window = window_at(record, "occurrence", middle, 200)
    occurrence, recurrence, seasonality, extent = record.source.read(bands, 0, window)
    assert extent.mask.min() == 1
    assert np.array_equal(extent.values == 1, occurrence.mask == 1)
    seen = occurrence.mask == 1
    assert 0.001 < seen.mean() < 0.9
    assert occurrence.values[seen].min() >= 1
    assert occurrence.values.max() <= 100
    assert recurrence.values[seen].max() <= 100
    assert seasonality.values[seen].max() <= 12
    polar = record.source.read(bands, 0, Window(-8, 0, 8, 8))
    assert max(raster.mask.max() for raster in polar) == 0


def test_permanent_water_lies_in_channels_and_the_flood_beyond(
    pair: Pair, world: WorldLibrary, middle: tuple[float, float]
) -> None:
    record = world.image(JRC)
    merit = world.image("MERIT/Hydro/v1_0_1")
    assert record is not None
    assert merit is not None
    west, south, east, north = pair.bounds
    height, width = int((north - south) / 0.00025), int((east - west) / 0.00025)
    window = Window(int((80 - north) / 0.00025), int((west + 180) / 0.00025), height, width)
    occurrence = record.source.read(["occurrence"], 0, window)[0]
    permanent = ((occurrence.values > 90) & (occurrence.mask > 0)).mean()
    label = pair.label.source.read(["label"], 3, Window(0, 0, 200, 200))[0].values
    flooded = (label == 1).sum() / (label >= 0).sum()
    assert 0.003 < permanent < 0.2
    assert flooded > 1.5 * permanent
    at = window_at(merit, "hnd", middle, 60)
    hand = merit.source.read(["hnd"], 0, at)[0].values
    assert hand.min() == pytest.approx(0, abs=1.0)
    assert hand.max() > 2
