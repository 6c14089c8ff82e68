from pathlib import Path

import numpy as np
import pytest

from ee_floods.errors import CorruptFileError, FormatVersionError, InputError, ModelMismatchError
from ee_floods.models.registry import open_predictor
from tests.trained import write_model

pytestmark = pytest.mark.tf


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def predictor(path: Path):
    return open_predictor(f"file:{path}")


def radar(height: int, width: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {band: rng.uniform(-25, -5, (height, width)).astype(np.float32) for band in ("VV", "VH")}


def test_predictor_says_what_it_is(predictor, path: Path) -> None:
    assert predictor.name == f"file:{path.name}"  # a folder of this machine says nothing elsewhere
    assert (predictor.bands, predictor.threshold, predictor.window) == (("VV", "VH"), 0.5, 512)
    assert predictor.card.simulated
    assert predictor.fitted(radar(8, 8)) == {}


def test_probability_is_the_sigmoid_of_the_logits(predictor) -> None:
    bands = radar(40, 33)
    found = predictor.probability(bands)
    logits = np.asarray(predictor.model(np.stack([bands["VV"], bands["VH"]], -1)[None]))[0, ..., 0]
    assert (found.shape, found.dtype) == ((40, 33), np.float32)
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-logits.astype(np.float64))), atol=1e-6)


def test_pixel_is_nan_where_any_radar_band_is(predictor) -> None:
    bands = radar(32, 32)
    bands["VV"][3:5] = np.nan
    bands["VH"][:, 7] = np.nan
    expected = np.isnan(bands["VV"]) | np.isnan(bands["VH"])
    np.testing.assert_array_equal(np.isnan(predictor.probability(bands)), expected)


def test_masked_optical_bands_leave_an_answer(tmp_path: Path) -> None:
    model = open_predictor(str(write_model(tmp_path, ("VV", "VH", "B8"))))
    bands = {**radar(16, 16), "B8": np.full((16, 16), np.nan, np.float32)}
    assert np.isfinite(model.probability(bands)).all()


def test_bands_go_in_by_name_not_by_order(predictor) -> None:
    bands = radar(16, 16)
    swapped = {"VH": bands["VH"], "hand": bands["VV"] * 0, "VV": bands["VV"]}
    np.testing.assert_array_equal(predictor.probability(bands), predictor.probability(swapped))


def test_absent_band_and_unequal_shapes_are_named(predictor) -> None:
    bands = radar(16, 16)
    with pytest.raises(ModelMismatchError, match=r"needs the band\(s\) VH"):
        predictor.probability({"VV": bands["VV"]})
    with pytest.raises(ModelMismatchError, match=r"one shape.*\(16, 16\).*\(15, 16\)"):
        predictor.probability({"VV": bands["VV"], "VH": bands["VH"][1:]})


def test_more_sizes_than_tensorflow_traces_one_by_one(predictor) -> None:
    for size in range(16, 26):
        assert predictor.probability(radar(size, size + 1)).shape == (size, size + 1)


def test_missing_file_and_missing_card(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no model file"):
        open_predictor(str(tmp_path / "absent.keras"))
    path = write_model(tmp_path)
    path.with_suffix(".json").unlink()
    with pytest.raises(InputError, match=r"model\.json is not beside"):
        open_predictor(str(path))


def test_cut_file_does_not_match_its_card(tmp_path: Path) -> None:
    path = write_model(tmp_path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CorruptFileError, match="SHA-256"):
        open_predictor(str(path))


def test_card_of_another_major_version(tmp_path: Path) -> None:
    path = write_model(tmp_path)
    card = path.with_suffix(".json")
    card.write_text(card.read_text().replace("ee-floods/card/1.0", "ee-floods/card/9.0"))
    with pytest.raises(FormatVersionError, match="Upgrade"):
        open_predictor(str(path))


def test_card_that_names_other_bands_than_the_network_takes(tmp_path: Path) -> None:
    path = write_model(tmp_path)
    card = path.with_suffix(".json")
    card.write_text(card.read_text().replace('"VV",\n    "VH"', '"VV"', 1))
    with pytest.raises(ModelMismatchError, match="takes 2 bands, but its card names 1"):
        open_predictor(str(path))


def test_sigmoid_of_huge_logits() -> None:
    from ee_floods.models.keras_model import sigmoid

    np.testing.assert_array_equal(sigmoid(np.array([-1e5, 0, 1e5])), [0, 0.5, 1])
