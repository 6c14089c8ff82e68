from pathlib import Path

import numpy as np
import pytest

from ee_floods.config.training import TrainingConfig
from ee_floods.contracts.card import ModelCard
from ee_floods.data.tfrecords import ChipDataset
from ee_floods.errors import InputError
from ee_floods.models.registry import open_predictor
from tests.synthetic_chips import write_dataset

pytestmark = pytest.mark.tf

TINY = TrainingConfig(preset="tiny", steps=4, batch_size=2, crop=32, validate_every=2)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> ChipDataset:
    return ChipDataset.open(write_dataset(tmp_path_factory.mktemp("ds"), train=5, hand=3, validation=2))


def test_teacher_is_written_with_a_card_that_tells_everything(dataset: ChipDataset, tmp_path: Path) -> None:
    from ee_floods.training.supervised import train_supervised

    steps: list[int] = []
    trained = train_supervised(
        dataset, role="teacher", config=TINY, out=tmp_path, progress=lambda step, total, v: steps.append(step)
    )
    assert steps == [1, 2, 3, 4]
    assert trained.path == tmp_path / "teacher.keras"
    card = ModelCard.read(tmp_path / "teacher.json")
    assert card == trained.card
    assert card.bands[:2] == ("VV", "VH") and "B8" in card.bands
    assert [item.band for item in card.scaling] == list(card.bands)
    assert card.training.role == "teacher"
    assert card.training.chips == {"label": 3, "validation": 2}
    assert card.training.dataset_sha256 == dataset.sha256
    assert card.training.settings["label_band"] == "label"
    assert card.simulated and card.validated_on == ()
    assert open_predictor(str(trained.path)).bands == card.bands


def test_score_on_the_card_is_that_of_the_file(dataset: ChipDataset, tmp_path: Path) -> None:
    from ee_floods.training.supervised import train_supervised

    trained = train_supervised(dataset, role="supervised", config=TINY, out=tmp_path / "s1.keras")
    predictor = open_predictor(str(trained.path))
    tp = fp = fn = 0
    for chip in dataset.manifest.split("validation"):
        bands = dataset.read(chip, ("VV", "VH", "label"))
        probability = predictor.probability(bands)
        valid = (bands["label"] >= 0) & np.isfinite(probability)
        water, truth = probability[valid] >= 0.5, bands["label"][valid] == 1
        tp, fp, fn = tp + (water & truth).sum(), fp + (water & ~truth).sum(), fn + (~water & truth).sum()
    assert trained.card.metrics["validation_iou"] == pytest.approx(tp / (tp + fp + fn))


def test_same_seed_gives_the_same_bytes(dataset: ChipDataset, tmp_path: Path) -> None:
    from ee_floods.training.supervised import train_supervised

    first, again = (
        train_supervised(dataset, role="supervised", config=TINY, out=tmp_path / name) for name in "ab"
    )
    assert first.path.read_bytes() == again.path.read_bytes()
    assert first.card == again.card


def test_another_seed_starts_from_other_weights() -> None:
    from ee_floods.training.determinism import deterministic
    from ee_floods.training.trained import build

    weights = []
    for seed in (1, 1, 2):
        with deterministic(seed):
            weights.append(build(TINY, ("VV", "VH")).get_weights()[0])
    assert np.array_equal(weights[0], weights[1]) and not np.array_equal(weights[0], weights[2])


def test_weak_labels_train_on_every_chip_and_are_chosen_on_hand_labels(
    dataset: ChipDataset, tmp_path: Path
) -> None:
    from ee_floods.training.supervised import train_supervised

    trained = train_supervised(dataset, role="weak_label", label_band="weak_s2", config=TINY, out=tmp_path)
    assert trained.card.training.chips == {"weak_s2": 5, "validation": 2}
    assert trained.card.bands == ("VV", "VH")


def test_data_without_the_bands_or_labels_stops_before_training(dataset: ChipDataset, tmp_path: Path) -> None:
    from ee_floods.training.supervised import train_supervised

    with pytest.raises(InputError, match=r"lacks the band.*hand"):
        train_supervised(
            dataset, role="teacher", config=TINY.model_copy(update={"bands": ("VH", "hand")}), out=tmp_path
        )
    bare = ChipDataset.open(write_dataset(tmp_path / "bare", train=2, hand=0, validation=0))
    with pytest.raises(InputError, match="No chip of the split 'train'"):
        train_supervised(bare, role="supervised", config=TINY, out=tmp_path)


@pytest.mark.slow
def test_it_learns_water_from_radar_better_than_otsu(tmp_path: Path) -> None:
    from skimage.filters import threshold_otsu

    from ee_floods.metrics.confusion import confusion, pooled
    from ee_floods.training.supervised import train_supervised

    dataset = ChipDataset.open(
        write_dataset(tmp_path / "ds", train=32, hand=32, validation=8, test=8, size=128)
    )
    config = TrainingConfig()
    trained = train_supervised(dataset, role="supervised", config=config, out=tmp_path)
    predictor = open_predictor(str(trained.path))
    ours, otsu = [], []
    for chip in dataset.manifest.split("test"):
        bands = dataset.read(chip, ("VV", "VH", "label"))
        label = np.where(np.isnan(bands["VH"]), -1, bands["label"])
        ours.append(confusion(predictor.probability(bands) >= 0.5, label))
        vh = bands["VH"]
        otsu.append(confusion(np.nan_to_num(vh) < threshold_otsu(vh[np.isfinite(vh)]), label))
    assert pooled(ours).iou > pooled(otsu).iou + 0.03
