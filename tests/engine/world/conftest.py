from __future__ import annotations

import pytest

from ee_floods.engine.world import WorldLibrary
from tests.engine.world.pairs import Pair, find_pair


@pytest.fixture(scope="session")
def world() -> WorldLibrary:
    return WorldLibrary()


@pytest.fixture(scope="session")
def pair(world: WorldLibrary) -> Pair:
    table = world.table("projects/local/assets/world/events")
    assert table is not None
    feature = next(f for f in table.features if f["id"] == "lower-indus-2022-08")
    return find_pair(world, dict(feature))


@pytest.fixture(scope="session")
def middle(pair: Pair) -> tuple[float, float]:
    west, south, east, north = pair.bounds
    return (west + east) / 2, (south + north) / 2
