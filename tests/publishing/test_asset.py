"""A product goes to the local engine and comes back as it was."""

from dataclasses import replace

import numpy as np
import pytest

from ee_floods.contracts.product import ProductProperties
from ee_floods.contracts.provenance import AssetUse, Provenance
from ee_floods.errors import InputError, TaskFailedError
from ee_floods.grid import Grid
from ee_floods.inference.product_file import write_product
from ee_floods.inference.raster import FloodRaster
from ee_floods.publishing import asset as publishing
from ee_floods.publishing.asset import publish_product
from ee_floods.publishing.properties import CONTENT_KEY
from ee_floods.publishing.readback import check_readback
from ee_floods.service import assets
from ee_floods.service.ledger import MemoryLedger

BUCKET = "gs://local/uploads"
GRID = Grid("EPSG:32633", (10, 0, 500_000, 0, -10, 5_000_000), (70, 90))


def product(seed=0, provenance=None):
    rng = np.random.default_rng(seed)
    flood = rng.choice([0, 1, 2, 3, 4, 254, 255], GRID.shape).astype(np.uint8)
    probability = rng.integers(0, 101, GRID.shape).astype(np.uint8)
    probability[flood == 255] = 255
    exclusion = rng.choice([0, 1, 5, 16, 64], GRID.shape).astype(np.uint8)
    properties = ProductProperties(
        event="SIMULATED flood" if provenance else "flood",
        scene_ids=("S1A",),
        observed_at="2022-08-30T01:23:45Z",
        model="baseline:otsu",
        runtime="numpy",
        precision="float32",
        thresholds={"vh_db": -17.5},
        code_version="0",
        provenance=(provenance or Provenance()).to_dict(),
    )
    return FloodRaster(GRID, flood, probability, exclusion, properties)


@pytest.fixture
def path(tmp_path):
    return write_product(tmp_path / "flood.tif", product())


@pytest.fixture
def asset_id(engine_session, request):
    return f"projects/local/assets/published/{request.node.name}/flood"


def test_the_asset_reads_back_as_the_file(path, asset_id):
    import ee

    done = publish_product(path, asset_id, bucket=BUCKET)
    assert not done.unchanged
    raster = product()
    check_readback(asset_id, raster.grid, raster.bands)
    held = ee.Image(asset_id).toDictionary(["event", "thresholds_vh_db", CONTENT_KEY])
    assert held.getInfo() == {"event": "flood", "thresholds_vh_db": -17.5, CONTENT_KEY: done.sha256}
    assert not assets.properties(asset_id).get("simulated")
    assert ee.Date(ee.Image(asset_id).get("system:time_start")).format().getInfo() == "2022-08-30T01:23:45"


def test_pixels_without_data_are_masked_and_exclusion_is_not(path, asset_id):
    import ee

    publish_product(path, asset_id, bucket=BUCKET)
    seen = ee.Image(asset_id).mask()
    from ee_floods.service.pixels import compute_pixels

    masks = compute_pixels(seen, GRID, ["flood", "water_probability", "exclusion"])
    assert np.array_equal(masks["flood"] == 0, product().flood == 255)
    assert masks["exclusion"].all()


def test_the_same_file_again_touches_nothing(path, asset_id, engine_session):
    import ee

    first = publish_product(path, asset_id, bucket=BUCKET)
    updated, count = assets.get(asset_id)["updateTime"], len(ee.data.listOperations())
    again = publish_product(path, asset_id, bucket=BUCKET)
    assert again.unchanged
    assert again.sha256 == first.sha256
    assert assets.get(asset_id)["updateTime"] == updated
    assert len(ee.data.listOperations()) == count


def test_other_content_is_refused_naming_both_and_overwritten_when_asked(path, asset_id, tmp_path):
    first = publish_product(path, asset_id, bucket=BUCKET)
    other = write_product(tmp_path / "other.tif", product(seed=1))
    with pytest.raises(InputError, match=first.sha256) as caught:
        publish_product(other, asset_id, bucket=BUCKET)
    assert "--overwrite" in caught.value.remedy
    second = publish_product(other, asset_id, bucket=BUCKET, overwrite=True)
    assert second.sha256 != first.sha256
    assert assets.properties(asset_id)[CONTENT_KEY] == second.sha256
    # Going back to the first content is a new import, not the old one again.
    ledger = MemoryLedger()
    assert not publish_product(path, asset_id, bucket=BUCKET, overwrite=True, ledger=ledger).unchanged


def test_a_simulated_product_is_marked_as_an_asset_too(asset_id, tmp_path):
    from ee_floods.session import provenance

    marked = Provenance((AssetUse("COPERNICUS/S1_GRD", True),))
    path = write_product(tmp_path / "s.tif", product(provenance=marked))
    assert publish_product(path, asset_id, bucket=BUCKET).simulated
    assert provenance(asset_id).simulated


def test_simulated_products_do_not_reach_a_real_project_without_a_flag(
    asset_id, tmp_path, monkeypatch, engine_session
):
    marked = Provenance((AssetUse("COPERNICUS/S1_GRD", True),))
    path = write_product(tmp_path / "s.tif", product(provenance=marked))
    real = replace(engine_session, target="earthengine", project="my-project")
    monkeypatch.setattr(publishing, "current", lambda: real)
    with pytest.raises(InputError, match="SIMULATED") as caught:
        publish_product(path, asset_id, bucket=BUCKET)
    assert "--allow-simulated" in caught.value.remedy
    assert assets.get(asset_id) is None


def test_one_pixel_that_differs_is_seen(path, asset_id):
    publish_product(path, asset_id, bucket=BUCKET)
    raster = product()
    bands = {name: values.copy() for name, values in raster.bands.items()}
    bands["exclusion"][3, 4] ^= 2
    with pytest.raises(TaskFailedError, match="1 of 6300 pixels of 'exclusion' differ"):
        check_readback(asset_id, raster.grid, bands)
    shifted = Grid(GRID.crs, (10, 0, 500_010, 0, -10, 5_000_000), GRID.shape)
    with pytest.raises(TaskFailedError, match="is on"):
        check_readback(asset_id, shifted, raster.bands)


def test_an_id_that_cannot_be_written_to_is_refused_before_anything_is_uploaded(path, engine_session):
    with pytest.raises(InputError, match="cannot be written"):
        publish_product(path, "COPERNICUS/S1_GRD/mine", bucket=BUCKET)
