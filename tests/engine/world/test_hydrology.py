from __future__ import annotations

import itertools

import numpy as np
import pytest

from ee_floods.engine.world import WorldLibrary
from ee_floods.engine.world.fields import Fields
from ee_floods.engine.world.hydrology import days_of, milliseconds
from ee_floods.engine.world.lattice import BLOCK, Block, Lattice, unit_vectors
from ee_floods.engine.world.places import transformer
from tests.engine.world.pairs import Pair


@pytest.fixture(scope="module")
def fields(world: WorldLibrary) -> Fields:
    return Fields(world.config)


def _block(place: tuple[float, float], crs: str = "EPSG:32642", pixel: float = 10.0) -> Block:
    x, y = place if crs == "EPSG:4326" else transformer(crs).transform(*place)
    side = pixel * BLOCK
    return Lattice(crs, pixel).block(int(np.floor(-y / side)), int(np.floor(x / side)))


def test_stage_rises_fast_and_falls_slowly(fields: Fields, pair: Pair, middle: tuple[float, float]) -> None:
    peak = days_of(milliseconds(pair.feature["properties"]["peak"]))
    days = peak + np.arange(-60.0, 61.0)
    stage = fields.hydrology.series(unit_vectors(*map(np.array, middle)), days)
    top = int(stage.argmax())
    assert abs(days[top] - peak) < 4
    half = stage[top] / 2
    rising, falling = top - np.argmax(stage > half), np.argmax(stage[top:] < half)
    assert 1 < rising < falling
    # No jump: a day changes stage by less than a third of the whole wave.
    assert np.abs(np.diff(stage)).max() < stage[top] / 3


def test_a_map_of_stage_agrees_with_its_series(fields: Fields, middle: tuple[float, float]) -> None:
    block = _block(middle)
    vector = block.vectors[3, 5]
    climate = {name: values[3:4, 5:6] for name, values in fields.climate.at(block.vectors).items()}
    for day in (18_000.0, 19_233.0, 19_241.5):
        mapped, _ = fields.hydrology.stage(block.vectors[3:4, 5:6], climate, day)
        series = fields.hydrology.series(vector, np.array([day, day + 1]))[0]
        assert float(mapped[0, 0]) == pytest.approx(series, abs=0.02)


def test_water_follows_stage_between_the_times_of_two_sensors(
    fields: Fields, pair: Pair, middle: tuple[float, float]
) -> None:
    """Two times, two truths: more stage is more water, and nothing dries where stage rises."""
    block = _block(middle)
    times = sorted(r.properties["system:time_start"] for r in (pair.s1, pair.s2))
    days = [days_of(t) for t in (*times, times[1] + 20 * 86_400_000)]
    water = [fields.scene(block, day).water.fraction for day in days]
    stage = [
        float(fields.hydrology.stage(block.vectors, fields.climate.at(block.vectors), d)[0].mean())
        for d in days
    ]
    assert len({round(s, 3) for s in stage}) == 3
    order = np.argsort(stage)
    for low, high in itertools.pairwise(order):
        assert (water[high] >= water[low] - 1e-6).all()
    assert water[order[2]].mean() > water[order[0]].mean()


def test_each_sensor_sees_the_water_of_its_own_time(pair: Pair, world: WorldLibrary) -> None:
    """The near infrared of one tile at the peak and two months before: the flood shows in the later one."""
    index = pair.s2.properties["MGRS_TILE"]
    t = pair.s2.properties["system:time_start"]
    found = world.collection(
        "COPERNICUS/S2_HARMONIZED",
        bounds=pair.bounds,
        start_ms=t - 75 * 86_400_000,
        end_ms=t - 45 * 86_400_000,
    )
    assert found is not None
    before = min(
        (r for r in found if r.properties["MGRS_TILE"] == index),
        key=lambda r: r.properties["CLOUDY_PIXEL_PERCENTAGE"],
    )
    shares = []
    for record in (before, pair.s2):
        from tests.engine.world.pairs import window_at

        west, south, east, north = pair.bounds
        window = window_at(record, "B8", ((west + east) / 2, (south + north) / 2), 400)
        nir = record.source.read(["B8"], 0, window)[0].values
        shares.append(float((nir < 1100).mean()))
    assert shares[1] > shares[0] + 0.05


@pytest.mark.parametrize("other", ["EPSG:32643", "EPSG:4326"])
def test_the_ground_is_the_same_in_every_projection(
    fields: Fields, middle: tuple[float, float], other: str
) -> None:
    """Pixels of another UTM zone and of a geographic grid: equal at equal places."""
    here = _block(middle)
    pixel = 10.0 if other != "EPSG:4326" else 0.0001
    there = _block(middle, other, pixel)
    lon, lat = there.node_lonlat(1)
    x, y = transformer("EPSG:32642").transform(lon, lat)
    col = np.floor(np.asarray(x) / 10).astype(int) - here.first_col
    row = np.floor(-np.asarray(y) / 10).astype(int) - here.first_row
    inside = (row >= 0) & (row < BLOCK) & (col >= 0) & (col < BLOCK)
    assert inside.mean() > 0.05
    mine, theirs = fields.ground(here), fields.ground(there)
    at = row[inside], col[inside]
    for name in ("hand", "elevation"):
        field = getattr(mine, name)
        apart = np.abs(field[at] - getattr(theirs, name)[inside])
        # Centres lie up to 0.7 pixels apart: what a hillside rises in that distance is no disagreement.
        rise = np.hypot(*np.gradient(field))[at] + 0.1
        assert np.median(apart / rise) < 0.5
        assert np.percentile(apart / rise, 99) < 1.2
    day = 19_235.0
    wet = fields.scene(here, day).water.fraction[at] > 0.5
    assert (wet == (fields.scene(there, day).water.fraction[inside] > 0.5)).mean() > 0.97
