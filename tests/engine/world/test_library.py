from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from ee_floods.engine.errors import EngineError
from ee_floods.engine.records import ImageRecord
from ee_floods.engine.world import WorldLibrary
from ee_floods.engine.world.config import DEFAULT_CONFIG, load_config
from ee_floods.errors import ConfigError
from tests.engine.world.pairs import DAY, S1, S2, SCORE

COLLECTIONS = (
    S1, S2, SCORE, "COPERNICUS/DEM/GLO30", "ESA/WorldCover/v200", "projects/local/assets/world/hand_labels",
)  # fmt: skip
IMAGES = ("JRC/GSW1_4/GlobalSurfaceWater", "MERIT/Hydro/v1_0_1")
EVENTS = "projects/local/assets/world/events"
FOLDER = "projects/local/assets/world"
BOX = (88.9, 24.0, 89.3, 24.4)


def _images(world: WorldLibrary) -> Iterator[ImageRecord]:
    for asset_id in COLLECTIONS:
        start = None if asset_id not in (S1, S2, SCORE) else 1.6e12
        bounds = None if asset_id.endswith("hand_labels") else BOX
        found = world.collection(
            asset_id, bounds=bounds, start_ms=start, end_ms=None if start is None else start + 13 * DAY
        )
        assert found is not None
        records = list(found)
        assert records, asset_id
        yield from records[:3]
    for asset_id in IMAGES:
        image = world.image(asset_id)
        assert image is not None
        yield image


def test_every_record_is_simulated(world: WorldLibrary) -> None:
    for record in _images(world):
        assert record.simulated
        assert record.properties["simulated"] is True
        asset = world.asset(record.id)
        assert asset is not None
        assert asset.simulated
    for asset_id in (*COLLECTIONS, *IMAGES, EVENTS, FOLDER):
        asset = world.asset(asset_id)
        assert asset is not None
        assert asset.simulated
        assert asset.properties["simulated"] is True
        assert asset.properties["description"].startswith("SIMULATED")
    table = world.table(EVENTS)
    assert table is not None
    assert table.simulated
    assert all(child.simulated for child in world.children(FOLDER))


def test_images_are_found_again_by_id(world: WorldLibrary) -> None:
    for record in _images(world):
        again = world.image(record.id)
        assert again is not None
        assert again.properties == record.properties


@pytest.mark.parametrize(
    ("bounds", "days"), [(None, 3), (None, None), ((-180.0, -60.0, 180.0, 70.0), 400), (BOX, None)]
)
@pytest.mark.parametrize("asset_id", [S1, S2, SCORE])
def test_too_many_scenes_are_refused_in_the_service_s_words(
    world: WorldLibrary, asset_id: str, bounds: tuple[float, float, float, float] | None, days: int | None
) -> None:
    if bounds == BOX:
        bounds = (80.0, 15.0, 100.0, 30.0)
    end = None if days is None else 1.6e12 + days * DAY
    with pytest.raises(
        EngineError, match=r"^Collection query aborted after accumulating over 5000 elements\.$"
    ):
        world.collection(asset_id, bounds=bounds, start_ms=1.6e12, end_ms=end)


def test_what_is_not_of_this_world_is_absent(world: WorldLibrary) -> None:
    assert world.asset("projects/p/assets/x") is None
    assert world.image("COPERNICUS/S1_GRD") is None
    assert world.collection("LANDSAT/LC08") is None
    assert world.table(S1) is None
    assert list(world.children("projects/p")) == []


def test_an_unknown_key_is_named(tmp_path: Path) -> None:
    document = yaml.safe_load(DEFAULT_CONFIG.read_text(encoding="utf-8"))
    document["radar"]["look"] = 4
    path = tmp_path / "world.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"unknown key 'look'.*looks"):
        WorldLibrary(config=path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": "ee-floods/world/2.0"}, "schema"),
        ({"seed": "a"}, "seed must be a int"),
        ({"clouds": None}, "clouds must be a mapping"),
        ({"biomes": {}}, "unknown biome"),
    ],
)
def test_a_wrong_configuration_says_what_is_wrong(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    document = yaml.safe_load(DEFAULT_CONFIG.read_text(encoding="utf-8")) | change
    path = tmp_path / "world.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        load_config(path)


def test_a_seed_replaces_the_file_s(world: WorldLibrary) -> None:
    assert WorldLibrary(seed=7).config.seed == 7
    assert world.config.seed == load_config().seed
