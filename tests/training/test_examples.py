from pathlib import Path

import numpy as np
import pytest

from ee_floods.data.tfrecords import ChipDataset
from ee_floods.errors import InputError
from ee_floods.training.examples import check_bands, labelled_chips, load_examples, split_chips
from tests.synthetic_chips import write_dataset


@pytest.fixture
def dataset(tmp_path: Path) -> ChipDataset:
    return ChipDataset.open(write_dataset(tmp_path, train=4, hand=2, validation=1, size=32))


def test_chip_is_labelled_if_one_pixel_is_valid(dataset: ChipDataset) -> None:
    chips = split_chips(dataset, "train")
    assert [chip.index for chip in labelled_chips(chips, "label")] == [0, 1]
    assert len(labelled_chips(chips, "weak_s1")) == 4
    assert labelled_chips(chips, "unknown") == ()
    assert split_chips(dataset, "bolivia") == ()


def test_label_without_radar_is_invalid(dataset: ChipDataset) -> None:
    chips = split_chips(dataset, "train")
    examples = load_examples(dataset, chips, ("VH", "B8"), "weak_s1")
    raw = dataset.arrays(chips, ["VH", "weak_s1"])
    masked = np.isnan(raw["VH"])
    assert masked.any()
    assert (examples.labels[masked] == -1).all()
    np.testing.assert_array_equal(examples.labels[~masked], raw["weak_s1"][~masked])
    np.testing.assert_array_equal(examples.inputs[..., 0], raw["VH"])


def test_every_absent_band_is_named_at_once(dataset: ChipDataset) -> None:
    with pytest.raises(InputError, match="hand, slope"):
        check_bands(dataset, ("VH", "hand", "slope"))
