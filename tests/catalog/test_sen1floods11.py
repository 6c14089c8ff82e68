from __future__ import annotations

from pathlib import Path

import pytest

from ee_floods.catalog.sen1floods11 import open_index
from ee_floods.errors import InputError
from tests.chips import write_chip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("Spain_1", "Spain_2", "Sri-Lanka_7"):
        write_chip(tmp_path, name)
    (tmp_path / "splits").mkdir()
    (tmp_path / "splits" / "flood_test_data.csv").write_text(
        "Spain_2_S1Hand.tif,Spain_2_LabelHand.tif\nGhana_9_S1Hand.tif,Ghana_9_LabelHand.tif\n"
    )
    return tmp_path


def test_chips_events_and_splits(folder: Path) -> None:
    index = open_index(folder)
    assert [(c.chip, c.event, c.split) for c in index.chips] == [
        ("Spain_1", "Spain", None),
        ("Spain_2", "Spain", "test"),
        ("Sri-Lanka_7", "Sri-Lanka", None),
    ]
    assert [c.chip for c in index.select(split="test")] == ["Spain_2"]
    assert index.splits["test"] == ("Spain_2", "Ghana_9")


def test_a_folder_without_radar_names_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "S2Hand").mkdir()
    with pytest.raises(InputError, match="no folder S1Hand; it holds S2Hand"):
        open_index(tmp_path)


def test_a_folder_that_is_absent_or_empty_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no folder"):
        open_index(tmp_path / "nowhere")
    (tmp_path / "S1Hand").mkdir()
    with pytest.raises(InputError, match=r"no file \*_S1Hand\.tif"):
        open_index(tmp_path)


def test_an_unknown_chip_has_the_nearest_suggested(folder: Path) -> None:
    with pytest.raises(InputError, match="Spain_3") as caught:
        open_index(folder).select(chips=["Spain_3"])
    assert "Spain_" in caught.value.remedy


def test_a_split_that_is_unknown_or_has_no_file_is_named(folder: Path) -> None:
    with pytest.raises(InputError, match="'tests' is unknown") as caught:
        open_index(folder).select(split="tests")
    assert "'test'" in caught.value.remedy
    with pytest.raises(InputError, match=r"flood_train_data\.csv"):
        open_index(folder).select(split="train")


def test_a_bad_split_file_names_its_line(folder: Path) -> None:
    (folder / "splits" / "flood_valid_data.csv").write_text("Spain_1_S1Hand.tif,x\nnonsense,y\n")
    with pytest.raises(InputError, match=r"flood_valid_data\.csv:2: .*'nonsense'"):
        open_index(folder)
