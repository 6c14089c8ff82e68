import pytest

from ee_floods.errors import InputError
from ee_floods.service import assets
from tests.conftest import STORED_ID


@pytest.fixture
def folder(engine_session, request):
    return f"projects/local/assets/assets-tests/{request.node.name}"


def test_folders_are_made_up_to_the_asset_and_may_be_there(folder):
    assets.create_folders(f"{folder}/a/b/leaf")
    assets.create_folders(f"{folder}/a/b/other")
    assert assets.get(f"{folder}/a/b")["type"] == "FOLDER"
    assert assets.get(f"{folder}/a/b/leaf") is None


def test_what_is_removed_is_gone_and_removing_it_again_is_no_error(folder):
    assets.create_folders(f"{folder}/leaf")
    assets.delete(folder)
    assert assets.get(folder) is None
    assets.delete(folder)


def test_nothing_goes_below_an_image(engine_session):
    with pytest.raises(InputError, match="IMAGE"):
        assets.create_folders(f"{STORED_ID}/below")


def test_an_asset_that_is_not_there_has_no_properties(engine_session):
    assert assets.properties("projects/local/assets/nothing") == {}


@pytest.mark.parametrize(
    "asset_id", ["COPERNICUS/S1_GRD", "projects/p/assets", "projects/p/x/y", "users/me/x"]
)
def test_only_project_assets_can_be_written(asset_id):
    with pytest.raises(InputError, match="cannot be written"):
        assets.parse_asset_id(asset_id)


def test_an_id_falls_into_project_and_parts():
    assert assets.parse_asset_id("projects/p/assets/a/b") == ("p", ("a", "b"))
