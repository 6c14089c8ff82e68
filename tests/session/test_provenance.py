"""Against the local engine: simulated data is known however it is reached."""

import pytest

from ee_floods.contracts.provenance import AssetUse
from ee_floods.errors import AccessError, InputError
from ee_floods.session import provenance
from tests.conftest import STORED_ID


@pytest.fixture(autouse=True)
def _session(engine_session):
    return engine_session


def test_a_real_file_is_not_simulated():
    assert provenance(STORED_ID).assets == (AssetUse(STORED_ID, False),)


def test_the_world_is_simulated_by_id_by_image_and_by_composite():
    import ee

    collection = ee.ImageCollection("COPERNICUS/S1_GRD")
    for source in ("COPERNICUS/S1_GRD", collection, collection.median().select("VV").gt(-15)):
        found = provenance(source)
        assert found.simulated
        assert [use.id for use in found.assets] == ["COPERNICUS/S1_GRD"]


def test_one_simulated_asset_makes_the_result_simulated():
    import ee

    mixed = ee.Image(STORED_ID).addBands(ee.Image("JRC/GSW1_4/GlobalSurfaceWater"))
    found = provenance([mixed, STORED_ID])
    assert found.simulated
    assert {use.id: use.simulated for use in found.assets} == {
        STORED_ID: False,
        "JRC/GSW1_4/GlobalSurfaceWater": True,
    }


def test_an_asset_that_is_not_there_is_an_error_and_not_real():
    with pytest.raises(AccessError, match="nothing/here"):
        provenance("nothing/here")


def test_what_is_no_earth_engine_object_is_refused():
    with pytest.raises(InputError, match="received 3"):
        provenance(3)
