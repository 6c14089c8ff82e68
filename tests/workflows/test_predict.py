"""Files to products: what stands in them where layers are missing, and folders with a bad file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from rio_cogeo.cogeo import cog_validate

from ee_floods.contracts.product import FloodClass
from ee_floods.errors import IncompleteError, InputError
from ee_floods.inference.product_file import read_product
from ee_floods.models.registry import open_predictor
from ee_floods.workflows.predict import Layers, predict_file, predict_folder
from tests.chips import write_chip, write_layer

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "sen1floods11"
OTSU = open_predictor("baseline:otsu")


def test_without_reference_water_is_not_separated(tmp_path: Path) -> None:
    _, label = write_chip(tmp_path)
    source, output = tmp_path / "S1Hand" / "Spain_1_S1Hand.tif", tmp_path / "flood.tif"
    raster = predict_file(OTSU, source, output)
    assert set(np.unique(raster.flood)) == {FloodClass.DRY, FloodClass.WATER_NOT_SEPARATED}
    water = raster.flood == FloodClass.WATER_NOT_SEPARATED
    assert (water == (label == 1))[4:].mean() > 0.999
    assert "permanent and seasonal water" in raster.properties.not_assessed
    assert "terrain" in raster.properties.not_assessed


def test_layers_from_files_separate_flood_from_permanent_water(tmp_path: Path) -> None:
    write_chip(tmp_path)
    occurrence = np.where(np.arange(512)[None, :] < 190, 95, 0) * np.ones((512, 1))
    layer = write_layer(tmp_path, "Occurrence", "Spain_1", occurrence[None].astype(np.uint8))
    hand = write_layer(tmp_path, "Hand", "Spain_1", np.zeros((1, 512, 512), np.float32))
    raster = predict_file(
        OTSU,
        tmp_path / "S1Hand" / "Spain_1_S1Hand.tif",
        tmp_path / "flood.tif",
        layers=Layers(occurrence=layer, hand=hand),
    )
    assert (raster.flood[200, 130:188] == FloodClass.PERMANENT_WATER).all()
    assert (raster.flood[200, 192:250] == FloodClass.FLOOD).all()
    assert "permanent and seasonal water" not in raster.properties.not_assessed


def test_a_folder_maps_what_it_can_and_says_what_it_could_not(tmp_path: Path) -> None:
    write_chip(tmp_path, "Spain_1")
    write_layer(tmp_path, "S1Hand", "Broken_1", np.zeros((1, 64, 64), np.float32))
    with pytest.raises(IncompleteError, match=r"1 of 2 files are mapped.*Broken_1") as caught:
        predict_folder(OTSU, tmp_path / "S1Hand", tmp_path / "out")
    assert caught.value.exit_code == 3
    assert read_product(tmp_path / "out" / "Spain_1_S1Hand_flood.tif").grid.shape == (512, 512)


def test_the_input_is_never_overwritten(tmp_path: Path) -> None:
    write_chip(tmp_path)
    source = tmp_path / "S1Hand" / "Spain_1_S1Hand.tif"
    with pytest.raises(InputError, match="is the input"):
        predict_file(OTSU, source, source)


def test_radar_of_nan_alone_is_refused(tmp_path: Path) -> None:
    path = write_layer(tmp_path, "S1Hand", "Blind_1", np.full((2, 64, 64), np.nan, np.float32), nodata=np.nan)
    with pytest.raises(InputError, match="Blind_1"):
        predict_file(OTSU, path, tmp_path / "out.tif")


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared Sen1Floods11 chips are not here")
def test_the_real_spanish_radar_becomes_a_valid_cog(tmp_path: Path) -> None:
    output = tmp_path / "flood.tif"
    predict_file(OTSU, SHARED / "S1Hand" / "Spain_7370579_S1Hand.tif", output)
    valid, errors, warnings = cog_validate(str(output), strict=True)
    assert valid, (errors, warnings)
    with rasterio.open(output) as product:
        flood = product.read(1)
    # The published Otsu threshold of this chip, on the radar itself.
    with rasterio.open(SHARED / "S1Hand" / "Spain_7370579_S1Hand.tif") as radar:
        dark = radar.read(2) < -21.81669807434082
    np.testing.assert_array_equal(flood == FloodClass.WATER_NOT_SEPARATED, dark)
