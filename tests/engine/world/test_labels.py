from __future__ import annotations

import numpy as np
import pytest

from ee_floods.engine.world import WorldLibrary
from ee_floods.engine.world.fields import Fields
from ee_floods.engine.world.hydrology import milliseconds
from ee_floods.engine.world.labels import EVENTS, HAND_LABELS
from ee_floods.engine.world.lattice import BLOCK, Lattice
from ee_floods.engine.world.sentinel2 import Sentinel2
from ee_floods.grid import Window
from tests.engine.world.pairs import DAY, Pair, find_pair

CONTINENTS = {
    "Asia": {"PAK", "IND", "BGD", "MMR", "KHM", "CHN", "IRN", "RUS"},
    "Africa": {"SOM", "NER", "NGA", "GHA", "SSD", "MOZ", "NAM"},
    "Europe": {"ESP", "ITA", "DEU", "HUN", "GBR", "BLR"},
    "North America": {"USA", "CAN", "MEX"},
    "South America": {"BOL", "BRA", "PRY", "ARG"},
    "Oceania": {"AUS", "NZL"},
}


def test_invalid_is_exactly_what_lies_under_cloud(world: WorldLibrary, pair: Pair) -> None:
    fields = Fields(world.config)
    sentinel2 = Sentinel2(fields)
    scene = sentinel2.scene(str(pair.label.properties["s2_index"]))
    assert scene is not None
    assert scene.swath().inside(scene.tile.samples).all()
    grid = pair.label.bands[0].grid
    lattice, row0, col0 = Lattice.under(grid)
    invalid, total = 0, 0
    for i, j in ((3, 3), (8, 10), (14, 6), (12, 14)):
        block = lattice.block((row0 + i * BLOCK) // BLOCK, (col0 + j * BLOCK) // BLOCK)
        window = Window(block.first_row - row0, block.first_col - col0, BLOCK, BLOCK)
        label = pair.label.source.read(["label"], 0, window)[0]
        cloud, _ = sentinel2.optical_pass(scene).cloud(block)
        assert label.mask.min() == 1
        assert np.array_equal(label.values == -1, cloud >= world.config.clouds.label_limit)
        assert set(np.unique(label.values).tolist()) <= {-1, 0, 1}
        invalid += int((label.values == -1).sum())
        total += label.values.size
    assert 0 < invalid < total


def test_there_are_floods_on_every_inhabited_continent(world: WorldLibrary) -> None:
    table = world.table(EVENTS)
    assert table is not None
    countries = {feature["properties"]["country"] for feature in table.features}
    assert len(table.features) >= 24
    for name, members in CONTINENTS.items():
        assert countries & members, name
    assert countries <= set().union(*CONTINENTS.values())
    assert len({event.biome for event in world.config.events}) >= 6
    for feature in table.features:
        p = feature["properties"]
        assert p["name"].startswith("SIMULATED ")
        assert p["source"] == "simulated-world"
        assert milliseconds(p["start"]) < milliseconds(p["peak"]) < milliseconds(p["end"])
        ring = np.array(feature["geometry"]["coordinates"][0])
        size = ring.max(axis=0) - ring.min(axis=0)
        assert (size > 0.11).all()
        assert (size < 0.26).all()


def _ids() -> list[str]:
    return [event.id for event in WorldLibrary().config.events]


@pytest.mark.parametrize("event_id", _ids())
def test_every_flood_has_a_clear_pair_within_48_hours_near_its_peak(
    world: WorldLibrary, event_id: str
) -> None:
    table = world.table(EVENTS)
    assert table is not None
    pair = find_pair(world, dict(next(f for f in table.features if f["id"] == event_id)))
    optical = pair.s2.properties["system:time_start"]
    assert abs(optical - pair.s1.properties["system:time_start"]) <= 2 * DAY
    assert abs(optical - milliseconds(pair.feature["properties"]["peak"])) <= 3 * DAY
    grid = pair.label.bands[0].grid
    # 80 m pixels: the analytic level, cheap enough for every event.
    window = Window(0, 0, grid.height // 8, grid.width // 8)
    label = pair.label.source.read(["label"], 3, window)[0].values
    assert (label >= 0).mean() > 0.5
    water = (label == 1).sum() / (label >= 0).sum()
    assert 0.01 < water < 0.75


def test_labels_are_found_by_place_and_by_the_date_of_their_scene(world: WorldLibrary, pair: Pair) -> None:
    t = pair.label.properties["system:time_start"]
    found = world.collection(HAND_LABELS, bounds=pair.bounds, start_ms=t, end_ms=t + 1)
    assert found is not None
    assert [record.id for record in found] == [pair.label.id]
    assert list(world.collection(HAND_LABELS, bounds=pair.bounds, start_ms=t + 1, end_ms=t + DAY) or ()) == []
    assert list(world.collection(HAND_LABELS, bounds=(0.0, 0.0, 1.0, 1.0)) or ()) == []
    p = pair.label.properties
    assert p["label_source"] == "SIMULATED labeller"
    assert p["event"] == pair.feature["id"]
    assert p["system:time_start"] == pair.s2.properties["system:time_start"]


def test_the_labeller_draws_what_the_optical_scene_shows(world: WorldLibrary, pair: Pair) -> None:
    """Where it is clear, McFeeters' water index (1996) and the label agree but for mixed pixels."""
    grid = pair.label.bands[0].grid
    image = pair.s2.bands[1].grid
    assert grid.crs == image.crs
    row = round((image.transform[5] - grid.transform[5]) / 10)
    col = round((grid.transform[2] - image.transform[2]) / 10)
    window = Window(row + 300, col + 300, 400, 400)
    green, nir = (raster.values for raster in pair.s2.source.read(["B3", "B8"], 0, window))
    label = pair.label.source.read(["label"], 0, Window(300, 300, 400, 400))[0].values
    clear = label >= 0
    assert 0.05 < (label == 1)[clear].mean() < 0.95
    assert ((green > nir) == (label == 1))[clear].mean() > 0.97
