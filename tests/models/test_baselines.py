from __future__ import annotations

import numpy as np
import pytest
from skimage.filters import threshold_otsu

from ee_floods.errors import ConfigError, ModelMismatchError
from ee_floods.models.baselines import OtsuBaseline, ThresholdBaseline
from ee_floods.models.registry import open_predictor


def _scene() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    vh = rng.normal(-14, 1.5, (40, 40)).astype(np.float32)
    vh[:15] -= 11
    vh[30:, 30:] = np.nan
    return {"VH": vh}


def test_otsu_is_scikit_images_on_what_was_observed() -> None:
    scene = _scene()
    threshold = threshold_otsu(scene["VH"][np.isfinite(scene["VH"])])
    found = OtsuBaseline().probability(scene)
    np.testing.assert_array_equal(found == 1, scene["VH"] < threshold)
    assert OtsuBaseline().fitted(scene)["vh_db"] == pytest.approx(threshold)


@pytest.mark.parametrize("model", [OtsuBaseline(), ThresholdBaseline()])
def test_what_was_not_observed_is_nan_and_never_dry(model: OtsuBaseline | ThresholdBaseline) -> None:
    scene = _scene()
    np.testing.assert_array_equal(np.isnan(model.probability(scene)), np.isnan(scene["VH"]))
    assert model.probability(scene).dtype == np.float32


def test_an_image_of_nan_alone_has_no_threshold() -> None:
    blind = {"VH": np.full((4, 4), np.nan, np.float32)}
    assert OtsuBaseline().fitted(blind) == {}
    assert np.isnan(OtsuBaseline().probability(blind)).all()


def test_names_and_their_thresholds() -> None:
    named = open_predictor("baseline:vh-threshold=-22.5")
    assert named.fitted({}) == {"vh_db": -22.5}
    assert named.name == "baseline:vh-threshold=-22.5"
    assert open_predictor("baseline:vh-threshold").fitted({}) == {"vh_db": -23.6}
    assert open_predictor("baseline:otsu").bands == ("VH",)


@pytest.mark.parametrize("name", ["baseline:ostu", "otsu", "baseline:otsu=3", "builtin:student"])
def test_an_unknown_name_is_answered_with_the_nearest(name: str) -> None:
    with pytest.raises(ModelMismatchError, match="is unknown") as caught:
        open_predictor(name)
    assert "baseline:" in caught.value.remedy


def test_a_threshold_that_is_no_number_is_refused() -> None:
    with pytest.raises(ConfigError, match="'dark' is not a number"):
        open_predictor("baseline:vh-threshold=dark")
