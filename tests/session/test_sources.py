import pytest

from ee_floods.errors import InputError
from ee_floods.session.sources import loaded_assets


def call(name, **arguments):
    return {"functionInvocationValue": {"functionName": name, "arguments": arguments}}


def expression(*nodes):
    return {"result": "0", "values": {str(i): node for i, node in enumerate(nodes)}}


def test_every_loader_is_found_wherever_it_stands():
    tree = expression(
        call(
            "Image.add",
            image1={"valueReference": "1"},
            image2=call("Image.load", id={"constantValue": "A/x"}),
        ),
        call("Collection.first", collection=call("ImageCollection.load", id={"valueReference": "2"})),
        {"constantValue": "COPERNICUS/S1_GRD"},
        call("Collection.loadTable", tableId={"constantValue": "T/t"}),
        {"functionDefinitionValue": {"argumentNames": ["_MAPPING_VAR_0_0"], "body": "5"}},
        {"dictionaryValue": {"values": {"a": call("Image.load", id={"constantValue": "B/y"})}}},
        {"arrayValue": {"values": [call("Image.load", id={"constantValue": "C/z"})]}},
    )
    assert loaded_assets(tree) == ("A/x", "B/y", "C/z", "COPERNICUS/S1_GRD", "T/t")


def test_public_assets_have_one_name():
    tree = expression(
        call("Image.load", id={"constantValue": "projects/earthengine-public/assets/JRC/GSW1_4/X"}),
        call("Image.load", id={"constantValue": "JRC/GSW1_4/X"}),
    )
    assert loaded_assets(tree) == ("JRC/GSW1_4/X",)


def test_a_computed_id_is_refused_because_nobody_knows_what_it_loads():
    tree = expression(call("Image.load", id=call("Element.get", property={"constantValue": "id"})))
    with pytest.raises(InputError, match=r"computes the asset that Image\.load loads"):
        loaded_assets(tree)


def test_a_file_that_is_no_asset_is_refused():
    tree = expression(call("Image.loadGeoTIFF", uri={"constantValue": "gs://b/x.tif"}))
    with pytest.raises(InputError, match="loadGeoTIFF"):
        loaded_assets(tree)


def test_an_image_of_constants_rests_on_nothing():
    assert loaded_assets(expression(call("Image.constant", value={"constantValue": 1}))) == ()
