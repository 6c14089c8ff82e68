import zipfile
from pathlib import Path

import pytest

from ee_floods.errors import CorruptFileError, InputError

pytestmark = pytest.mark.tf


def test_file_holds_no_date(tmp_path: Path) -> None:
    from ee_floods.models.deeplab.segmenter import DeepLabV3Plus
    from ee_floods.models.keras_file import save_model

    save_model(DeepLabV3Plus(("VH",), "tiny"), tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as file:
        assert {entry.date_time[0] for entry in file.infolist()} == {1980}
        assert b"date" not in file.read("metadata.json")
    assert [path.name for path in tmp_path.iterdir()] == ["m.keras"]


def test_optimiser_does_not_travel_along(tmp_path: Path) -> None:
    from ee_floods.models.deeplab.segmenter import DeepLabV3Plus
    from ee_floods.models.keras_file import save_model

    model = DeepLabV3Plus(("VH",), "tiny")
    bare = save_model(model, tmp_path / "m.keras")
    model.compile(optimizer="adam", loss="mse")
    assert save_model(model, tmp_path / "m.keras") == bare


def test_what_is_no_model_is_said_to_be_corrupt(tmp_path: Path) -> None:
    from ee_floods.models.keras_file import load_model

    (tmp_path / "m.keras").write_bytes(b"not a zip")
    with pytest.raises(CorruptFileError, match=r"m\.keras"):
        load_model(tmp_path / "m.keras")
    with pytest.raises(InputError, match=r"no model file"):
        load_model(tmp_path / "absent.keras")


def test_code_inside_a_file_is_not_run(tmp_path: Path) -> None:
    from ee_floods.models.keras_backend import keras
    from ee_floods.models.keras_file import load_model

    model = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x + 1)])
    model.save(tmp_path / "m.keras")
    with pytest.raises(CorruptFileError, match=r"[Ll]ambda"):
        load_model(tmp_path / "m.keras")
