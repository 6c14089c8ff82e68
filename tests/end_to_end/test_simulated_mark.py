"""Simulated data cannot pass for real, whatever path it takes; and it never touches real radar."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.engine

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "sen1floods11"
PLACE = (68.5, 27.3)


@pytest.fixture(scope="module")
def _session(engine_session: object) -> object:
    return engine_session


def _reads(url: str, since: int) -> list[dict[str, object]]:
    """Assets loaded since a time in microseconds, as the engine logged them."""
    import json
    import urllib.request

    with urllib.request.urlopen(f"{url}/ee-floods/v1/reads?since={since}") as answer:
        reads = json.load(answer)["reads"]
    # `assets.get` says what an asset is and reads none of its pixels or features.
    return [read for read in reads if read["method"] != "asset"]


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared Sen1Floods11 chips are not here")
def test_a_real_chip_on_the_local_engine_reads_no_simulated_asset(_session: object, tmp_path: Path) -> None:
    import time

    from ee_floods.models.registry import open_predictor
    from ee_floods.workflows.predict import Layers, predict_file

    since = time.time_ns() // 1000
    raster = predict_file(
        open_predictor("baseline:otsu"),
        SHARED / "S1Hand" / "Spain_7370579_S1Hand.tif",
        tmp_path / "flood.tif",
        layers=Layers(session=True),
    )
    assert [read for read in _reads(_session.url, since) if read["simulated"]] == []  # type: ignore[attr-defined]
    assert not raster.properties.simulated
    assert "permanent and seasonal water" in raster.properties.not_assessed


def test_the_log_of_reads_would_have_told(_session: object) -> None:
    """The test above can fail: a read of a simulated asset is in the log."""
    import time

    import ee

    since = time.time_ns() // 1000
    dem = ee.ImageCollection("COPERNICUS/DEM/GLO30").mosaic().select("DEM")
    dem.reduceRegion(ee.Reducer.mean(), ee.Geometry.Point(PLACE), 30).getInfo()
    assert [read for read in _reads(_session.url, since) if read["simulated"]]  # type: ignore[attr-defined]


def test_composites_indices_and_tables_are_known_as_simulated(_session: object) -> None:
    import ee

    from ee_floods.session import provenance

    box = ee.Geometry.Rectangle([68.4, 27.2, 68.6, 27.4], "EPSG:4326", False)
    optical = (
        ee.ImageCollection("COPERNICUS/S2_HARMONIZED")
        .filterBounds(box)
        .filterDate("2022-08-20", "2022-09-01")
    )
    for derived in (
        optical.median(),
        optical.mosaic().normalizedDifference(["B3", "B11"]).gt(0),
        ee.Image(0).where(optical.max().select("B8").lt(500), 1),
        ee.FeatureCollection("projects/local/assets/world/events"),
        optical.size(),
    ):
        assert provenance(derived).simulated
    assert not provenance(ee.Image.constant(1).add(2)).simulated


def test_a_mounted_file_of_ones_own_is_not_simulated(_session: object) -> None:
    import ee

    from ee_floods.session import provenance
    from tests.conftest import STORED_ID

    assert not provenance(ee.Image(STORED_ID)).simulated
    assert provenance(ee.Image(STORED_ID).addBands(ee.Image("MERIT/Hydro/v1_0_1"))).simulated


def test_the_engine_itself_says_so_on_pixels_and_tiles(_session: object) -> None:
    import json
    import urllib.request

    import ee

    tile = ee.Image("MERIT/Hydro/v1_0_1").select("hnd").getMapId({"min": 0, "max": 50})
    url = tile["tile_fetcher"].url_format.format(z=9, x=353, y=215)
    with urllib.request.urlopen(url) as answer:
        assert answer.headers["X-EE-Floods-Simulated"] == "true"
        assert answer.headers["Content-Type"].startswith("image/")
    expression = ee.serializer.encode(ee.Number(1).add(1), for_cloud_api=True)
    body = json.dumps({"expression": expression}).encode()
    request = urllib.request.Request(
        f"{_session.url}/v1/projects/local/value:compute",  # type: ignore[attr-defined]
        data=body, headers={"Content-Type": "application/json"},
    )  # fmt: skip
    with urllib.request.urlopen(request) as answer:
        assert answer.headers["X-EE-Floods-Simulated"] == "false"


def test_an_asset_made_of_simulated_data_is_simulated_when_it_is_loaded_again(_session: object) -> None:
    import time

    import ee

    from ee_floods.session import provenance

    box = ee.Geometry.Rectangle([68.5, 27.3, 68.52, 27.32], "EPSG:4326", False)
    for image, name, expected in (
        (ee.Image("MERIT/Hydro/v1_0_1").select("hnd").gt(5), "derived", True),
        (ee.Image.constant(7).toByte(), "made", False),
    ):
        asset_id = f"projects/local/assets/mark_{name}"
        task = ee.batch.Export.image.toAsset(image, assetId=asset_id, region=box, scale=90, crs="EPSG:32642")
        task.start()
        while task.active():
            time.sleep(0.2)
        assert task.status()["state"] == "COMPLETED", task.status()
        assert provenance(ee.Image(asset_id)).simulated is expected
        assert bool(ee.data.getAsset(asset_id)["properties"].get("simulated", False)) is expected


def test_xee_reads_are_known_as_simulated(_session: object) -> None:
    import ee

    from ee_floods.export.xarray_reader import open_xarray
    from ee_floods.grid import Grid

    grid = Grid.from_lonlat_box((68.50, 27.30, 68.51, 27.31), 90)
    dataset = open_xarray(ee.Image("MERIT/Hydro/v1_0_1").select(["hnd"], ["hand"]), grid, ["hand"])
    assert dataset.attrs["title"] == "SIMULATED"
    assert "MERIT/Hydro/v1_0_1" in dataset.attrs["provenance"]
