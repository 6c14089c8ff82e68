"""Listings of collections without end: the client reads the simulated world's scenes a page at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from ee_floods.engine.assets.filters import AssetFilter
from ee_floods.engine.assets.library import CompositeLibrary
from ee_floods.engine.assets.resources import list_assets
from ee_floods.engine.world import WorldLibrary
from tests.engine.engine_process import EngineProcess
from tests.engine.server.images import PIXEL_GRID

SCENES = "COPERNICUS/S1_GRD"


@pytest.fixture(scope="module")
def library() -> CompositeLibrary:
    return CompositeLibrary([WorldLibrary()])


@pytest.fixture(scope="module")
def world_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    engine = EngineProcess(tmp_path_factory.mktemp("world") / "state", world=True).start()
    yield engine
    engine.stop()


def page(library: CompositeLibrary, size: int, token: str = "", text: str = "", basic: bool = False) -> dict:
    answer, simulated = list_assets(
        library, SCENES, text_filter=text, page_size=size, token=token, basic=basic
    )
    assert simulated
    return answer


@pytest.mark.parametrize("collection", [SCENES, "COPERNICUS/S2_HARMONIZED"])
@pytest.mark.parametrize("basic", [False, True])
def test_first_page_of_a_collection_without_end_is_one_page(
    library: CompositeLibrary, collection: str, basic: bool
) -> None:
    answer, _ = list_assets(library, collection, text_filter="", page_size=1, token="", basic=basic)
    (asset,) = answer["assets"]
    assert asset["id"].startswith(collection + "/")
    assert ("bands" in asset) is not basic
    assert answer["nextPageToken"]


def test_pages_go_on_where_the_last_one_ended(library: CompositeLibrary) -> None:
    whole = [item["id"] for item in page(library, 7)["assets"]]
    first = page(library, 4)
    rest = page(library, 3, first["nextPageToken"])
    assert [item["id"] for item in (*first["assets"], *rest["assets"])] == whole
    assert len(set(whole)) == 7


def test_filter_of_date_region_and_property_is_that_of_the_collection(library: CompositeLibrary) -> None:
    from shapely.geometry import Point, shape

    text = (
        'startTime >= "2022-08-01T00:00:00Z" AND endTime < "2022-09-01T00:00:00Z"'
        " AND intersects(\"{'type':'Point','coordinates':[67.5,27.5]}\")"
        ' AND properties.orbitProperties_pass = "ASCENDING"'
    )
    found = {item["id"] for item in page(library, 1000, text=text)["assets"]}
    images = library.collection(
        SCENES, bounds=(67.5, 27.5, 67.5, 27.5), start_ms=1659312000000, end_ms=1661990400000
    )
    expected = {
        image.id
        for image in images or ()
        if image.properties["orbitProperties_pass"] == "ASCENDING"
        and image.properties["system:time_end"] < 1661990400000
        and shape(image.footprint).intersects(Point(67.5, 27.5))
    }
    assert found == expected != set()


def test_client_lists_the_world_and_copies_what_it_finds(world_engine: EngineProcess, connect) -> None:
    client = connect(world_engine)
    roots = [item["id"] for item in client.data.listAssets("projects/local/assets")["assets"]]
    assert "projects/local/assets/world" in roots
    (scene,) = client.data.listImages({"parent": SCENES, "pageSize": 1})["images"]
    target = "projects/local/assets/scene"
    client.data.copyAsset(scene["id"], target)
    grid = {**scene["bands"][0]["grid"], "dimensions": PIXEL_GRID["dimensions"]}
    request = {"fileFormat": "NUMPY_NDARRAY", "grid": grid, "bandIds": ["VV"]}
    original, copied = (
        client.data.computePixels({"expression": client.Image(name), **request})
        for name in (scene["id"], target)
    )
    np.testing.assert_array_equal(copied, original)
    assert client.data.getAsset(target)["properties"]["simulated"] is True
    answer = world_engine.get("/ee-floods/v1/reads")["reads"]
    assert {"asset_id": target, "simulated": True}.items() <= next(
        item for item in reversed(answer) if item["asset_id"] == target
    ).items()


def test_region_is_met_by_the_outline_and_not_by_its_bounds() -> None:
    triangle = {"type": "Polygon", "coordinates": [[[0, 0], [10, 0], [0, 10], [0, 0]]]}
    for point, inside in (([2, 2], True), ([9, 9], False)):
        wanted = AssetFilter.parse(f"intersects(\"{{'type':'Point','coordinates':{point}}}\")")
        assert wanted.admits({}, triangle) is inside


def test_text_in_quotes_may_hold_the_word_that_joins_clauses() -> None:
    wanted = AssetFilter.parse('properties.name = "sand AND gravel" AND properties.n >= 2')
    assert wanted.admits({"name": "sand AND gravel", "n": 2}, None)
    assert not wanted.admits({"name": "sand", "n": 2}, None)
    assert not wanted.admits({"name": "sand AND gravel"}, None)
