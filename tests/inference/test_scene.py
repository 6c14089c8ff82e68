"""From a scene to a product: classes, what is excluded, what is not assessed, and what may not be mixed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
import rasterio

from ee_floods.contracts.card import ModelCard
from ee_floods.contracts.product import Exclusion, FloodClass
from ee_floods.errors import GridMismatchError, InputError, ModelMismatchError
from ee_floods.grid import Grid
from ee_floods.inference.radar_file import read_radar
from ee_floods.inference.scene import ReferenceWater, Terrain, map_scene
from tests.inference.makers import SHARED_CHIPS, UTM, StubPredictor, provenance, radar_scene


def layer(value: float) -> np.ndarray:
    return np.full(UTM.shape, value, np.float32)


def test_without_layers_water_is_not_separated_and_the_product_says_what_is_missing() -> None:
    scene = radar_scene()
    product = map_scene(StubPredictor(), scene, reference=None, terrain=None)
    vh = scene.bands["VH"]
    expected = np.where(np.isnan(vh), 255, np.where(vh < -20, 4, 0))
    np.testing.assert_array_equal(product.flood, expected)
    assert product.properties.not_assessed[:2] == ("permanent and seasonal water", "terrain")
    assert {"urban", "dense vegetation", "frozen"} <= set(product.properties.not_assessed)
    assert product.properties.validation == "not validated for operational use"


def test_no_radar_is_no_data_with_its_bit_and_never_dry() -> None:
    predictor = StubPredictor(lambda b: np.zeros(UTM.shape, np.float32), bands=("VV", "VH"))
    product = map_scene(predictor, radar_scene(), reference=None, terrain=None)
    for row in (0, 1):  # one lacks VV, the other VH
        assert (product.flood[row] == FloodClass.NO_DATA).all()
        assert (product.water_probability[row] == 255).all()
        assert (product.exclusion[row] == Exclusion.NO_RADAR).all()
    assert (product.flood[2:] == FloodClass.DRY).all()


def test_a_model_of_vh_does_not_mind_that_vv_is_missing() -> None:
    product = map_scene(StubPredictor(), radar_scene(), reference=None, terrain=None)
    assert (product.flood[0] != 255).all() and (product.flood[1] == 255).all()


def test_reference_and_terrain_decide_class_by_class() -> None:
    occurrence = layer(0.0)
    occurrence[:, :5], occurrence[:, 5:10], occurrence[:, 10:15] = 95, 50, np.nan
    hand, slope = layer(1.0), layer(0.0)
    hand[20:25], slope[30:] = 15, 5
    product = map_scene(
        StubPredictor(), radar_scene(), reference=ReferenceWater(occurrence), terrain=Terrain(hand, slope)
    )
    row = product.flood[10]
    assert [int(row[i]) for i in (0, 7, 12, 18, 40)] == [1, 2, 4, 3, 0]
    assert (product.flood[20:25] == 254).all() and (product.flood[30:] == 254).all()
    assert (product.exclusion[20:25] == 1).all() and (product.exclusion[5:20] == 0).all()
    assert "terrain" not in product.properties.not_assessed
    assert product.properties.thresholds == {
        "vh_db": -20.0,
        "water_probability": 0.5,
        "permanent_occurrence_percent": 90.0,
        "seasonal_occurrence_percent": 30.0,
        "hand_max_m": 15.0,
        "slope_max_degrees": 5.0,
    }


def test_probability_is_kept_in_percent_under_an_exclusion() -> None:
    predictor = StubPredictor(lambda b: np.full(UTM.shape, 0.426, np.float32), threshold=0.42)
    product = map_scene(predictor, radar_scene(), reference=None, terrain=Terrain(layer(99)))
    assert (product.water_probability[2:] == 43).all() and (product.flood[2:] == 254).all()
    assert "slope" in product.properties.not_assessed


def test_further_exclusions_are_assessed_and_all_bits_together_are_not_255() -> None:
    masks = {
        flag: np.ones(UTM.shape, bool)
        for flag in Exclusion
        if flag not in (Exclusion.NO_RADAR, Exclusion.STEEP_OR_HIGH)
    }
    product = map_scene(
        StubPredictor(), radar_scene(), reference=None, terrain=Terrain(layer(99), layer(9)), exclusions=masks
    )
    assert product.properties.not_assessed == ("permanent and seasonal water",)
    assert (product.exclusion[2:] == 255 - Exclusion.NO_RADAR).all()
    assert (product.exclusion[1] == 255 - 2 - 128).all()  # without radar its two own bits say nothing
    with pytest.raises(InputError, match="derived here"):
        map_scene(
            StubPredictor(), radar_scene(), reference=None, terrain=None,
            exclusions={Exclusion.NO_RADAR: np.ones(UTM.shape, bool)},
        )  # fmt: skip


@pytest.mark.parametrize("kind", ["reference", "terrain"])
def test_real_radar_is_never_combined_with_a_simulated_layer(kind: str) -> None:
    simulated = provenance(simulated=True, name="JRC/GSW1_4/GlobalSurfaceWater")
    reference = ReferenceWater(layer(0), provenance=simulated) if kind == "reference" else None
    terrain = Terrain(layer(0), provenance=simulated) if kind == "terrain" else None
    with pytest.raises(InputError, match=f"`{kind}` is simulated, but the radar of scene is real"):
        map_scene(StubPredictor(), radar_scene(), reference=reference, terrain=terrain)
    product = map_scene(StubPredictor(), radar_scene(simulated=True), reference=reference, terrain=terrain)
    assert product.properties.simulated and product.properties.event == "SIMULATED scene"
    assert len(product.properties.sources.assets) == 2


def test_properties_carry_time_scenes_and_card() -> None:
    scene = replace(
        radar_scene(),
        observed_at=datetime(2022, 8, 30, 1, 12, tzinfo=UTC),
        scene_ids=("S1A_X",),
        notes=("n",),
    )
    card = ModelCard.model_construct(
        model_sha256="ab", scale_m=10.0, calibrated_on=("c",), validated_on=("v",), threshold=0.5
    )
    product = map_scene(StubPredictor(card=card), scene, reference=None, terrain=None, event="Jamuna")
    said = product.properties
    assert (said.event, said.observed_at, said.scene_ids) == (
        "Jamuna",
        "2022-08-30T01:12:00+00:00",
        ("S1A_X",),
    )
    assert (said.model_sha256, said.runtime, said.calibrated_on) == ("ab", "keras", ("c",))
    assert said.validation == "validated on v" and said.notes == ("n",)


def test_a_model_of_another_scale_and_a_layer_of_another_shape_are_refused() -> None:
    card = ModelCard.model_construct(model_sha256="", scale_m=30.0, calibrated_on=(), validated_on=())
    with pytest.raises(ModelMismatchError, match="30 m; these pixels are 10 x 10 m"):
        map_scene(StubPredictor(card=card), radar_scene(), reference=None, terrain=None)
    with pytest.raises(GridMismatchError, match="occurrence"):
        map_scene(
            StubPredictor(),
            radar_scene(),
            reference=ReferenceWater(np.zeros((2, 2), np.float32)),
            terrain=None,
        )


def test_scale_of_a_grid_in_degrees_is_measured_in_metres() -> None:
    step = 8.983152841195215e-05  # a Sen1Floods11 chip in Spain: 7.9 x 10 m
    grid = Grid("EPSG:4326", (step, 0, -0.78, 0, -step, 38.12), (8, 8))
    card = ModelCard.model_construct(model_sha256="", scale_m=10.0, calibrated_on=(), validated_on=())
    assert map_scene(StubPredictor(card=card), radar_scene(grid), reference=None, terrain=None)


@pytest.mark.skipif(not SHARED_CHIPS.is_dir(), reason="the shared Sen1Floods11 chips are not here")
def test_a_real_chip_is_mapped_with_what_it_has() -> None:
    scene = read_radar(SHARED_CHIPS / "Spain_7370579_S1Hand.tif")
    predictor = StubPredictor(lambda b: (b["VH"] < -23.6).astype(np.float32))
    product = map_scene(predictor, scene, reference=None, terrain=None)
    # tp + fp of this rule on this chip in published_vh_baselines.csv, and the pixels whose label is invalid.
    with rasterio.open(SHARED_CHIPS.parent / "LabelHand" / "Spain_7370579_LabelHand.tif") as dataset:
        labelled = dataset.read(1) >= 0
    assert int(((product.flood == 4) & labelled).sum()) == 42_251 + 9_338
    assert not product.properties.simulated
    assert product.properties.provenance["files"] == ["Spain_7370579_S1Hand.tif"]
